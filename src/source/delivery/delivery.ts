/** Decisions about forwarding: who may send which rows (claims), and what follows from the destination's answers. */
import { assign } from "../../lib/assign.ts"
import { backoffMs } from "../../lib/backoff.ts"
import { SENT_BYTES_OF_TEXT } from "../../lib/bytes.ts"
import type { OutboxItem } from "../protocol/encoded-item.ts"
import type { ClaimAsk, ForwardTask, OutboxRow, PostResult, Report, ReportAnswer } from "../protocol/forwarding.ts"
import { PROTOCOL } from "../protocol/source.ts"
import type { OutboxMeta } from "../state/changes.ts"
import { inForce } from "../state/lease.ts"
import type { Delivery } from "../state/state.ts"
import type { Transaction } from "../transaction.ts"
import { halve, nextSendable, sendable } from "./outbox.ts"
import { backToOutbox, quarantineItem } from "./quarantine.ts"
import { presentBody, storedItems } from "./stored-items.ts"

export const CLAIM_MS = 60_000
/** A report renews the claim when less than this is left of it; a row written each time would be dearer than the items. */
const RENEW_BELOW_MS = 45_000
/** POSTs under way at once. */
export const POSTS_AT_ONCE = 5
/** Rows a claim hands out: rounds enough of parallel POSTs that what lies between two claims, when none is under way, is little beside them. */
export const CLAIM_ROWS = 12 * POSTS_AT_ONCE
/** And at most this much, as sent: half of what the platform lets an object answer (`RPC_BYTES_MAX`); memory holds it twice. */
export const CLAIM_BYTES_MAX = 16_000_000
const SEND_RETRY_BASE_MS = 5_000
const SEND_RETRY_MAX_MS = 900_000
/** A destination that refuses everything is tried this often, and at once when it changes. */
export const TRIAL_MS = 900_000
/** Identical bytes pass later: transient 400s exist. Tries, and the time between two of them. */
export const REFUSED_TRIES = 3
export const REFUSED_AGAIN_MS = 20_000
/** So many single items refused in a row with none accepted: not the items' fault. */
export const REFUSED_SINGLES_MAX = 20
/**
 * Added to the attempts of a single item that went back to the outbox when everything seemed to be refused; its tries are counted anew
 * from there. Refused again, after the destination has accepted another, it is bad itself, and no longer counts towards "everything is
 * refused": as many bad items in a row would otherwise hold delivery up for ever.
 */
const WENT_BACK = 1_000

// --------------------------------------------------------------------------------------------------------- claims

export type ClaimDecision =
  | { kind: "given"; claim: Omit<ForwardTask, "destination"> }
  | { kind: "later"; at: number; reason: string }
  | { kind: "idle" }

export function claim(tx: Transaction, ask: ClaimAsk): ClaimDecision {
  const { state, now } = tx
  if (ask.protocol !== PROTOCOL) {
    const at = now + CLAIM_MS
    // Woken again at once, the old consumer would ask again at once.
    state.wakes.forward = { deadline: at, tries: 0 }
    return { kind: "later", at, reason: "another version of the consumer is due" }
  }
  delete state.wakes.forward
  if (!state.configuration.destination || tx.outbox.items === 0) return { kind: "idle" }
  if (inForce(state.claim, now)) {
    if (state.claim.nonce === ask.nonce) return { kind: "given", claim: taskOf(tx, state.claim.rows) }
    return { kind: "later", at: state.claim.until, reason: "another consumer is forwarding" }
  }
  const { retryAt, reason } = state.delivery
  if (retryAt !== null && retryAt > now) return { kind: "later", at: retryAt, reason: reason ?? "rows are held back" }
  return grantClaim(tx, ask.nonce)
}

function grantClaim(tx: Transaction, nonce: string): ClaimDecision {
  const { state, now, outbox } = tx
  const waiting = outbox.rows()
  const rows =
    state.delivery.state === "paused"
      ? trial(waiting, now)
      : sendable(waiting, now, CLAIM_ROWS, CLAIM_BYTES_MAX / SENT_BYTES_OF_TEXT)
  if (rows.length === 0) {
    state.delivery.retryAt = Math.max(nextSendable(waiting) ?? now, now + 1_000)
    return { kind: "later", at: state.delivery.retryAt, reason: "rows are held back" }
  }
  noteRepeats(tx, rows)
  state.claim = { number: ++state.leases, until: now + CLAIM_MS, nonce, rows: rows.map((row) => row.id) }
  return { kind: "given", claim: taskOf(tx, state.claim.rows) }
}

/**
 * While the destination rejects us, one row is enough to find out whether it still does: one that has not been tried yet, else the one
 * tried longest ago. A few that are bad themselves must not be tried for ever in place of a good one.
 */
function trial(waiting: readonly OutboxMeta[], now: number): OutboxMeta[] {
  const free = sendable(waiting, now, waiting.length)
  const [first] = [...free].sort((a, b) => a.notBefore - b.notBefore || a.id - b.id)
  return first ? [first] : []
}

