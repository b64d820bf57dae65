/** Decisions the user (or the watchdog) asks for: configuring, Sync now, resync, quarantine. */
import { assign } from "../../lib/assign.ts"
import { openMissing, openResync, switchOff, switchOn, trimPending } from "../backfill/backfill.ts"
import { BACKFILLS_MAX } from "../backfill/opening.ts"
import { resumeBackfill, retryDenied } from "../backfill/resume.ts"
import { partnerNow } from "../clocks/partner-time.ts"
import { confirmAt } from "../credentials/checking.ts"
import { adopt } from "../credentials/token.ts"
import { destinationChanged } from "../delivery/delivery.ts"
import { backToOutbox, discard } from "../delivery/quarantine.ts"
import type { Configuration } from "../protocol/configuration.ts"
import type { Answer, Refusal } from "../protocol/source.ts"
import { voidLeases } from "../reading/ending.ts"
import { restartWindow } from "../reading/live.ts"
import { chosen, resume, streamsOf } from "../reading/slice.ts"
import { startLive } from "../runs/plan.ts"
import { syncNowWaitSeconds } from "../runs/throttle.ts"
import type { State } from "../state/state.ts"
import type { Transaction } from "../transaction.ts"

/** Entries whose bodies are in memory at once: 8 MB, as each is kept up to 256 KB and is there twice. */
const ENTRIES_AT_ONCE = 16

// -------------------------------------------------------------------------------------------------- configuring

/** The first configuration: live reading begins where the credentials were checked, and a backfill reads what lies before. */
export function beginSource(tx: Transaction): void {
  const { state } = tx
  beginLive(tx)
  adopt(tx)
  openMissing(tx, "initial")
  if (state.configuration.active) startLive(tx, "schedule")
}

export function beginLive(tx: Transaction): void {
  const { state } = tx
  for (const stream of streamsOf(tx, "live")) {
    const cursor = state.configuration.connectedAt - 1000 * (stream.startsBackSeconds ?? 0)
    state.live[stream.name] = { cursor, slice: null, completed: [], perHour: null }
  }
}

/** Applies a newer configuration: only what differs has consequences. An older or equal one changes nothing. */
export function reconfigure(tx: Transaction, next: Configuration): void {
  const { state } = tx
  const last = state.configuration
  if (next.version <= last.version) return
  state.configuration = next
  adopt(tx)
  const opened = applyCollections(tx, last, next)
  if (next.startDate > last.startDate) trimPending(tx)
  openMissing(tx, opened ? "collection" : "earlier")
  if (next.destinationVersion > last.destinationVersion) destinationChanged(tx)
  if (next.intervalHours !== last.intervalHours) state.nextRunAt = null
  if (next.credentialVersion > last.credentialVersion) reconnected(tx)
  else if (next.active && !last.active) resumed(tx)
}

/** A new credential: what was denied may be allowed now, and reading goes on where it stopped. */
function reconnected(tx: Transaction): void {
  const { state } = tx
  assign(state, { error: null, denied: {}, waits: {}, checking: null, triedAt: null })
  retryDenied(tx)
  // Whoever still reads with the old credential is let go: its failure must not be taken for the new one's.
  voidLeases(tx)
  if (state.configuration.active) startLive(tx, "schedule")
}

function resumed(tx: Transaction): void {
  for (const live of Object.values(tx.state.live)) if (live.slice) resume(live.slice)
  if (tx.state.error === null) startLive(tx, "schedule")
}

/** True when a collection was switched on. */
function applyCollections(tx: Transaction, last: Configuration, next: Configuration): boolean {
  const before = new Set(last.collections.map((choice) => choice.name))
  const after = new Set(next.collections.map((choice) => choice.name))
  for (const name of before) if (!after.has(name)) switchOff(tx, name)
  const added = [...after].filter((name) => !before.has(name))
  for (const name of added) switchOn(tx, name)
  if (next.active && !tx.state.error) for (const backfill of tx.state.backfills) resumeBackfill(tx, backfill)
  refreshLive(tx, added)
  return added.length > 0
}

/** A live window under way was read without the new collections: it is read again, `seen` drops what was taken. */
function refreshLive(tx: Transaction, added: readonly string[]): void {
  for (const stream of streamsOf(tx, "live")) {
    const live = tx.state.live[stream.name]
    if (!live) continue
    if (added.length > 0) live.completed = []
    if (!live.slice) continue
    live.slice.collections = chosen(tx.state, stream)
    if (added.some((name) => stream.collections.includes(name))) restartWindow(tx, live)
  }
}

// -------------------------------------------------------------------------------------------------------- asking

