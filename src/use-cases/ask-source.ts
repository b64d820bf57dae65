/** Asking a source's Durable Object on behalf of a request. Its refusals are the API's problems. */
import type { SourceRow } from "../db/sources.ts"
import { Problem, type ProblemDetails } from "../errors.ts"
import type { ApiCode } from "../problems.ts"
import type { Answer, Refusal, SourceControl } from "../source/protocol/source.ts"
import type { SourceView } from "../source/protocol/views.ts"
import type { ApiPorts } from "../worker/platform.ts"
import { configure, refOf } from "./configure.ts"

/** What any command may be answered with. */
export const COMMAND = ["not_found", "gone", "draft"] as const satisfies ApiCode[]

/** Carries out a command. A Durable Object that was never told of the source is told, and asked once more. */
export async function command<T>(ports: ApiPorts, row: SourceRow, ask: (source: SourceControl) => Promise<Answer<T>>) {
  if (row.status === "draft") throw new Problem("draft")
  const source = ports.source(refOf(row))
  const answer = await ask(source)
  if (answer.ok) return answer
  if (answer.code !== "gone") throw problemOfRefusal(answer)
  if (!(await configure(ports, row))) throw new Problem("unavailable", { detail: "The source could not be reached." })
  const again = await ask(source)
  if (again.ok) return again
  throw problemOfRefusal(again)
}

/** How the source fares now; null for a draft, or when the Durable Object could not be asked: a list of facts is still owed. */
export async function viewOf(ports: ApiPorts, row: SourceRow): Promise<SourceView | null> {
  if (row.status === "draft") return null
  try {
    return (await command(ports, row, (source) => source.view())).view
  } catch (error) {
    ports.log("view_failed", { source: row.id, error: error instanceof Error ? error.name : "unknown" })
    return null
  }
}

function problemOfRefusal({ code, message, retryAfterSeconds, run }: Refusal): Problem {
  const details: ProblemDetails = { detail: message }
  if (retryAfterSeconds !== undefined) details.retryAfterSeconds = retryAfterSeconds
  if (run !== undefined) details.run = run
  return new Problem(code, details)
}
