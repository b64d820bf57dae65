import type {
  Checkpoint,
  CheckpointAnswer,
  LeaseAnswer,
  Outcome,
  Settlement,
  Task,
} from "../../../src/source/protocol/fetching.ts"
import type { ClaimAnswer, ForwardTask, Report, ReportAnswer } from "../../../src/source/protocol/forwarding.ts"
import type { SourceWork } from "../../../src/source/protocol/source.ts"

type Replies<Ask, Answer> = ((ask: Ask) => Answer | Promise<Answer>)[]

/** What the source answers, in order; the last reply of a list is repeated. A reply that throws is a lost answer. */
export interface Script {
  lease: Replies<{ nonce: string; lane: string }, LeaseAnswer>
  checkpoint: Replies<Checkpoint, CheckpointAnswer>
  settle: Replies<Settlement, void>
  credential: Replies<number, Task["credential"] | null>
  claim: Replies<{ nonce: string }, ClaimAnswer>
  report: Replies<Report, ReportAnswer>
}

export interface FakeSource extends SourceWork {
  leases: { nonce: string; lane: string }[]
  checkpoints: Checkpoint[]
  settlements: Settlement[]
  refusedVersions: number[]
  claims: { nonce: string }[]
  reports: Report[]
}

/** A source's Durable Object that answers by script and keeps what it was asked. */
export function fakeSource(script: Partial<Script>): FakeSource {
  const replies: Script = {
    lease: [() => ({ kind: "idle" })],
    checkpoint: [() => ({ kind: "stop", reason: "read whole" })],
    settle: [() => undefined],
    credential: [() => null],
    claim: [() => ({ kind: "idle" })],
    report: [() => ({ kind: "stop", reason: "done" })],
    ...script,
  }
  const asked = { leases: [], checkpoints: [], settlements: [], refusedVersions: [], claims: [], reports: [] }
  const source: FakeSource = {
    ...asked,
    lease: async (ask) => reply(source.leases, replies.lease, ask),
    checkpoint: async (ask) => reply(source.checkpoints, replies.checkpoint, ask),
    settle: async (ask) => reply(source.settlements, replies.settle, ask),
    credential: async ({ failedVersion }) => reply(source.refusedVersions, replies.credential, failedVersion),
    claim: async (ask) => reply(source.claims, replies.claim, ask),
    report: async (ask) => reply(source.reports, replies.report, ask),
  }
  return source
}

function reply<Ask, Answer>(asked: Ask[], replies: Replies<Ask, Answer>, ask: Ask): Answer | Promise<Answer> {
  asked.push(ask)
  const answer = replies[Math.min(asked.length, replies.length) - 1]
  if (!answer) throw new Error("the script has no answer")
  return answer(ask)
}

/** A reply whose answer never arrives, as when the Durable Object is restarted. */
export function lost(): never {
  throw new Error("Durable Object reset because its code was updated.")
}

export function granted(task: Task): () => LeaseAnswer {
  return () => ({ kind: "given", task })
}

export function claimed(claim: ForwardTask): () => ClaimAnswer {
  return () => ({ kind: "given", claim })
}

export function outcomesOf(source: FakeSource): Outcome[] {
  return source.settlements.map(({ outcome }) => outcome)
}