export function syncNow(tx: Transaction): Answer<{ run: string }> {
  const { state, now } = tx
  const refusal = whyNotReadable(state) ?? whileChecking(tx)
  if (refusal) return refusal
  const retryAfterSeconds = syncNowWaitSeconds(state.lastSyncNowAt, now)
  if (retryAfterSeconds > 0) {
    return {
      ok: false,
      code: "too_soon",
      message: `A sync was started less than a minute ago. Sync now may be repeated in ${retryAfterSeconds} s.`,
      retryAfterSeconds,
    }
  }
  if (state.run)
    return { ok: false, code: "run_in_progress", message: `Run ${state.run.id} is still reading.`, run: state.run.id }
  retryDenied(tx)
  openMissing(tx, "collection")
  const run = startLive(tx, "manual")
  state.lastSyncNowAt = now
  return { ok: true, run: run?.id ?? "" }
}

function whyNotReadable({ configuration, error }: State): Refusal | null {
  if (error) return { ok: false, code: "source_error", message: `${error.message} ${error.remedy}` }
  if (configuration.active) return null
  return { ok: false, code: "paused", message: "The source is paused. Resume it first." }
}

/** Nothing is read before the confirming call; whoever cannot wait pastes another key. */
function whileChecking({ state: { checking }, connector, now }: Transaction): Refusal | null {
  if (checking === null || confirmAt(checking) <= now) return null
  return {
    ok: false,
    code: "checking_credentials",
    message: `${connector.title} refused the credentials: ${checking.reason} They are tried once more before the source stops. What was read is kept.`,
    retryAfterSeconds: Math.ceil((confirmAt(checking) - now) / 1000),
  }
}

/** Reads one collection again from `from` on (null: the start date), others untouched. */
export function resync(tx: Transaction, collection: string, from: number | null): Answer<{ run: string }> {
  const { configuration } = tx.state
  if (!configuration.collections.some((choice) => choice.name === collection)) {
    return {
      ok: false,
      code: "unknown_collection",
      message: `The source does not read "${collection}". Switch that collection on first, or choose another.`,
    }
  }
  const refusal = whyNotReadable(tx.state)
  if (refusal) return refusal
  if (from !== null && from >= partnerNow(tx))
    return { ok: false, code: "out_of_range", message: "A resync reads the past: choose today or an earlier day." }
  const running = tx.state.backfills.find(
    (backfill) =>
      backfill.kind === "resync" &&
      backfill.run &&
      backfill.slices.some((slice) => slice.collections.includes(collection)),
  )
  if (running?.run)
    return {
      ok: false,
      code: "run_in_progress",
      message: `Run ${running.run} is already reading ${collection} again.`,
      run: running.run,
    }
  const run = openResync(tx, collection, from ?? configuration.startDate)
  if (!run) return { ok: false, code: "unknown_collection", message: `No list of the partner shows "${collection}".` }
  if (run === "full") {
    const message = `${BACKFILLS_MAX} readings of history wait already, so this one was not started. See which collections are denied or failing.`
    return { ok: false, code: "too_many_waiting", message }
  }
  return { ok: true, run: run.id }
}

/** Of quarantine, by id. */
export type EntriesAsked = readonly number[] | "all"

export interface ReplayStep {
  ok: true
  replayed: number
  /** What quarantine still holds, all in all. */
  left: number
  /** Entries below this id are looked at next; null: it is over. */
  next: number | null
}

/**
 * Items go back to the outbox, the newest entries first, a few at once, as long as it has room. Records cannot: the code that could
 * not read them must read them again, by a resync.
 */
export function replay(tx: Transaction, asked: EntriesAsked, before: number | null): ReplayStep {
  const ids = tx.outbox.isFull ? [] : entriesBelow(tx, asked, before)
  const replayed = backToOutbox(tx, ids)
  if (replayed > 0 && tx.state.delivery.state === "ok") tx.state.delivery.retryAt = null
  const held = Object.values(tx.state.counts).reduce((sum, { quarantined }) => sum + quarantined, 0)
  return { ok: true, replayed, left: held, next: tx.outbox.isFull ? null : nextBelow(ids) }
}

export interface DiscardStep {
  ok: true
  discarded: number
  /** As of a replay. */
  next: number | null
}

/** Entries are given up for good, of each kind, the newest first, a few at once. */
export function discardEntries(tx: Transaction, asked: EntriesAsked, before: number | null): DiscardStep {
  const ids = entriesBelow(tx, asked, before)
  return { ok: true, discarded: ids.filter((id) => discard(tx, id)).length, next: nextBelow(ids) }
}

function entriesBelow(tx: Transaction, asked: EntriesAsked, before: number | null): number[] {
  if (asked === "all") return tx.stored.quarantine(before, ENTRIES_AT_ONCE).map(({ id }) => id)
  const below = asked.filter((id) => id < (before ?? Number.POSITIVE_INFINITY))
  return below.sort((a, b) => b - a).slice(0, ENTRIES_AT_ONCE)
}

function nextBelow(ids: readonly number[]): number | null {
  return ids.length < ENTRIES_AT_ONCE ? null : Math.min(...ids)
}

export function discardEntry(tx: Transaction, id: number): Answer<object> {
  if (discard(tx, id)) return { ok: true }
  return {
    ok: false,
    code: "not_found",
    message: `Quarantine holds no entry ${id}. It may have been replayed or discarded.`,
  }
}
