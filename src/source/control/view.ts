/** What may be seen of a source: statuses and counters as they are, never rosier. */
import { ALIAS } from "../../connectors/kit/item.ts"
import { CHECKING, checkHoldsUntil, confirmAt } from "../credentials/checking.ts"
import { keyIdsOf, secretsOf } from "../credentials/sealed.ts"
import type { PageAsk, Refusal } from "../protocol/source.ts"
import type { CollectionView, QuarantineEntry, RunView, SourceStatus, SourceView } from "../protocol/views.ts"
import { BACKPRESSURE, BACKPRESSURE_RETRY_MS, heldBackBy, mayRead } from "../reading/lease.ts"
import { orderOf } from "../reading/slice.ts"
import { waitOf } from "../reading/waits.ts"
import { progressOf } from "../runs/progress.ts"
import { lengthen, runNumber } from "../runs/run.ts"
import { nextWatermarkRunAt } from "../runs/watermark-run.ts"
import type { Slice } from "../state/slices.ts"
import type { Run } from "../state/state.ts"
import { type State, slicesOf } from "../state/state.ts"
import { upgradeRun } from "../state/stored.ts"
import type { Transaction } from "../transaction.ts"

/** A page of quarantine ends with the entry that reaches this: the answer must not outgrow what one call may carry. */
export const QUARANTINE_PAGE_BYTES = 4_000_000

export const GONE: Refusal = { ok: false, code: "gone", message: "This source was deleted." }

export function viewOf(tx: Transaction): SourceView {
  const { state, connector } = tx
  const { org, project, source, version } = state.configuration
  const waiting = tx.outbox.waiting()
  return {
    ref: { org, project, source },
    configVersion: version,
    status: statusOf(state),
    error: state.error,
    nextRunAt: state.nextRunAt,
    current: under(state).map((run) => runView(tx, run)),
    lastRun: history(tx)[0] ?? null,
    collections: shown(state, connector).map((name) => collectionView(state, name, waiting[name] ?? 0)),
    delivery: deliveryView(tx),
    operatorWait: state.operatorWait,
    checking: checkingOf(state),
    keys: { kept: tx.seen.size, forgotten: state.forgotten ?? 0 },
    keyIds: keyIdsOf(secretsOf(state)),
    cursors: Object.fromEntries(Object.entries(state.live).map(([name, live]) => [name, live.cursor])),
  }
}

/** The joining of ids is no collection of the partner's, but what becomes of it must be seen. */
function shown(state: State, connector: Transaction["connector"]): string[] {
  return [...connector.collections.map(({ name }) => name), ...(state.counts[ALIAS] ? [ALIAS] : [])]
}

export function statusOf(state: State): SourceStatus {
  if (state.error) return "error"
  if (!state.configuration.active) return "paused"
  if (state.checking) return "connected"
  return state.run || state.backfills.some((backfill) => backfill.run) ? "syncing" : "connected"
}

function checkingOf({ checking }: State): SourceView["checking"] {
  return checking && { since: checking.since, until: confirmAt(checking), reason: checking.reason }
}

function under(state: State): Run[] {
  return [...(state.run ? [state.run] : []), ...state.others]
}

/** Counts kept by an earlier version lack some of these. */
const NO_COUNTS = { accepted: 0, dropped: 0, late: 0, quarantined: 0, refused: 0, lastItemAt: null }

function collectionView(state: State, name: string, waiting: number): CollectionView {
  const counts = state.counts[name] ?? NO_COUNTS
  const { accepted, dropped, late, quarantined, refused, lastItemAt } = { ...NO_COUNTS, ...counts }
  const chosen = state.configuration.collections.some((choice) => choice.name === name)
  return {
    name,
    chosen,
    accepted,
    dropped,
    late,
    quarantined,
    waiting,
    lastItemAt,
    delivered: accepted - waiting - refused,
    denied: state.denied[name] ?? null,
    failing: failingOf(state, name),
  }
}

/** The first thing that keeps it from being read; what is denied is said apart. */
function failingOf(state: State, name: string): CollectionView["failing"] {
  const isTried = ({ state }: Slice) => state === "reading" || state === "failed"
  const stuck = slicesOf(state).filter((slice) => isTried(slice) && slice.collections.includes(name))
  const first = stuck.flatMap((slice) => slice.stuck ?? []).sort((a, b) => a.since - b.since)[0]
  return first ? { since: first.since, reason: first.reason } : null
}

function deliveryView({ state, outbox }: Transaction): SourceView["delivery"] {
  const { delivery, configuration } = state
  const common = {
    waiting: outbox.items,
    maybeRepeated: delivery.maybeRepeated,
    reason: delivery.reason,
    retryAt: delivery.retryAt,
  }
  if (configuration.destination === null) {
    return {
      ...common,
      state: "no_destination",
      reason: "This project has no destination: set one under Destination. Nothing is lost meanwhile.",
    }
  }
  return { ...common, state: delivery.state }
}

