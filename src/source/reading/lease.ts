/** Leases: who may read which slice, and when nothing may be read. */
import { ALIAS } from "../../connectors/kit/item.ts"
import { CHECKING, checkHoldsUntil, isOlderThanCheck } from "../credentials/checking.ts"
import type { TokenNeed } from "../credentials/token-need.ts"
import { BACKFILL_KEYS_MAX } from "../dedupe/seen.ts"
import { QUARANTINE_MAX } from "../delivery/quarantine.ts"
import { completedKey } from "../protocol/completed.ts"
import { clearingOf } from "../protocol/configuration.ts"
import type { Lane, LeaseAnswer, LeaseAsk, Task } from "../protocol/fetching.ts"
import { PROTOCOL } from "../protocol/source.ts"
import { findRun } from "../runs/run.ts"
import { inForce } from "../state/lease.ts"
import type { Slice } from "../state/slices.ts"
import type { Run } from "../state/state.ts"
import { slicesOf } from "../state/state.ts"
import type { Transaction } from "../transaction.ts"
import { BACKFILL_AT_ONCE, paceMs, usefulAtOnce } from "./budget.ts"
import { partsToRead } from "./parts.ts"
import { catchUp } from "./slice.ts"
import { bucketOf, sourceWait, waitOf } from "./waits.ts"

export const LEASE_MS = 180_000
const PROTOCOL_RETRY_MS = 60_000
export const BACKPRESSURE_RETRY_MS = 30_000
export const BACKPRESSURE =
  "Waiting for the destination to take what has been read. Nothing is lost: reading goes on after that."
export const KEYS_FULL =
  "History waits until the latest changes have been read: until then no more of what was sent can be remembered. Nothing is lost."

/** A leased slice, for the engine to complete with the opened credential. */
export type LeaseDecision =
  | Exclude<LeaseAnswer, { kind: "given" }>
  | { kind: "given"; task: Omit<Task, "credential">; more: number }
  /** Nothing was leased yet: the access token is renewed first, and the lease asked for again. */
  | { kind: "renew"; need: Exclude<TokenNeed, { kind: "none" }> }

/** `need` says what the access token needs before it may be handed out. */
export function lease(tx: Transaction, ask: LeaseAsk, need: (tx: Transaction) => TokenNeed): LeaseDecision {
  const { state, now } = tx
  const woken = ask.lane === "live" ? "fetch" : "backfill"
  if (ask.protocol !== PROTOCOL) {
    const at = now + PROTOCOL_RETRY_MS
    // Woken again at once, the old consumer would ask again at once.
    state.wakes[woken] = { deadline: at, tries: 0 }
    return { kind: "later", at, reason: "another version of the consumer is due" }
  }
  delete state.wakes[woken]
  const held = slicesOf(state).find(
    ({ lease }) => inForce(lease, now) && lease.nonce === ask.nonce && !isOlderThanCheck(state, lease),
  )
  if (held) return { kind: "given", task: taskOf(tx, held), more: readyBeside(tx, ask.lane) }
  const hold = holdUp(tx, ask.lane)
  if (hold) return hold
  const slice = ready(tx, ask.lane)[0]
  if (!slice) return nothingReady(tx, ask.lane)
  const due = need(tx)
  if (due.kind !== "none") return { kind: "renew", need: due }
  // The grant may have turned out to be lost for good.
  if (!mayRead(tx)) return { kind: "idle" }
  catchUp(tx, slice)
  slice.lease = { number: ++state.leases, until: now + LEASE_MS, nonce: ask.nonce, lapsed: false }
  slice.waiting = null
  return { kind: "given", task: taskOf(tx, slice), more: readyBeside(tx, ask.lane) }
}

/** Why nothing of the lane may be read now; null when something may. */
function holdUp(tx: Transaction, lane: Lane): LeaseDecision | null {
  const { state, now } = tx
  if (!mayRead(tx)) return { kind: "idle" }
  const held = checkHoldsUntil(tx)
  if (held !== null) return { kind: "later", at: held, reason: CHECKING }
  const wait = sourceWait(state, now)
  if (wait) return { kind: "later", at: wait.until, reason: wait.reason }
  const reason = heldBackBy(tx, lane)
  return reason === null ? null : { kind: "later", at: now + BACKPRESSURE_RETRY_MS, reason }
}

/** Woken again when the first of the lane's streams need not wait any more. */
function nothingReady(tx: Transaction, lane: Lane): LeaseDecision {
  const slices = slicesOf(tx.state).filter((slice) => slice.lane === lane && slice.state === "reading")
  const waits = slices.filter((slice) => hasRun(tx, slice)).flatMap(({ stream }) => waitOf(tx, stream) ?? [])
  const first = waits.sort((a, b) => a.until - b.until)[0]
  return first ? { kind: "later", at: first.until, reason: first.reason } : { kind: "idle" }
}

export function mayRead(tx: Transaction): boolean {
  return tx.state.configuration.active && tx.state.error === null
}

/** Why reading is held back, since there is no room here for more; null: it is not. Live reading waits for the destination only. */
export function heldBackBy(tx: Transaction, lane: Lane): string | null {
  if (tx.outbox.isFull) return BACKPRESSURE
  return lane === "backfill" && areKeysFull(tx) ? KEYS_FULL : null
}

