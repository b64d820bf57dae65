/**
 * Runs: what the user sees of a sync. Finished ones go to history: the last 100 live ones, and as many of backfills, which may take
 * longer than a hundred live runs do; those that found nothing are kept short.
 */
import type { CollectionNote } from "../../connectors/kit/define.ts"
import { assign } from "../../lib/assign.ts"
import type { CollectionCounts, RunKind } from "../protocol/views.ts"
import type { IdleRun, Run, State } from "../state/state.ts"
import type { Transaction } from "../transaction.ts"
import { whyPartial } from "./reasons.ts"

export const RUNS_KEPT = 100
/** Runs that are read and wait for the delivery of their items; the oldest beyond them are ended as partial. */
export const RUNS_WAITING_MAX = 20
/** What a run says that could not be told of its collections, and each reason's length. */
export const NOTES_MAX = 8
export const NOTE_CHARS_MAX = 160
const ID_DIGITS = 8

/** Run ids sort by age; the number is the history row's id. */
export function runId(number: number): string {
  return `run_${String(number).padStart(ID_DIGITS, "0")}`
}

export function runNumber(id: string): number {
  return /^run_\d+$/.test(id) ? Number(id.slice(4)) : -1
}

export function newRun(tx: Transaction, kind: RunKind, trigger: "schedule" | "manual"): Run {
  const { state, now } = tx
  return {
    id: runId(++state.ids.run),
    kind,
    trigger,
    state: "reading",
    startedAt: now,
    readAt: null,
    endedAt: null,
    reason: null,
    calls: 0,
    pages: 0,
    records: 0,
    collections: {},
    denied: [],
    failed: [],
    incomplete: [],
  }
}

export function countsOf(run: Run, collection: string): CollectionCounts {
  run.collections[collection] ??= { accepted: 0, dropped: 0, late: 0, quarantined: 0 }
  return run.collections[collection]
}

/** Once a collection: there are as many as the connector has. */
export function addDenied(run: Run, { collection, reason }: CollectionNote): void {
  if (!run.denied.some((one) => one.collection === collection))
    run.denied.push({ collection, reason: shortened(reason) })
}

/** Whole words only: what is cut off in a name reads like another one. */
function shortened(reason: string): string {
  if (reason.length <= NOTE_CHARS_MAX) return reason
  const cut = reason.slice(0, NOTE_CHARS_MAX - 2)
  const end = cut.lastIndexOf(" ")
  return `${end > NOTE_CHARS_MAX / 2 ? cut.slice(0, end) : cut} …`
}

/** Says something of a collection once. The last place says that there is more. */
export function addNote(notes: CollectionNote[], { collection, reason }: CollectionNote): void {
  const said = shortened(reason)
  if (notes.some((note) => note.collection === collection && note.reason === said)) return
  if (notes.length < NOTES_MAX - 1) notes.push({ collection, reason: said })
  else
    notes[NOTES_MAX - 1] = {
      collection,
      reason:
        "There is more than can be shown here, and more may be missing. A resync reads all that the partner still shows.",
    }
}

/** Its reading is over: it blocks no other run any more, and ends once its items are delivered. */
export function readingDone(tx: Transaction, run: Run): void {
  run.readAt = tx.now
  run.state = "delivering"
  run.reason = whyPartial(tx, run)
  if (tx.state.run === run) tx.state.run = null
  if (!tx.state.others.includes(run)) tx.state.others.push(run)
}

/** Ends with a reason; what it took stays in the outbox and is delivered all the same. */
export function failRun(tx: Transaction, run: Run, reason: string): void {
  run.state = "failed"
  run.reason = reason
  end(tx, run)
}

/** Runs whose items have all been delivered are over. Of those that wait for that, the oldest are ended when there are too many. */
export function finishDelivered(tx: Transaction): void {
  const { state } = tx
  const waiting = state.others.filter((run) => run.state === "delivering")
  for (const run of waiting.slice(0, -RUNS_WAITING_MAX)) {
    if (!tx.outbox.hasRun(run.id)) continue
    assign(run, {
      state: "partial",
      reason:
        "Its items still wait for the destination, as do those of later runs. They are kept, and sent by themselves.",
    })
    end(tx, run)
  }
  for (const run of [...state.others]) {
    if (run.state !== "delivering" || tx.outbox.hasRun(run.id)) continue
    // Items may have been refused, or sent again, since its reading was over.
    run.reason = whyPartial(tx, run)
    run.state = run.reason === null ? "succeeded" : "partial"
    end(tx, run)
  }
}

function end(tx: Transaction, run: Run): void {
  const { state } = tx
  run.endedAt = tx.now
  if (state.run === run) state.run = null
  state.others = state.others.filter((other) => other !== run)
  if (isIdle(run)) state.idle.push(shorten(run))
  else tx.staged.runsPut.push({ id: runNumber(run.id), body: JSON.stringify(run) })
  forgetOldRuns(tx)
}

function isIdle(run: Run): boolean {
  const counts = Object.values(run.collections)
  const isEmpty = counts.every((count) => count.accepted === 0 && count.quarantined === 0)
  return run.kind === "live" && run.state === "succeeded" && isEmpty && run.incomplete.length === 0
}

function shorten(run: Run): IdleRun {
  return [run.id, run.trigger === "manual" ? 1 : 0, run.startedAt, run.endedAt ?? run.startedAt, run.calls, run.records]
}

/** History holds the last hundred live runs by number, whichever form they are kept in, and the last hundred of backfills. */
function forgetOldRuns(tx: Transaction): void {
  const { state, staged } = tx
  const oldest = oldestKept(state)
  state.idle = state.idle.filter(([id]) => runNumber(id) > oldest)
  if (staged.runsPut.length === 0) return
  const stored = tx.stored.runs().map((row) => ({ id: row.id, kind: (JSON.parse(row.body) as Run).kind }))
  const live = stored.filter(({ id, kind }) => kind === "live" && id <= oldest)
  const backfills = stored.filter(({ kind }) => kind !== "live").slice(0, -RUNS_KEPT)
  staged.runsRemove.push(...[...live, ...backfills].map(({ id }) => id))
}

function oldestKept({ ids }: State): number {
  return ids.run - RUNS_KEPT
}

/** When the newest live run that is over and met records began; without any, the oldest one known. Our clock; null: there was none. */
export function findLastRead({ state, stored }: Transaction): number | null {
  const kept = stored.runs().map((row) => JSON.parse(row.body) as Run)
  const live = [...kept, ...state.idle.map(lengthen)].filter(({ kind }) => kind === "live")
  const newestFirst = live.sort((a, b) => runNumber(b.id) - runNumber(a.id))
  return (newestFirst.find(({ records }) => records > 0) ?? newestFirst.at(-1))?.startedAt ?? null
}

export function lengthen([id, manual, startedAt, endedAt, calls, records]: IdleRun): Run {
  return {
    id,
    kind: "live",
    trigger: manual ? "manual" : "schedule",
    state: "succeeded",
    startedAt,
    readAt: endedAt,
    endedAt,
    reason: null,
    calls,
    pages: calls,
    records,
    collections: {},
    denied: [],
    failed: [],
    incomplete: [],
  }
}

export function findRun(state: State, id: string): Run | undefined {
  return [...(state.run ? [state.run] : []), ...state.others].find((run) => run.id === id)
}
