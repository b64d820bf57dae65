/** Calls of the source's Durable Object in the design's words, for the story of a failing seed. */
import type { Window } from "../../src/connectors/kit/define.ts"
import type { Configuration } from "../../src/source/protocol/configuration.ts"
import type {
  Checkpoint,
  CheckpointAnswer,
  LeaseAnswer,
  LeaseAsk,
  Settlement,
} from "../../src/source/protocol/fetching.ts"
import type { ClaimAnswer, Report, ReportAnswer } from "../../src/source/protocol/forwarding.ts"
import type { Method } from "./object.ts"

const LONGEST = 300

export function told(method: Method, args: readonly unknown[], result: unknown): string {
  const tell = TOLD[method]
  const text = tell ? tell(args[0], result) : `${method} ${JSON.stringify(args)} -> ${JSON.stringify(result)}`
  return text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text
}

const TOLD: Partial<Record<Method, (ask: unknown, answer: unknown) => string>> = {
  lease: (ask, answer) => lease(ask as LeaseAsk, answer as LeaseAnswer),
  checkpoint: (ask, answer) => checkpoint(ask as Checkpoint, answer as CheckpointAnswer),
  settle: (ask) => settle(ask as Settlement),
  claim: (_ask, answer) => claim(answer as ClaimAnswer),
  report: (ask, answer) => report(ask as Report, answer as ReportAnswer),
  configure: (ask) => `configured with version ${(ask as Configuration).version}`,
  erase: () => "erased",
}

function lease({ lane, protocol }: LeaseAsk, answer: LeaseAnswer): string {
  const asked = `asks for a lease of ${lane} (protocol ${protocol})`
  if (answer.kind === "later") return `${asked}: later, ${answer.reason}`
  if (answer.kind !== "given") return `${asked}: ${answer.kind}`
  const { lease: given, window, pageToken, page } = answer.task
  return `${asked}: lease ${given.number} of ${given.slice}, window ${span(window)}, page ${page}, token ${pageToken}`
}

function span({ from, to }: Window): string {
  return `[${from === null ? "…" : seconds(from)}, ${to === null ? "…" : seconds(to)})`
}

function checkpoint(page: Checkpoint, answer: CheckpointAnswer): string {
  const { lease: held, records, items, next, asked } = page
  const keys = items.map(({ collection, key, version }) => `${collection}/${key}@${version}`).join(", ")
  const became = answer.kind === "stop" ? `stop, ${answer.reason}` : answer.kind
  const what = `page ${page.page} of ${held.slice} under lease ${held.number}, asked for at ${seconds(asked)}`
  return `checkpoint of ${what}: ${became}; ${records} records, next ${next}, items ${keys}`
}

function settle({ lease: held, outcome }: Settlement): string {
  const reason = "reason" in outcome ? ` (${outcome.reason})` : ""
  return `lets go of lease ${held.number} of ${held.slice}: ${outcome.kind}${reason}`
}

function claim(answer: ClaimAnswer): string {
  if (answer.kind === "later") return `asks for a claim: later, ${answer.reason}`
  if (answer.kind !== "given") return `asks for a claim: ${answer.kind}`
  const { number, rows } = answer.claim
  return `claim ${number} of the outbox rows ${rows.map(({ id, items }) => `${id} (${items})`).join(", ")}`
}

function report({ number, results, done }: Report, answer: ReportAnswer): string {
  const outcomes = results.map(({ rows, outcome, status }) => `rows ${rows.join(", ")} ${outcome} (${status})`)
  const became = answer.kind === "stop" ? `stop, ${answer.reason}` : answer.kind
  return `report under claim ${number}${done ? ", the last" : ""}: ${outcomes.join("; ")}: ${became}`
}

function seconds(ms: number): string {
  return new Date(ms).toISOString().slice(0, 19)
}
