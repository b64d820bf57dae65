import type { SSEStreamingApi } from "hono/streaming"
import type { PublicSource } from "../../api/views.ts"
import { Problem } from "../../errors.ts"
import type { ApiPorts } from "../../worker/platform.ts"

/** While something is being read or delivered, every two seconds; a look is one cheap call. */
const LOOK_EVERY_MS = 2_000
/** With nothing under way, twenty seconds: also the longest silence on the line. */
const LOOK_IDLE_MS = 20_000
/** A watcher who is still there comes again; one who is not must not be served for ever. */
const WATCH_MAX_MS = 5 * 60 * 1000
/** Milliseconds after which a browser asks again when the stream has ended. */
const RETRY_MS = 3_000

/** Open streams of one caller in one isolate: as many as a person has windows. How often they are opened is limited beside it. */
export const STREAMS_OPEN_MAX = 10

const open = new Map<string, number>()

/** Takes one of the caller's places; answers how to give it back. */
export function takeStream(caller: string): () => void {
  const others = open.get(caller) ?? 0
  if (others >= STREAMS_OPEN_MAX) {
    const detail = `You are following ${others} sources already. Close one of them first.`
    throw new Problem("rate_limited", { detail, retryAfterSeconds: LOOK_IDLE_MS / 1000 })
  }
  open.set(caller, others + 1)
  let isOpen = true
  return () => {
    if (!isOpen) return
    isOpen = false
    const left = (open.get(caller) ?? 1) - 1
    if (left > 0) open.set(caller, left)
    else open.delete(caller)
  }
}

/** Writes an event when what `look` returns has changed, else a comment that keeps the line open. Ends when the source has gone. */
export async function followSource(
  { clock }: Pick<ApiPorts, "clock">,
  stream: SSEStreamingApi,
  look: () => Promise<PublicSource>,
): Promise<void> {
  const until = clock.now() + WATCH_MAX_MS
  for (let last = ""; !stream.aborted && clock.now() < until; ) {
    const source = await look().catch(() => null)
    if (!source) return
    const data = JSON.stringify(source)
    if (data === last) await stream.write(": still here\n\n")
    else await stream.writeSSE({ event: "source", data, retry: RETRY_MS })
    last = data
    await clock.sleep(isBusy(source) ? LOOK_EVERY_MS : LOOK_IDLE_MS)
  }
}

function isBusy({ live }: PublicSource): boolean {
  return live !== null && (live.current.length > 0 || live.delivery.waiting > 0)
}