/** As many keys as leave room for live reading: what a backfill adds to them is forgotten once a live run has raised the watermark. */
export function areKeysFull({ seen }: Transaction): boolean {
  return seen.entries("live") > BACKFILL_KEYS_MAX
}

/**
 * Slices that may be leased now, in the order they should be: the newest data first. Of each list the first page comes before the second of
 * another: it holds the newest, and says how long the list may be.
 */
export function ready(tx: Transaction, lane: Lane): Slice[] {
  const free = freeSlices(tx, lane)
  if (lane === "live") return free
  const leased = readingIn(tx, lane).filter((slice) => inForce(slice.lease, tx.now)).length
  const inOrder = [...free.filter(beginsFirst), ...free.filter((slice) => !beginsFirst(slice))]
  return inOrder.slice(0, Math.max(0, backfillsAtOnce(tx) - leased))
}

function freeSlices(tx: Transaction, lane: Lane): Slice[] {
  const { now } = tx
  const isReady = (slice: Slice) => slice.notBefore <= now && waitOf(tx, slice.stream) === null
  const slices = lane === "live" ? readingIn(tx, lane) : sideBySide(tx)
  return slices.filter((slice) => !inForce(slice.lease, now) && isReady(slice) && !isQuarantineFull(tx, slice))
}

/** Of the parts of a list only the one that lies below the range: nothing says how far down it reaches. */
function beginsFirst({ edge, pageToken, isPart, top, range }: Slice): boolean {
  const isBegun = edge !== null || pageToken !== null
  return !isBegun && (!isPart || (top !== null && range !== null && top <= range.from))
}

/** A list whose first page comes before any further one of another. */
export function waitsToBegin(tx: Transaction): boolean {
  return freeSlices(tx, "backfill").some(beginsFirst)
}

/** How many slices a consumer that reads one already may have read beside it. */
export function readyBeside(tx: Transaction, lane: Lane): number {
  return holdUp(tx, lane) === null ? ready(tx, lane).length : 0
}

/** More only where lists may be cut: elsewhere it is not calls that a partner limits. */
function backfillsAtOnce({ state, connector }: Transaction): number {
  if (!connector.streams.some(({ parts }) => parts)) return BACKFILL_AT_ONCE
  return Math.max(BACKFILL_AT_ONCE, usefulAtOnce(state.answerMs, connector.limits.callsPerSecond))
}

function readingIn(tx: Transaction, lane: Lane): Slice[] {
  return slicesOf(tx.state).filter((slice) => slice.lane === lane && slice.state === "reading" && hasRun(tx, slice))
}

/** Slices of backfills that may be read at once, or wait to: of each stream the first list, with the parts that it was cut into. */
export function sideBySide(tx: Transaction): Slice[] {
  const reading = readingIn(tx, "backfill")
  const first = reading.filter((slice) => reading.find((other) => other.stream === slice.stream) === slice)
  return first.flatMap((slice) => partsToRead(tx, slice))
}

/** A slice is read on behalf of a run; after a failure it waits for the next one. */
function hasRun(tx: Transaction, slice: Slice): boolean {
  return runOf(tx, slice) !== null
}

export function runOf(tx: Transaction, slice: Slice): Run | null {
  if (slice.lane === "live") return tx.state.run
  const backfill = tx.state.backfills.find((one) => one.slices.includes(slice))
  return (backfill?.run && findRun(tx.state, backfill.run)) || null
}

/** Any stream may join two ids of a person, so too many joins that were refused stop all of them. */
export function isQuarantineFull(tx: Transaction, slice: Slice): boolean {
  return [...slice.collections, ALIAS].some((name) => (tx.state.counts[name]?.quarantined ?? 0) >= QUARANTINE_MAX)
}

/** The share of one slice in the partner's rate, and in that of its bucket, as many as are being read now. */
export function paceOf(tx: Transaction, { stream }: Slice): number {
  const { limits } = tx.connector
  const reading = slicesOf(tx.state).filter((slice) => inForce(slice.lease, tx.now))
  const pace = paceMs(limits, reading.length)
  const bucket = bucketOf(tx, stream)
  const limit = bucket === null ? undefined : limits.buckets?.[bucket]
  if (!limit) return pace
  return Math.max(pace, paceMs(limit, reading.filter((slice) => bucketOf(tx, slice.stream) === bucket).length))
}

function taskOf(tx: Transaction, slice: Slice): Omit<Task, "credential"> {
  const { state } = tx
  const { configuration } = state
  const { org, project, source, connector, config, account, identity } = configuration
  return {
    lease: { slice: slice.id, number: slice.lease?.number ?? 0 },
    until: slice.lease?.until ?? 0,
    ref: { org, project, source },
    connector,
    config,
    account,
    identity,
    clearing: clearingOf(configuration),
    collections: configuration.collections.filter((choice) => slice.collections.includes(choice.name)),
    stream: slice.stream,
    lane: slice.lane,
    window: slice.window,
    range: slice.range,
    pageToken: slice.pageToken,
    pageSize: slice.pageSize,
    completed: slice.lane === "live" ? (state.live[slice.stream]?.completed ?? []).map(completedKey) : [],
    page: slice.page,
    ...(slice.probe && { probe: slice.probe }),
    paceMs: paceOf(tx, slice),
    skewMs: state.clock.skewMs,
  }
}