export function runView(tx: Transaction, run: Run): RunView {
  const backfill = tx.state.backfills.find((one) => one.run === run.id)
  const collections = Object.fromEntries(
    Object.entries(run.collections).map(([name, counts]) => [name, { ...counts, late: counts.late ?? 0 }]),
  )
  return {
    ...run,
    collections,
    forgotten: run.forgotten ?? 0,
    progress: run.readAt ? 1 : backfill ? progressOf(backfill, (stream) => orderOf(tx, stream)) : null,
    waits: waitsOf(tx, run),
  }
}

/** What a run waits for, in words: the partner, a retry, or the destination. */
function waitsOf(tx: Transaction, run: Run): RunView["waits"] {
  const { state, now, connector } = tx
  if (run.state === "delivering" && state.delivery.retryAt !== null && state.delivery.retryAt > now) {
    return {
      until: state.delivery.retryAt,
      reason:
        state.delivery.reason ?? "The destination refused some items. They are kept and sent again by themselves.",
    }
  }
  if (run.state !== "reading" || !mayRead(tx)) return null
  const checkedAt = checkHoldsUntil(tx)
  if (checkedAt !== null) return { until: checkedAt, reason: CHECKING }
  const slices = slicesOf(state).filter((slice) =>
    run.kind === "live"
      ? slice.lane === "live"
      : state.backfills.find((backfill) => backfill.run === run.id)?.slices.includes(slice),
  )
  const wait = slices.filter(({ state }) => state === "reading").flatMap(({ stream }) => waitOf(tx, stream) ?? [])[0]
  if (wait) return { until: wait.until, reason: `waiting for ${connector.title}: ${wait.reason}` }
  const held = heldBackBy(tx, run.kind === "live" ? "live" : "backfill")
  if (held) return heldUntil(tx, held)
  const waiting = slices.find((slice) => slice.waiting && slice.notBefore > now)
  return waiting?.waiting ? { until: waiting.notBefore, reason: waiting.waiting } : null
}

/** Backpressure ends with the destination's next answer, a lack of room for keys with the next live run that succeeds. */
function heldUntil(tx: Transaction, reason: string): NonNullable<RunView["waits"]> {
  const { state, now } = tx
  const soon = now + BACKPRESSURE_RETRY_MS
  if (reason === BACKPRESSURE) return { until: Math.max(state.delivery.retryAt ?? 0, soon), reason }
  if (state.run) return { until: soon, reason }
  const failure = lastLiveFailure(tx)
  return {
    until: nextWatermarkRunAt(tx) ?? soon,
    reason: failure ? `${reason} The last run failed: ${failure}` : reason,
  }
}

/** Why the last live run could not read everything; null: it could. What was not read stays open. */
function lastLiveFailure({ state, stored }: Transaction): string | null {
  if (!Object.values(state.live).some((live) => live.slice)) return null
  const runs = [...stored.runs().map((row) => upgradeRun(JSON.parse(row.body) as Run)), ...state.others]
  const last = runs.findLast(({ kind }) => kind === "live")
  return last?.failed[0]?.reason ?? last?.reason ?? null
}

/** Finished and current runs, newest first. */
export function history(tx: Transaction): RunView[] {
  const stored = tx.stored.runs().map((row) => upgradeRun(JSON.parse(row.body) as Run))
  const runs = [...under(tx.state), ...stored, ...tx.state.idle.map(lengthen)]
  return runs.sort((a, b) => runNumber(b.id) - runNumber(a.id)).map((run) => runView(tx, run))
}

export function historyPage(
  tx: Transaction,
  { limit, cursor }: PageAsk,
): { ok: true; runs: RunView[]; cursor: string | null } {
  const before = cursor === null ? Number.POSITIVE_INFINITY : runNumber(cursor)
  const rest = history(tx).filter((run) => runNumber(run.id) < before)
  const runs = rest.slice(0, limit)
  return { ok: true, runs, cursor: rest.length > limit ? (runs.at(-1)?.id ?? null) : null }
}

export function quarantinePage(
  tx: Transaction,
  { limit, cursor }: PageAsk,
): { ok: true; entries: QuarantineEntry[]; cursor: string | null } {
  const entries: QuarantineEntry[] = []
  let before = cursor === null ? null : Number(cursor)
  for (let bytes = 0; entries.length < limit && bytes < QUARANTINE_PAGE_BYTES; ) {
    const [row] = tx.stored.quarantine(before, 1)
    if (!row) return { ok: true, entries, cursor: null }
    const { run: _run, ...entry } = JSON.parse(row.body) as Omit<QuarantineEntry, "id"> & { run: string }
    entries.push({ id: row.id, ...entry })
    bytes += row.body.length
    before = row.id
  }
  const isLast = tx.stored.quarantine(before, 1).length === 0
  return { ok: true, entries, cursor: isLast ? null : String(before) }
}
