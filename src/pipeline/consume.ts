/** The queue consumers: parse, handle, settle once, one line in the log. */
import { inParallel } from "../lib/parallel.ts"
import type { Log } from "../ports.ts"
import type { QueueName } from "../source/ports.ts"
import { runFetch, type Spare } from "./fetch.ts"
import { runForward } from "./forward.ts"
import { wakeUp } from "./messages.ts"
import type { PipelinePorts } from "./ports.ts"

/**
 * Requests that one invocation may have under way: six connections may wait for headers, and of any further one the time limit runs while
 * it waits for a connection. A reader has one request under way, a source that is forwarded five.
 */
export const READERS_AT_ONCE = 6
/** Sources of one batch that are worked on at once. */
export const SOURCES_AT_ONCE: Record<QueueName, number> = { fetch: 5, backfill: 5, forward: 1 }

type LogFields = Parameters<Log>[1]
type Handler = (ports: PipelinePorts, source: string, spare: Spare) => Promise<LogFields>

const HANDLERS: Record<QueueName, Handler> = {
  fetch: async (ports, source, spare) => ({ ...(await runFetch(ports, source, "live", spare)) }),
  backfill: async (ports, source, spare) => ({ ...(await runFetch(ports, source, "backfill", spare)) }),
  forward: async (ports, source) => ({ ...(await runForward(ports, source)) }),
}

/** As much of a queue's message as is used. */
export interface QueueMessage {
  readonly body: unknown
  ack(): void
}

/**
 * Never rejects. Every message is acknowledged whatever happens to it: the truth is in the Durable Object, which keeps a deadline
 * for each wake-up and sends another one. A queue's retry would only add a second, blinder clock to that one.
 */
export async function consume(
  messages: readonly QueueMessage[],
  queue: QueueName,
  ports: PipelinePorts,
): Promise<void> {
  const sources = bySource(messages)
  const waiting = sources.entries()
  const spare = { readers: Math.max(0, READERS_AT_ONCE - sources.size) }
  await inParallel(
    SOURCES_AT_ONCE[queue],
    () => waiting.next().value,
    async ([source, mine]) => {
      ports.log("wake_up", {
        lane: queue,
        source,
        messages: mine.length,
        ...(await handle(ports, queue, source, spare)),
      })
      for (const message of mine) message.ack()
    },
  )
}

/** Several wake-ups of one source are one. What is no wake-up comes under null: it is acknowledged, and seen in the log. */
function bySource(messages: readonly QueueMessage[]): Map<string | null, QueueMessage[]> {
  const sources = new Map<string | null, QueueMessage[]>()
  for (const message of messages) {
    const source = wakeUp.safeParse(message.body).data?.source ?? null
    const mine = sources.get(source)
    if (mine) mine.push(message)
    else sources.set(source, [message])
  }
  return sources
}

/** One source's failure stays its own. The message of an error may hold anything, so its class is all that is logged. */
async function handle(ports: PipelinePorts, queue: QueueName, source: string | null, spare: Spare): Promise<LogFields> {
  if (source === null) return { end: "unreadable" }
  const startedAt = ports.clock.now()
  try {
    return { ...(await HANDLERS[queue](ports, source, spare)), ms: ports.clock.now() - startedAt }
  } catch (error) {
    return { end: "failed", error: error instanceof Error ? error.name : typeof error }
  }
}
