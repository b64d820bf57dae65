/**
 * Where is the record that makes the partner fail? Its page of one row fails, so the partner never shows it; but it answers for the
 * times around it. This is the search as a pure state machine: it names a window, is told whether its first row could be read, and ends
 * with the place (a second, or whatever the partner's times are cut to) or without one.
 *
 * A place is found only if the partner answers for what comes before it and for what comes after it, and still fails for the page
 * itself when all the rest has been asked, each time of three between which it answers for the row below. So an outage finds none: it
 * fails before the search, beside the place, or after it; nor does a partner that fails now and then, whatever it is asked.
 */
import type { Window } from "../../connectors/kit/define.ts"
import type { Span } from "../protocol/backfill.ts"
import type { Found, Probe } from "../protocol/fetching.ts"

/** Records in a row that fail: past it the fault is not a single record's. */
export const PLACES_MAX = 4
/** Failures of the page at the end of a search, each with an answer for the row below after it. */
export const FAILURES_NEEDED = 3
/** Of one search: a place takes about two for every doubling of its distance, some 60 for a second of years. */
export const QUESTIONS_MAX = 300

/** What to ask: a window from its top, or the slice's own page. `whole`: all of its rows, in one page. */
export type Question = { window: Window; whole: boolean } | "page"

/** `empty`: no row stands there. */
export type Shown = "rows" | "empty" | "fails"

export function beginProbe(slice: { window: Window }, top: number, hasRead: boolean, granularityMs: number): Probe {
  const stretch = cut(top, granularityMs)
  const { from } = slice.window
  const phase = hasRead ? "before" : "above"
  return { from, granularityMs, phase, top: stretch, fails: 0, reads: stretch, step: null, places: [], asked: 0 }
}

export function questionOf(probe: Probe): Question {
  const { from, top, granularityMs } = probe
  switch (probe.phase) {
    case "above":
    case "before":
    case "beside":
      return { window: { from: top, to: top + granularityMs }, whole: probe.phase === "beside" }
    case "after":
    case "still":
      return { window: { from, to: top }, whole: false }
    case "search":
      return { window: { from: middleOf(probe), to: top }, whole: false }
    case "again":
      return "page"
  }
}

export function foundBy(probe: Probe, shown: Shown): Found {
  const couldBeRead = shown !== "fails"
  if (probe.asked >= QUESTIONS_MAX) return none("the search took too many questions")
  const next = { ...probe, asked: probe.asked + 1 }
  const { places } = next
  switch (probe.phase) {
    case "above":
      return couldBeRead ? asking({ ...next, phase: "after" }) : none("nothing can be read now")
    case "before":
      return couldBeRead ? asking({ ...next, phase: "beside" }) : none("what was read before cannot be read now")
    case "beside":
      return asking({ ...next, phase: "after", places: couldBeRead ? [] : [placeAt(probe, probe.top)] })
    case "after":
      if (couldBeRead) return places.length > 0 ? asking({ ...next, phase: "again" }) : none("it can be read now")
      return places.length >= PLACES_MAX ? none("too much cannot be read") : searching(next)
    case "search":
      // The first row below `top` fails, so none can be shown there: one of the answers was chance.
      return shown === "rows" ? none("the answers contradict each other") : searched(next, couldBeRead)
    case "again":
      return couldBeRead ? none("it can be read now") : asking({ ...next, phase: "still" })
    case "still":
      return couldBeRead ? failedAgain(next) : none("what comes after it cannot be read now")
  }
}

function failedAgain(probe: Probe): Found {
  const failures = (probe.failures ?? 0) + 1
  return failures < FAILURES_NEEDED
    ? asking({ ...probe, phase: "again", failures })
    : { kind: "places", places: probe.places }
}

/** Down from the top, further each time; then in halves between what fails and what can be read. */
function searching(probe: Probe): Found {
  const fails = cut(probe.from ?? 0, probe.granularityMs)
  return narrowed({ ...probe, phase: "search", fails, reads: probe.top, step: probe.granularityMs })
}

function searched(probe: Probe, couldBeRead: boolean): Found {
  const at = middleOf(probe)
  if (!couldBeRead) return narrowed({ ...probe, fails: at, step: null })
  return narrowed({ ...probe, reads: at, step: probe.step === null ? null : 2 * probe.step })
}

function narrowed(probe: Probe): Found {
  if (probe.reads - probe.fails > probe.granularityMs) return asking(probe)
  const place = placeAt(probe, probe.fails)
  return asking({ ...probe, phase: "after", top: place.from, places: [...probe.places, place] })
}

function middleOf({ fails, reads, step, granularityMs }: Probe): number {
  if (step !== null && reads - step > fails) return reads - step
  return Math.max(fails + granularityMs, cut((fails + reads) / 2, granularityMs))
}

function placeAt({ granularityMs }: Probe, from: number): Span {
  return { from, to: from + granularityMs }
}

const cut = (time: number, granularityMs: number) => granularityMs * Math.floor(time / granularityMs)
const asking = (probe: Probe): Found => ({ kind: "asking", probe })
const none = (reason: string): Found => ({ kind: "none", reason })
