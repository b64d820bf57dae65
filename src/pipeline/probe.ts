/** Looks for the record that makes the partner fail: asks what the search names, one row each time, and saves nothing. */
import { type PageContext, ShapeError } from "../connectors/kit/define.ts"
import type { Outcome, Probe } from "../source/protocol/fetching.ts"
import { foundBy, type Question, questionOf, type Shown } from "../source/reading/probe.ts"
import { askPage, type LeasedSlice, type PageReader, pageContext } from "./leased-slice.ts"
import { type Fetched, fetchPage, normalizeFetched, outcomeOfUnasked, thrown } from "./page.ts"

/** Until the place is found, or the time is up: then the next lease goes on. Null: the source does not answer. */
export async function search(consumer: PageReader, slice: LeasedSlice, begun: Probe): Promise<Outcome | null> {
  try {
    return await searchOrThrow(consumer, slice, begun)
  } catch (error) {
    return thrown(consumer, slice, error)
  }
}

async function searchOrThrow(consumer: PageReader, slice: LeasedSlice, begun: Probe): Promise<Outcome | null> {
  let probe = begun
  let reason = `${slice.connector.title} failed for a page of one row.`
  const soFar = (): Outcome => ({ kind: "probed", found: { kind: "asking", probe }, reason })
  while (consumer.ports.clock.now() < consumer.deadline) {
    const answer = await answerTo(consumer, slice, probe)
    if (answer.kind === "lost") return null
    if (answer.kind === "no_time") return soFar()
    // A limit, a key or a list that is refused: what has been learnt since the lease is learnt again after it.
    if (answer.kind !== "shown" && answer.kind !== "fails") return outcomeOfUnasked(consumer, slice, answer)
    if (answer.kind === "fails") reason = answer.reason
    const found = foundBy(probe, answer.kind === "shown" ? answer.shown : "fails")
    if (found.kind !== "asking") return { kind: "probed", found, reason }
    probe = found.probe
  }
  return soFar()
}

function contextOf(slice: LeasedSlice, question: Question): PageContext<unknown> {
  const page = { ...pageContext(slice), pageSize: 1 }
  if (question === "page") return page
  const pageSize = question.whole ? slice.stream.pageSize : 1
  return { ...page, pageSize, pageToken: null, window: question.window }
}

type Answer =
  | { kind: "shown"; shown: Exclude<Shown, "fails"> }
  | { kind: "fails"; reason: string }
  | Exclude<Fetched, { kind: "page" }>

/** Whether the row can be read, or why that could not be learnt. */
async function answerTo(consumer: PageReader, slice: LeasedSlice, probe: Probe): Promise<Answer> {
  const question = questionOf(probe)
  const isWhole = question !== "page" && question.whole
  try {
    const fetched = await fetchPage(consumer, slice, askPage(consumer, slice, contextOf(slice, question)))
    const isOfThePage = (fetched.kind === "transient" && !fetched.unreached) || fetched.kind === "too_large"
    if (isOfThePage) return { kind: "fails", reason: fetched.reason }
    if (fetched.kind !== "page") return fetched
    normalizeFetched(slice, fetched)
    const { records, next, denied = [] } = fetched.page
    // No row of it says anything: what is refused as a whole is answered, whatever stands there.
    const [refusal] = denied
    if (refusal && [...slice.chosen].every((name) => denied.some(({ collection }) => collection === name)))
      return { kind: "denied", reason: refusal.reason }
    if (isWhole && next !== null) return { kind: "fails", reason: "More stands there than fits a page." }
    // A row that is of no use to us has a next page even so.
    return { kind: "shown", shown: records.length === 0 && next === null ? "empty" : "rows" }
  } catch (error) {
    if (error instanceof ShapeError) return { kind: "fails", reason: error.message }
    throw error
  }
}
