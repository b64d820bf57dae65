/**
 * What is due: called at the end of every turn. Starts the scheduled run, ends leases that ran out and runs that are over, names
 * the wake-ups to send and the time at which to look again.
 */
import { retryDeniedDaily, takeUp } from "../backfill/takeup.ts"
import { checkHoldsUntil, dailyTryAt } from "../credentials/checking.ts"
import { isRenewing, keepAt } from "../credentials/token.ts"
import type { QueueName } from "../ports.ts"
import { endLive, endPasses } from "../reading/ending.ts"
import { expireLeases, stopFull } from "../reading/failure.ts"
import { areKeysFull, heldBackBy, mayRead, ready } from "../reading/lease.ts"
import { openWindows } from "../reading/live.ts"
import { sourceWait } from "../reading/waits.ts"
import { inForce } from "../state/grant.ts"
import type { Run } from "../state/state.ts"
import { coarse, slicesOf } from "../state/state.ts"
import type { Turn } from "../turn.ts"
import { finishDelivered, newRun } from "./run.ts"
import { nextRunAfter } from "./schedule.ts"

/** A wake-up without an answer is sent again after this, doubling. */
export const WAKE_AGAIN_MS = 120_000
export const WAKE_AGAIN_MAX_MS = 3_600_000
/** Least time between two alarms. */
export const ALARM_GAP_MS = 1_000
/** A live run out of turn, to raise the floor under a long pass, at most this often. */
export const FLOOR_RUN_EVERY_MS = 600_000

const PUBLISH_AGAIN_MS = 60_000

export interface Due {
  wakes: QueueName[]
  /** To be set with the commit; null: leave it as it is. */
  alarm: number | null
}

export function plan(turn: Turn): Due {
  expireLeases(turn)
  startDue(turn)
  stopFull(turn)
  endLive(turn)
  endPasses(turn)
  finishDelivered(turn)
  const wakes = (["fetch", "backfill", "forward"] as const).filter((queue) => needsWake(turn, queue))
  return { wakes, alarm: nextAlarm(turn) }
}

/** Missed times collapse into one run; while one is still being read, its time passes. */
function startDue(turn: Turn): void {
  const { state, now } = turn
  if (!mayRead(turn)) {
    state.nextRunAt = null
    return
  }
  state.nextRunAt ??= schedule(turn)
  if (state.nextRunAt <= now) {
    state.nextRunAt = schedule(turn)
    startLive(turn, "schedule")
  } else if (needsHigherFloor(turn)) startLive(turn, "schedule")
}

export function schedule(turn: Turn): number {
  const { source, intervalHours } = turn.state.configuration
  return nextRunAfter(turn.now, source, intervalHours)
}

/** Starts a live run, and takes up passes that ended with a failure. Null: one is being read already. */
export function startLive(turn: Turn, trigger: Run["trigger"]): Run | null {
  const { state } = turn
  retryDeniedDaily(turn)
  for (const pass of state.passes) takeUp(turn, pass)
  if (state.run) return null
  const run = newRun(turn, "live", trigger)
  state.run = run
  state.lastLiveAt = turn.now
  openWindows(turn)
  return run
}

/** A long pass fills `seen` with what the live floor has not passed: reading live moves it. */
function needsHigherFloor(turn: Turn): boolean {
  return isFloorNeeded(turn) && turn.state.run === null && floorRunAt(turn) <= turn.now
}

/** Where a window was left by a failed run, nothing is gained by failing more often: the schedule tries again. */
function isFloorNeeded(turn: Turn): boolean {
  const { live, passes } = turn.state
  if (!areKeysFull(turn) || Object.values(live).some(({ slice }) => slice)) return false
  return passes.some((pass) => pass.run !== null)
}

function floorRunAt({ state }: Turn): number {
  return (state.lastLiveAt ?? 0) + FLOOR_RUN_EVERY_MS
}