/** Rows handed out before without an answer that settles it may have been taken: they are the only ones that can repeat. */
function noteRepeats(tx: Transaction, rows: readonly OutboxMeta[]): void {
  const { delivery, claim: last } = tx.state
  const unsure = new Set([...delivery.unsure, ...(last?.rows ?? [])])
  for (const row of rows) if (unsure.delete(row.id)) delivery.maybeRepeated += row.items
  delivery.unsure = [...unsure].filter((id) => tx.outbox.get(id))
}

function taskOf(tx: Transaction, ids: readonly number[]): Omit<ForwardTask, "destination"> {
  const { claim: held, configuration } = tx.state
  return {
    number: held?.number ?? 0,
    until: held?.until ?? 0,
    destinationVersion: configuration.destinationVersion,
    rows: readRows(tx, ids),
    parallel: POSTS_AT_ONCE,
  }
}

function readRows(tx: Transaction, ids: readonly number[]): OutboxRow[] {
  return tx.stored.outboxItems(ids).flatMap(({ id, body }) => {
    const meta = tx.outbox.get(id)
    if (!meta) return []
    const { items, objects, attempts } = meta
    return [{ id, items, objects, body: presentBody(tx, body), alone: attempts > 0 }]
  })
}

// -------------------------------------------------------------------------------------------------------- reports

/**
 * `delivered` is believed under any number and of any deploy: the destination has them. The rest only from the holder of the
 * current claim, and in our own words.
 */
export function report(tx: Transaction, { protocol, number, destinationVersion, results, done }: Report): ReportAnswer {
  const { state, now } = tx
  const current = state.claim?.number === number && protocol === PROTOCOL
  for (const result of results) {
    if (result.outcome === "delivered") rowsDelivered(tx, result.rows)
    else if (current) postAnswered(tx, result, destinationVersion)
  }
  if (current && done) state.claim = null
  if (!current || done || !state.claim) return { kind: "stop", reason: "the claim is over" }
  if (state.delivery.retryAt !== null && state.delivery.retryAt > now)
    return { kind: "stop", reason: state.delivery.reason ?? "the destination asked to wait" }
  if (state.claim.until - now < RENEW_BELOW_MS) state.claim.until = now + CLAIM_MS
  return { kind: "go", until: state.claim.until }
}

/** A report that takes rows out of the outbox and changes nothing else: then only those are written. Null: it is not one of them. */
export function reportPlainly(tx: Transaction, { protocol, number, results, done }: Report): ReportAnswer | null {
  const { claim: held, delivery } = tx.state
  if (protocol !== PROTOCOL || done || !held || held.number !== number || held.until - tx.now < RENEW_BELOW_MS)
    return null
  if (!isHealthy(delivery) || results.some((result) => result.outcome !== "delivered") || tx.outbox.isFull) return null
  for (const id of results.flatMap(({ rows }) => rows)) tx.outbox.remove(id)
  // With the last rows, runs may be over.
  return tx.outbox.items > 0 ? { kind: "go", until: held.until } : null
}

function isHealthy(delivery: Delivery): boolean {
  return delivery.state === "ok" && delivery.attempts === 0 && delivery.refused.length === 0
}

function rowsDelivered(tx: Transaction, rows: readonly number[]): void {
  const { delivery, claim: held } = tx.state
  for (const id of rows) tx.outbox.remove(id)
  if (held) held.rows = held.rows.filter((id) => !rows.includes(id))
  if (isHealthy(delivery)) return
  delivery.refused = []
  // A wait that the destination asked for stands, although it took a POST that was under way beside.
  if (delivery.state === "retrying" && delivery.retryAt !== null && delivery.retryAt > tx.now) return
  if (delivery.state === "paused") releaseTrials(tx)
  assign(delivery, { state: "ok", reason: null, retryAt: null, attempts: 0 })
}

/** Rows that were put aside so that the next trial was another one go with the others again. */
function releaseTrials(tx: Transaction): void {
  for (const { id, notBefore } of tx.outbox.rows())
    if (notBefore > tx.now + REFUSED_AGAIN_MS) tx.outbox.update(id, { notBefore: tx.now })
}

/** What the destination said of rows that it did not take. A report that comes twice counts once: its rows are not held any more. */
function postAnswered(tx: Transaction, answer: PostResult, destinationVersion: number): void {
  const { delivery, claim: held, configuration } = tx.state
  const rows = answer.rows.filter((id) => held?.rows.includes(id))
  if (!held || rows.length === 0) return
  held.rows = held.rows.filter((id) => !rows.includes(id))
  const result = { ...answer, rows }
  // What was said before the key or the destination was replaced says nothing of the new one.
  if (destinationVersion !== configuration.destinationVersion) {
    if (result.outcome === "later" && mayBeTaken(result.status)) delivery.unsure.push(...rows)
  } else if (result.outcome === "later") wait(tx, result)
  else if (result.outcome === "refused") refused(tx, result, answer.rows.length > 1)
  else if (result.outcome === "too_large") tooLarge(tx, result, answer.rows.length > 1)
  else pause(delivery, result.reason, tx.now)
}

