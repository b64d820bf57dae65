/**
 * What is due: called at the end of every transaction. Starts the scheduled run, ends leases that ran out and runs that are over, names
 * the wake-ups to send and the time at which to look again.
 */
import { HOUR_MS } from "../../lib/time.ts"
import { resumeBackfill, retryDeniedDaily } from "../backfill/resume.ts"
import { checkHoldsUntil, dailyTryAt } from "../credentials/checking.ts"
import { isRenewing, keepAt } from "../credentials/token.ts"
import { CLAIM_MS } from "../delivery/delivery.ts"
import type { QueueName } from "../ports.ts"
import { endBackfills, endLive } from "../reading/ending.ts"
import { heldBackBy, mayRead, ready } from "../reading/lease.ts"
import { openWindows } from "../reading/live.ts"
import { expireLeases, stopFull } from "../reading/settlement.ts"
import { sourceWait } from "../reading/waits.ts"
import { inForce } from "../state/lease.ts"
import type { Run } from "../state/state.ts"
import { coarse, slicesOf } from "../state/state.ts"
import type { Transaction } from "../transaction.ts"
import { finishDelivered, newRun } from "./run.ts"
import { nextRunAfter } from "./schedule.ts"
import { watermarkRunAt } from "./watermark-run.ts"

/** A wake-up without an answer is sent again after this, doubling. */
export const WAKE_AGAIN_MS = 120_000
export const WAKE_AGAIN_MAX_MS = HOUR_MS
/** Least time between two alarms. */
export const ALARM_GAP_MS = 1_000

/**
 * A claim that ran out is looked for so much later: by then the alarm rings that was set when the consumer was woken, and an alarm of its
 * own would be a row for each run.
 */
const CLAIM_GRACE_MS = WAKE_AGAIN_MS - CLAIM_MS

const PUBLISH_AGAIN_MS = 60_000

export interface Due {
  wakes: QueueName[]
  /** To be set with the commit; null: leave it as it is. */
  alarm: number | null
}

export function plan(tx: Transaction): Due {
  expireLeases(tx)
  startDue(tx)
  stopFull(tx)
  endLive(tx)
  endBackfills(tx)
  finishDelivered(tx)
  const wakes = (["fetch", "backfill", "forward"] as const).filter((queue) => needsWake(tx, queue))
  return { wakes, alarm: nextAlarm(tx) }
}

/** Missed times collapse into one run; while one is still being read, its time passes. */
function startDue(tx: Transaction): void {
  const { state, now } = tx
  if (!mayRead(tx)) {
    state.nextRunAt = null
    return
  }
  state.nextRunAt ??= schedule(tx)
  if (state.nextRunAt <= now) {
    state.nextRunAt = schedule(tx)
    startLive(tx, "schedule")
  } else if (state.run === null && (watermarkRunAt(tx) ?? now + 1) <= now) startLive(tx, "schedule")
}

export function schedule(tx: Transaction): number {
  const { source, intervalHours } = tx.state.configuration
  return nextRunAfter(tx.now, source, intervalHours)
}

/** Starts a live run, and takes up backfills that ended with a failure. Null: one is being read already. */
export function startLive(tx: Transaction, trigger: Run["trigger"]): Run | null {
  const { state } = tx
  retryDeniedDaily(tx)
  for (const backfill of state.backfills) resumeBackfill(tx, backfill)
  if (state.run) return null
  const run = newRun(tx, "live", trigger)
  state.run = run
  state.lastLiveAt = tx.now
  openWindows(tx)
  return run
}

/** Work is there, nobody was told or the one told has not answered in time. */
function needsWake(tx: Transaction, queue: QueueName): boolean {
  const { state, now } = tx
  if (!(queue === "forward" ? canForward(tx) : canFetch(tx, queue))) {
    delete state.wakes[queue]
    return false
  }
  const sent = state.wakes[queue]
  if (sent && sent.deadline > now) return false
  const tries = sent ? sent.tries + 1 : 0
  state.wakes[queue] = { deadline: now + Math.min(WAKE_AGAIN_MS * 2 ** tries, WAKE_AGAIN_MAX_MS), tries }
  return true
}

function canFetch(tx: Transaction, queue: "fetch" | "backfill"): boolean {
  const lane = queue === "fetch" ? "live" : "backfill"
  if (!mayRead(tx) || checkHoldsUntil(tx) !== null) return false
  if (isRenewing(tx) || sourceWait(tx.state, tx.now) || heldBackBy(tx, lane)) return false
  if (lane === "backfill" && isEmptying(tx)) return false
  return ready(tx, lane).length > 0
}

/** History that was held back goes on once there is room for more than a page: else each page would cost a wake-up and a lease. */
function isEmptying({ outbox, state, now }: Transaction): boolean {
  return outbox.isHalfFull && inForce(state.claim, now)
}

function canForward(tx: Transaction): boolean {
  const { state, now, outbox } = tx
  if (!state.configuration.destination || outbox.items === 0 || inForce(state.claim, now)) return false
  return state.delivery.retryAt === null || state.delivery.retryAt <= now
}

/**
 * The earliest time at which something becomes due. It is set only if no alarm stands or a later one does, or if nothing but the schedule
 * is left; an earlier one is left to fire, so that an idle run costs two alarms' rows and not three.
 */
function nextAlarm(tx: Transaction): number | null {
  const { state, now } = tx
  const due = dueTimes(tx)
  const wanted = due.length > 0 ? Math.max(Math.min(...due), now + ALARM_GAP_MS) : null
  const set = state.alarmAt !== null && state.alarmAt > now ? state.alarmAt : null
  if (wanted === null || wanted === set) return null
  const onlySchedule = wanted === state.nextRunAt
  if (set !== null && set < wanted && !onlySchedule) return null
  state.alarmAt = wanted
  return wanted
}

function dueTimes(tx: Transaction): number[] {
  const { state, now } = tx
  const slices = slicesOf(state).filter((slice) => slice.state === "reading")
  const times = [
    state.nextRunAt,
    ...(mayRead(tx) ? Object.values(state.waits).map(({ until }) => until) : []),
    canRetry(tx) ? state.delivery.retryAt : null,
    state.claim && tx.outbox.items > 0 ? state.claim.until + CLAIM_GRACE_MS : null,
    ...Object.values(state.wakes).map((wake) => wake.deadline),
    ...slices.map((slice) => (slice.lease && !slice.lease.lapsed ? slice.lease.until : null)),
    ...(mayRead(tx) ? slices.map((slice) => slice.notBefore) : []),
    watermarkRunAt(tx),
    isRenewing(tx) ? (state.token?.intent?.until ?? null) : null,
    keepDue(tx),
    tryDue(tx),
    mayRead(tx) ? checkHoldsUntil(tx) : null,
    state.published === coarse(state) ? null : now + PUBLISH_AGAIN_MS,
  ]
  return times.filter((time) => time !== null && time > now) as number[]
}

function keepDue({ state, now }: Transaction): number | null {
  const at = keepAt(state)
  return at === null ? null : Math.max(at, now + ALARM_GAP_MS)
}

function tryDue({ state, now }: Transaction): number | null {
  const at = dailyTryAt(state)
  return at === null ? null : Math.max(at, now + ALARM_GAP_MS)
}

function canRetry(tx: Transaction): boolean {
  return tx.outbox.items > 0 && tx.state.configuration.destination !== null
}
