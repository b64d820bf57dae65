/**
 * The forward consumer: claims rows of the outbox and has them posted, claim after claim, while there is work and time. All that
 * matters is in the Durable Object: rows that are claimed and not reported are handed out again.
 */
import { intempt } from "../destinations/intempt.ts"
import { PROTOCOL } from "../source/protocol/source.ts"
import { type Counts, type Forwarder, openClaim, workClaim } from "./claim.ts"
import type { PipelinePorts } from "./ports.ts"
import { callSource } from "./rpc.ts"

/** How long one wake-up goes on claiming. */
export const FORWARD_BUDGET_MS = 60_000
/** Claims of one wake-up: time ends it first, unless claims are handed out that take none. */
export const CLAIMS_MAX = 1000

/** What one wake-up came to; becomes its line in the log. */
export interface ForwardRun extends Counts {
  /** Why it ended: the source's answer to the last claim, what ended the last claim, or `budget`. */
  end: string
}

export async function runForward(ports: PipelinePorts, source: string, destination = intempt): Promise<ForwardRun> {
  const counts = { claims: 0, posts: 0, items: 0, delivered: 0 }
  const deadline = ports.clock.now() + FORWARD_BUDGET_MS
  const end = await forwardClaims({ ports, destination, source: () => ports.source(source), deadline, counts })
  return { end, ...counts }
}

async function forwardClaims(consumer: Forwarder): Promise<string> {
  while (consumer.counts.claims < CLAIMS_MAX && consumer.ports.clock.now() < consumer.deadline) {
    const nonce = consumer.ports.random.id("claim")
    const told = await callSource(consumer.ports, "claim", () => consumer.source().claim({ nonce, protocol: PROTOCOL }))
    if (told === null) return "lost"
    if (told.answer.kind !== "given") return told.answer.kind
    consumer.counts.claims++
    const end = await workClaim(consumer, openClaim(consumer, told.answer.claim))
    if (end !== "done") return end
  }
  return "budget"
}
