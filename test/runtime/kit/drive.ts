/**
 * Waiting for a source: by looking at its real progress, and by moving the clock to its next deadline whenever nothing but time
 * is missing. Nothing here sleeps for a guess.
 */
import { runDurableObjectAlarm, runInDurableObject } from "cloudflare:test"
import { expect } from "vitest"
import type { State } from "../../../src/source/state/state.ts"
import { slicesOf } from "../../../src/source/state/state.ts"
import { PackedStore } from "../../../src/worker/packed-store.ts"
import { SqlStore } from "../../../src/worker/sqlite-store.ts"
import { json, problem } from "../../support/api.ts"
import { advance, advanceTo, MINUTE, now, pause, realNow, SECOND, wakings } from "./clock.ts"
import { ask, type Source, stubOf } from "./source.ts"
import type { World } from "./world.ts"

/**
 * Somebody holds work and shows no sign of life for so many looks: killed, or waiting for the clock. Looks and not milliseconds: all
 * share one isolate, so whoever lives gets his turn between two looks, however slow the machine is. A living reader that is taken for
 * dead has its pages read twice.
 */
const QUIET_LOOKS = 30
/** The same, where every request under way, or a consumer that sleeps, waits for the clock. */
const ASLEEP_LOOKS = 6
/** Of real time. */
const PATIENCE_MS = 40_000

export interface Seen {
  state: State
  /** Items in the outbox. */
  waiting: number
  alarm: number | null
}

/** The object's own rows, as a restart would find them. */
export function look(source: Source): Promise<Seen> {
  return runInDurableObject(stubOf(source), async (_, { storage }) => {
    const store = new PackedStore(new SqlStore(storage))
    const state = JSON.parse(store.core() ?? "") as State
    const waiting = store.outbox().reduce((sum, { items }) => sum + items, 0)
    return { state, waiting, alarm: await storage.getAlarm() }
  })
}

export const isAtRest = ({ state, waiting }: Seen): boolean =>
  waiting === 0 &&
  [state.others, state.backfills, Object.keys(state.wakes)].every((list) => list.length === 0) &&
  state.run === null &&
  state.claim === null &&
  Object.values(state.live).every((live) => live.slice === null)

/** Resolves once the condition holds of the source. Lets time pass as far as the source waits for it. */
export async function until(world: World, source: Source, holds: (seen: Seen) => boolean): Promise<Seen> {
  const patience = realNow() + PATIENCE_MS
  let mark = ""
  for (let quiet = 0; ; await pause()) {
    const seen = await look(source)
    if (holds(seen)) return seen
    if (realNow() > patience) throw new Error(`it did not come to that: ${JSON.stringify(seen).slice(0, 4000)}`)
    const next = `${JSON.stringify(seen)} ${world.counters.log.length} ${world.flights.size}`
    quiet = next === mark ? quiet + 1 : 0
    mark = next
    if (isWaiting(world, seen) || quiet > patienceWith(world)) {
      await letTimePass(world, source, seen)
      quiet = 0
    }
  }
}

/**
 * Resolves once the condition holds, and lets no time pass but real time. For counting what a run writes: a wake-up that a busy machine
 * is slow to deliver would be sent again, once the clock is moved on.
 */
export async function untilUnmoved(source: Source, holds: (seen: Seen) => boolean): Promise<Seen> {
  const patience = realNow() + PATIENCE_MS
  for (;;) {
    const seen = await look(source)
    if (holds(seen)) return seen
    if (realNow() > patience) throw new Error(`it did not come to that: ${JSON.stringify(seen).slice(0, 4000)}`)
    await pause()
  }
}

/** Until everything that is to be read has been read, and everything that was read has been delivered. */
export function settled(world: World, source: Source): Promise<Seen> {
  return until(world, source, isAtRest)
}

/** Sync now, once it may be pressed again, until all of it has arrived. Where a scheduled run has just begun, that one does it. */
export async function sync(world: World, source: Source): Promise<void> {
  advance(MINUTE + SECOND)
  source.syncedAt = now()
  const answer = await ask(source, "POST", "/sync")
  if (answer.status === 409) expect(await problem(answer)).toMatchObject({ code: "run_in_progress" })
  else await json(answer, 202)
  await settled(world, source)
}

/** Moves on to the source's next scheduled run, and has it done. */
export async function nextRun(world: World, source: Source): Promise<Seen> {
  const { state } = await look(source)
  advanceTo(state.nextRunAt ?? now())
  source.syncedAt = now()
  await runDurableObjectAlarm(stubOf(source))
  return settled(world, source)
}

/** Nobody has been given work or been told of any: only time brings the source on. */
function isWaiting(world: World, { state }: Seen): boolean {
  const leases = [state.claim, ...slicesOf(state).map(({ lease }) => lease)]
  const isHeld = leases.some((lease) => lease !== null && lease.until > now())
  return !isHeld && Object.keys(state.wakes).length === 0 && world.flights.size === 0 && wakings().length === 0
}

function patienceWith({ flights }: World): number {
  const isAsleep = flights.size + wakings().length > 0 && [...flights].every(({ answeredAt }) => answeredAt !== null)
  return isAsleep ? ASLEEP_LOOKS : QUIET_LOOKS
}

/** To the next thing that time brings: an answer that is late, a request given up, a sleep's end, or the source's own alarm. */
async function letTimePass(world: World, source: Source, { alarm }: Seen): Promise<void> {
  const flights = [...world.flights]
  // Somebody is being answered without waiting for anything: that is progress.
  if (flights.some(({ answeredAt }) => answeredAt === null)) return
  const times = flights.flatMap(({ until, answeredAt }) => [until, answeredAt ?? until])
  const next = Math.min(...times, ...wakings(), alarm ?? Number.POSITIVE_INFINITY)
  if (!Number.isFinite(next)) return
  advanceTo(next)
  if (alarm !== null && alarm <= now()) await runDurableObjectAlarm(stubOf(source))
}