/** When a live run next raises the floor, so that keys can be forgotten; null: none is planned. */
export function nextFloorAt(turn: Turn): number | null {
  const times = [turn.state.nextRunAt, isFloorNeeded(turn) ? floorRunAt(turn) : null].filter((time) => time !== null)
  return times.length > 0 ? Math.min(...times) : null
}

/** Work is there, nobody was told or the one told has not answered in time. */
function needsWake(turn: Turn, queue: QueueName): boolean {
  const { state, now } = turn
  if (!(queue === "forward" ? canForward(turn) : canFetch(turn, queue))) {
    delete state.wakes[queue]
    return false
  }
  const sent = state.wakes[queue]
  if (sent && sent.deadline > now) return false
  const tries = sent ? sent.tries + 1 : 0
  state.wakes[queue] = { deadline: now + Math.min(WAKE_AGAIN_MS * 2 ** tries, WAKE_AGAIN_MAX_MS), tries }
  return true
}

function canFetch(turn: Turn, queue: "fetch" | "backfill"): boolean {
  const lane = queue === "fetch" ? "live" : "backfill"
  if (!mayRead(turn) || checkHoldsUntil(turn) !== null) return false
  if (isRenewing(turn) || sourceWait(turn.state, turn.now) || heldBackBy(turn, lane)) return false
  return ready(turn, lane).length > 0
}

function canForward(turn: Turn): boolean {
  const { state, now, outbox } = turn
  if (!state.configuration.destination || outbox.items === 0 || inForce(state.claim, now)) return false
  return state.delivery.retryAt === null || state.delivery.retryAt <= now
}

/**
 * The earliest time at which something becomes due. Written only when the alarm set is later or past, or when nothing but the
 * schedule is left, so that an idle run costs two alarms' rows and not three.
 */
function nextAlarm(turn: Turn): number | null {
  const { state, now } = turn
  const due = dueTimes(turn)
  const wanted = due.length > 0 ? Math.max(Math.min(...due), now + ALARM_GAP_MS) : null
  const set = state.alarmAt !== null && state.alarmAt > now ? state.alarmAt : null
  if (wanted === null || wanted === set) return null
  const onlySchedule = wanted === state.nextRunAt
  if (set !== null && set < wanted && !onlySchedule) return null
  state.alarmAt = wanted
  return wanted
}

function dueTimes(turn: Turn): number[] {
  const { state, now } = turn
  const slices = slicesOf(state).filter((slice) => slice.state === "reading")
  const times = [
    state.nextRunAt,
    ...(mayRead(turn) ? Object.values(state.waits).map(({ until }) => until) : []),
    canRetry(turn) ? state.delivery.retryAt : null,
    state.claim && turn.outbox.items > 0 ? state.claim.until : null,
    ...Object.values(state.wakes).map((wake) => wake.deadline),
    ...slices.map((slice) => (slice.lease && !slice.lease.lapsed ? slice.lease.until : null)),
    ...(mayRead(turn) ? slices.map((slice) => slice.notBefore) : []),
    isFloorNeeded(turn) ? floorRunAt(turn) : null,
    isRenewing(turn) ? (state.token?.intent?.until ?? null) : null,
    keepDue(turn),
    tryDue(turn),
    mayRead(turn) ? checkHoldsUntil(turn) : null,
    state.published === coarse(state) ? null : now + PUBLISH_AGAIN_MS,
  ]
  return times.filter((time) => time !== null && time > now) as number[]
}

function keepDue({ state, now }: Turn): number | null {
  const at = keepAt(state)
  return at === null ? null : Math.max(at, now + ALARM_GAP_MS)
}

function tryDue({ state, now }: Turn): number | null {
  const at = dailyTryAt(state)
  return at === null ? null : Math.max(at, now + ALARM_GAP_MS)
}

function canRetry(turn: Turn): boolean {
  return turn.outbox.items > 0 && turn.state.configuration.destination !== null
}