/** Whatever the destination said, nothing of it is lost. */
function kept(reason: string): string {
  return `${/[.!?]$/.test(reason) ? reason : `${reason}.`} What was read is kept and sent again by itself.`
}

function pause(delivery: Delivery, reason: string, now: number): void {
  assign(delivery, { state: "paused", reason: kept(reason), retryAt: now + TRIAL_MS })
}

/** The whole source backs off: the destination's trouble is not one row's. */
function wait(tx: Transaction, { rows, status, reason, retryAt }: PostResult): void {
  const { delivery } = tx.state
  if (mayBeTaken(status)) delivery.unsure.push(...rows)
  if (delivery.state === "paused") {
    delivery.retryAt = tx.now + TRIAL_MS
    return
  }
  // Several POSTs of one claim fail together: that is one attempt, not five.
  if (delivery.retryAt === null || delivery.retryAt <= tx.now) delivery.attempts++
  const until = tx.now + backoffMs(delivery.attempts - 1, SEND_RETRY_BASE_MS, SEND_RETRY_MAX_MS, tx.random.next())
  assign(delivery, {
    state: "retrying",
    reason: kept(reason),
    retryAt: Math.max(delivery.retryAt ?? 0, retryAt ?? 0, until),
  })
}

/**
 * Without an answer, with one that could not be believed (2xx), or after an error of its own, the destination may have taken them; a
 * 429 says that it did not.
 */
function mayBeTaken(status: number): boolean {
  return status === 0 || (status >= 200 && status < 300) || status === 408 || status >= 500
}

/**
 * The same bytes again first; then halves, down to the one bad item. What travelled with others is not judged by that answer: it goes
 * by itself next. A row's attempts are one for being alone, and one for each refusal alone.
 */
function refused(tx: Transaction, { rows, reason }: PostResult, wereJoined: boolean): void {
  if (tx.state.delivery.state === "paused") {
    trialRefused(tx, rows, reason)
    return
  }
  for (const id of rows) {
    const row = tx.outbox.get(id)
    if (!row) continue
    const attempts = Math.max(row.attempts, 1) + (wereJoined ? 0 : 1)
    tx.outbox.update(id, { attempts, notBefore: tx.now + REFUSED_AGAIN_MS })
    if (attempts % WENT_BACK > REFUSED_TRIES) split(tx, [id], reason)
  }
}

/**
 * The next trial is another row: one that really is bad must not keep the others waiting. One of several items is halved, since good
 * ones may travel with bad ones.
 */
function trialRefused(tx: Transaction, rows: readonly number[], reason: string): void {
  for (const id of rows) {
    const items = tx.outbox.get(id)?.items ?? 0
    if (items > 1) split(tx, [id], reason)
    else tx.outbox.update(id, { notBefore: tx.now + 2 * TRIAL_MS })
  }
  tx.state.delivery.retryAt = tx.now + TRIAL_MS
}

/** Rows that were joined go by themselves next, whatever their size: only one that is too large alone is halved. */
function tooLarge(tx: Transaction, { rows, reason }: PostResult, wereJoined: boolean): void {
  if (!wereJoined) split(tx, rows, reason)
  else for (const id of rows) tx.outbox.update(id, { attempts: Math.max(tx.outbox.get(id)?.attempts ?? 0, 1) })
}

function split(tx: Transaction, rows: readonly number[], reason: string): void {
  for (const { id, body } of tx.stored.outboxItems(rows)) {
    const row = tx.outbox.get(id)
    const items = storedItems(tx, body)
    if (!row) continue
    tx.outbox.remove(id)
    if (items.length === 1 && items[0]) quarantineSingle(tx, items[0], reason, row)
    else
      for (const half of halve({ ...row, attempts: Math.max(row.attempts, 1) }, items, tx.now)) tx.outbox.insert(half)
  }
}

/** A single item refused for good. Too many in a row: they go back, and delivery pauses as for a rejected key. */
function quarantineSingle(tx: Transaction, item: OutboxItem, reason: string, { run, attempts }: OutboxMeta): void {
  const { delivery } = tx.state
  const id = quarantineItem(tx, item, reason, run)
  if (id === null || attempts >= WENT_BACK) return
  delivery.refused.push(id)
  if (delivery.refused.length < REFUSED_SINGLES_MAX) return
  backToOutbox(tx, delivery.refused, WENT_BACK + 1)
  delivery.refused = []
  forgetRefusals(tx)
  pause(delivery, `The destination refuses everything, last with: ${reason}`, tx.now)
}

/** What the destination said while it refused everything says nothing of the rows that still wait. */
function forgetRefusals(tx: Transaction): void {
  for (const { id, attempts } of tx.outbox.rows())
    if (attempts > 1 && attempts < WENT_BACK) tx.outbox.update(id, { attempts: 1 })
}

/** A changed destination or key is tried at once, and has accepted nothing yet. */
export function destinationChanged(tx: Transaction): void {
  releaseTrials(tx)
  for (const { id, attempts } of tx.outbox.rows()) if (attempts > 1) tx.outbox.update(id, { attempts: 1 })
  assign(tx.state.delivery, { state: "ok", reason: null, retryAt: null, attempts: 0, refused: [] })
}
