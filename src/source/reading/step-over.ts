/**
 * One record that always makes the partner fail. Its page is asked for in ever smaller parts; a page of one row that fails starts a
 * search for the record's place (probe.ts). A place that is found in three runs, an hour apart, is stepped over where the connector
 * declares how: the reading goes on below it, and the place is kept in quarantine for the user. All else only fails the run, which
 * goes on from the same page next time.
 */
import type { StepOver } from "../../connectors/kit/define.ts"
import { assign } from "../../lib/assign.ts"
import { DAY_MS } from "../../lib/time.ts"
import { partnerNow } from "../clocks/partner-time.ts"
import { quarantinePlace } from "../delivery/quarantine.ts"
import type { Span } from "../protocol/backfill.ts"
import type { Found } from "../protocol/fetching.ts"
import type { Slice, SteppedOver } from "../state/slices.ts"
import type { Run } from "../state/state.ts"
import type { Transaction } from "../transaction.ts"
import { abort, type Trouble } from "./ending.ts"
import { finishWindow } from "./finish.ts"
import { beginProbe } from "./probe.ts"

/** Failures in a row at one size before the page is made smaller: the first may be chance. */
const PATIENT_FAILURES = 1
/** By which a page that fails is made smaller: from hundreds of rows to one within the attempts of one run. */
const SMALLER_BY = 4
/** Of one place, before it is stepped over. */
export const SIGHTINGS_NEEDED = 3
/** Runs are an hour apart or more, and a search begins some minutes after its run: a little less than the hour. */
export const SIGHTINGS_APART_MS = 50 * 60_000
/** Stepped over in one stream within a day: more are no single records. */
export const STEPS_A_DAY = 10

/** Places remembered, a stream: more than a day's, since a lookback that is read a day later meets them again. */
export const KNOWN_MAX = 50

/** The second failure in a row is taken for the page's: fewer rows are asked for, down to one; then its place is searched. */
export function smallerPage(tx: Transaction, slice: Slice): void {
  if (slice.attempts < PATIENT_FAILURES) return
  if (slice.pageSize === 1) searchPlace(tx, slice)
  else slice.shrunkByFailures = true
  slice.pageSize = Math.max(1, Math.floor(slice.pageSize / SMALLER_BY))
}

/** False where the connector declares no way past such a record. */
export function searchPlace(tx: Transaction, slice: Slice): boolean {
  const way = wayOver(tx, slice)
  if (!way) return false
  if (slice.probe) return true
  const top = slice.edge?.time ?? slice.window.to ?? partnerNow(tx) + way.granularityMs
  slice.probe = beginProbe(slice, top, slice.edge !== null, way.granularityMs)
  return true
}

type Retry = (tx: Transaction, slice: Slice, reason: string) => void

/** What the search has come to so far. */
export function probed(
  tx: Transaction,
  slice: Slice,
  run: Run | null,
  found: Found,
  reason: string,
  retry: Retry,
): void {
  slice.probe = found.kind === "asking" ? found.probe : null
  if (found.kind === "asking" || run === null) return
  if (found.kind === "none") {
    retry(tx, slice, reason)
    return
  }
  const fresh = found.places.filter((place) => !isKnown(tx, slice, place))
  if (fresh.length > 0) note(tx, slice, run, fresh)
  const times = fresh.length > 0 ? (slice.sighted?.seenAt.length ?? 0) : SIGHTINGS_NEEDED
  if (times >= SIGHTINGS_NEEDED && mayStep(tx, slice, fresh.length)) {
    for (const place of fresh) keepPlace(tx, slice, run, place, reason)
    stepOver(tx, slice, found.places, fresh)
    finishEmpty(tx, slice, run, reason, retry)
    return
  }
  const where = fresh.map(secondInWords).join(" and ")
  const { title } = tx.connector
  giveUp(tx, slice, `${title} fails for what is dated ${where}, and for nothing around it: ${reason} ${outlook(times)}`)
}

/** Ends the run. The next one asks for full pages again: small ones may be what fails. */
export function giveUp(tx: Transaction, slice: Slice, reason: string, trouble: Trouble = "fault"): void {
  slice.pageSize = tx.connector.streams.find(({ name }) => name === slice.stream)?.pageSize ?? slice.pageSize
  assign(slice, { probe: null, shrunkByFailures: false })
  abort(tx, slice, reason, trouble)
}

function wayOver(tx: Transaction, slice: Slice): StepOver | undefined {
  return tx.connector.streams.find(({ name }) => name === slice.stream)?.stepOver
}

/** Another sighting of the same places, or the first of others. Two in one run, or soon after each other, are one. */
function note(tx: Transaction, slice: Slice, run: Run, places: Span[]): void {
  const { sighted } = slice
  if (!sighted || !isSame(sighted.places, places)) {
    slice.sighted = { places, seenAt: [tx.now], run: run.id }
    return
  }
  const last = sighted.seenAt.at(-1) ?? Number.NEGATIVE_INFINITY
  // A clock that has gone back says nothing of how long ago that was.
  if (last > tx.now) slice.sighted = { places, seenAt: [tx.now], run: run.id }
  if (last > tx.now || sighted.run === run.id || tx.now - last < SIGHTINGS_APART_MS) return
  slice.sighted = { places, seenAt: [...sighted.seenAt, tx.now], run: run.id }
}

function isSame(some: readonly Span[], others: readonly Span[]): boolean {
  return JSON.stringify(some) === JSON.stringify(others)
}

function known({ state }: Transaction, { stream }: Slice): SteppedOver[] {
  return state.steppedOver?.[stream] ?? []
}

/** Stepped over before, and met again in a lookback or by another reading: its place is kept already. */
function isKnown(tx: Transaction, slice: Slice, place: Span): boolean {
  return unkept(tx, slice, place).length === 0
}

/** The collections of this reading for which the place is not kept. */
function unkept(tx: Transaction, slice: Slice, place: Span): string[] {
  const same = known(tx, slice).filter((one) => isSame([one.place], [place]))
  return slice.collections.filter((name) => !same.some(({ collections }) => collections?.includes(name) ?? true))
}

function mayStep(tx: Transaction, slice: Slice, places: number): boolean {
  return known(tx, slice).filter(({ at }) => Math.abs(tx.now - at) < DAY_MS).length + places <= STEPS_A_DAY
}

/** The window goes on below the lowest of them, with a first page; a refused token later restarts it below them too. */
function stepOver(tx: Transaction, slice: Slice, places: readonly Span[], fresh: readonly Span[]): void {
  const { state, now } = tx
  const below = places.at(-1)?.from ?? 0
  const steps = fresh.map((place) => ({ at: now, place, collections: [...slice.collections] }))
  state.steppedOver = { ...state.steppedOver, [slice.stream]: [...known(tx, slice), ...steps].slice(-KNOWN_MAX) }
  slice.window = { from: slice.window.from, to: Math.max(below, slice.window.from ?? 0) }
  if (slice.edge) slice.edge = { ...slice.edge, time: Math.min(slice.edge.time, below - 1) }
  slice.page++
  assign(slice, {
    pageToken: null,
    digest: null,
    attempts: 0,
    sighted: null,
    stuck: null,
    waiting: null,
    notBefore: 0,
  })
}

/**
 * A record that stands at the window's lower bound, or below it within what the partner can be asked for, leaves nothing of the window.
 * Asked for all the same, it would be met again and again.
 */
function finishEmpty(tx: Transaction, slice: Slice, run: Run, reason: string, retry: Retry): void {
  const { from, to } = slice.window
  if (from === null || to === null || from < to) return
  // Before a page was read, nothing says up to when the window has been seen.
  if (slice.bound === null) retry(tx, slice, reason)
  else finishWindow(tx, slice, run, slice.bound)
}

function keepPlace(tx: Transaction, slice: Slice, run: Run, place: Span, reason: string): void {
  const { title } = tx.connector
  const stream = tx.connector.streams.find(({ name }) => name === slice.stream)?.title ?? slice.stream
  const told =
    `${title} failed in ${SIGHTINGS_NEEDED} runs for one record of "${stream}", dated ${secondInWords(place)}, and for none around it. It was left ` +
    `out, so it is missing. Once ${title} answers again, a resync reads it; then discard this entry. The reason: ${reason}`
  const body = { stream: slice.stream, from: new Date(place.from).toISOString(), to: new Date(place.to).toISOString() }
  const key = `${slice.stream}@${body.from}`
  for (const collection of unkept(tx, slice, place)) quarantinePlace(tx, collection, key, told, body, run.id)
}

function secondInWords({ from }: Span): string {
  return `${new Date(from).toISOString().slice(0, 19).replace("T", " ")} UTC`
}

function outlook(times: number): string {
  return times >= SIGHTINGS_NEEDED
    ? `Already ${STEPS_A_DAY} such records were left out within a day: reading waits here, and no more will be left out before tomorrow.`
    : `Found there ${times} of ${SIGHTINGS_NEEDED} times; after that it is left out, which quarantine will say, and the reading goes on.`
}
