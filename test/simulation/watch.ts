/** What must hold at every moment: looked at after each commit, and at each call that was carried out. */

import type { Checkpoint, Settlement } from "../../src/source/protocol/fetching.ts"
import type { Report } from "../../src/source/protocol/forwarding.ts"
import { type Answer, PROTOCOL } from "../../src/source/protocol/source.ts"
import type { Changes } from "../../src/source/state/changes.ts"
import type { LiveStream, Slice } from "../../src/source/state/slices.ts"
import type { State, Tombstone } from "../../src/source/state/state.ts"
import { assertBounded, assertWithinReach } from "./bounds.ts"
import { createDeliveries, type Deliveries, type Former } from "./deliveries.ts"
import type { Disk } from "./disk.ts"
import { type Method, NEWER } from "./object.ts"
import { assertNewestFirst, assertPartsApart, assertWholeWhenCut } from "./parts.ts"
import { DAY } from "./scenario.ts"
import { type Story, stampOf, Violation } from "./story.ts"

/** Joins of two ids, as items. */
const JOINS = "alias"
/** The engine rounds no alarm, but sets none within a second of the last. */
const ALARM_SLACK_MS = 1_000
/** After its end, by which a claim is taken back. */
const CLAIM_NOTICED_MS = 60_000
/** No lease lasts longer. */
const LEASE_MOST_MS = 600_000
/** A bookmark: D1 holds it in a row that may have 2 MB. */
const TOMBSTONE_CHARS_MAX = 1_000_000
const SYNC_NOW_EVERY_MS = 60_000
/** Noticed when it is answered, which may be a little after it was decided. */
const SLOW_ANSWER_MS = 1_000

export interface Watch {
  committed(disk: Disk, before: string | null, changes: Changes): void
  calling(call: { method: Method; args: readonly unknown[] } | null): void
  carriedOut(method: Method, args: readonly unknown[], result: unknown): void
  posting(ids: readonly string[]): void
  posted(ids: readonly string[]): void
  /** Which items may arrive again. */
  deliveries: Deliveries
  /** The last committed state; null: none, or erased. */
  state: State | null
  erasedAt: number | null
  /** When the last live run whose reading succeeded was started, our clock. */
  lastReadRun: number | null
  /** Items of rows that were given out again although they may have been taken: all that may be repeated. */
  excused: number
  /** Resyncs begun, by collection. */
  resyncs: Record<string, number>
}

export interface WatchParts {
  now(): number
  /** The object's own clock. */
  objectNow(): number
  isRinging(): boolean
  story: Story
  /** The source's own id. */
  scope: string
  /** The deleted source that it goes on from, and resyncs of it, which go on too. */
  former: (Former & Pick<Watch, "resyncs">) | null
}

export function createWatch({ now, objectNow, isRinging, story, scope, former }: WatchParts): Watch {
  /** Row -> its items, of rows given out and not settled by a report. */
  const unsettled = new Map<number, number>()
  /** Items of POSTs under way -> by how much the object's clock was ahead when they were sent. */
  const underWay = new Map<string, number>()
  /** Live runs, by the true time. */
  const begunAt = new Map<string, number>()
  /** The object's own clock has been set. */
  let wasSet = false
  let lastNow = objectNow()
  let setBackAt = Number.NEGATIVE_INFINITY
  let claimNumber = 0
  let call: { method: Method; args: readonly unknown[] } | null = null
  let syncedAt = Number.NEGATIVE_INFINITY
  const watch: Watch = {
    state: null,
    erasedAt: null,
    lastReadRun: null,
    excused: 0,
    resyncs: { ...former?.resyncs },
    deliveries: createDeliveries({
      scope,
      isReadAgain: (collection) => Object.hasOwn(watch.resyncs, collection),
      isUnderWay: (id) => underWay.has(id),
      former,
      story,
    }),
    committed(disk, before, changes) {
      if (disk.core === null) return
      const isSame = disk.core === before && watch.state !== null
      const core = isSame ? (watch.state as State) : (JSON.parse(disk.core) as State | Tombstone)
      if (isTombstone(core)) {
        watch.erasedAt ??= now()
        watch.state = null
        if (disk.alarm !== null) throw new Violation("an erased source has an alarm")
        if (JSON.stringify(core).length > TOMBSTONE_CHARS_MAX) throw new Violation("a bookmark is too large")
        return
      }
      if (watch.erasedAt !== null) throw new Violation("an erased source came back")
      if (Object.hasOwn(core, NEWER)) return assertUntouched(changes)
      const last = before === null ? null : watch.state
      if (last && disk.core !== before) compare(last, core)
      granted(core, disk)
      assertNothingTaken(changes)
      watch.deliveries.committed(changes, call, last?.claim ?? null)
      if (objectNow() < lastNow) setBackAt = objectNow()
      lastNow = objectNow()
      assertPartsApart(core)
      assertBounded(core, disk, changes, lastNow, lastNow < setBackAt + LEASE_MOST_MS)
      wasSet ||= objectNow() !== now()
      if (wasSet && disk.core !== before) assertWithinReach(core, objectNow())
      assertArmed(core, disk.alarm, disk.outbox.size > 0)
      assertDelivered(changes, disk)
      if (core.run && !begunAt.has(core.run.id)) begunAt.set(core.run.id, now())
      if (
        last?.run &&
        !core.run &&
        [...core.others.map(({ id }) => id), ...core.idle.map(([id]) => id)].includes(last.run.id)
      )
        watch.lastReadRun = begunAt.get(last.run.id) ?? now()
      tellChanges(last, core)
      watch.state = core
    },
    calling(next) {
      call = next
    },
    carriedOut(method, args, result) {
      if (isOfAnotherDeploy(args[0])) assertTurnedAway(method, result)
      if (method === "report") reported(args[0] as Report)
      if (method === "syncNow") synced(result as Answer<{ run: string }>)
    },
    posting(ids) {
      const setBy = objectNow() - now()
      for (const id of new Set(ids)) {
        // A clock that was set ahead meanwhile has ended the claim early.
        if ((underWay.get(id) ?? -Infinity) >= setBy && !isReadAgain(id))
          throw new Violation(`two POSTs with ${id} are under way at once: a claim is held by two`)
        underWay.set(id, setBy)
      }
    },
    posted(ids) {
      for (const id of ids) underWay.delete(id)
    },
  }
  return watch

  /** A resync sends again what may still be waiting, since its user accepted repeats; a join of two ids may be told twice. */
  function isReadAgain(id: string): boolean {
    const collection = id.split("/")[1] ?? ""
    return collection === JOINS || Object.hasOwn(watch.resyncs, collection)
  }

  /** Older code over a state it does not know may set an alarm, and nothing else. */
  function assertUntouched({ core, outbox, seen, pending, quarantine, runs }: Changes): void {
    const rows = [outbox, seen, pending, quarantine, runs].flatMap((table) => Object.values(table) as unknown[][])
    if (core !== null || rows.some((list) => list.length > 0))
      throw new Violation("older code wrote into the state of newer code")
  }

  /** What a reader of the story wants to know of a commit. */
  function tellChanges(last: State | null, next: State): void {
    for (const [name, live] of Object.entries(next.live)) {
      const was = last?.live[name]
      if (was?.cursor !== live.cursor) story.tell(() => `  the cursor of ${name} is now ${stampOf(live.cursor)}`)
      if (was?.slice?.no !== live.slice?.no && live.slice)
        story.tell(
          () =>
            `  window ${live.slice?.no} of ${name} is open from the watermark ${stampOf(live.slice?.window.from ?? 0)}`,
        )
    }
    const ids = new Set(last ? runsOf(last) : [])
    for (const id of runsOf(next)) if (!ids.delete(id)) story.tell(() => `  ${id} begins`)
    for (const id of ids) story.tell(() => `  ${id} ends`)
    if (last?.delivery.state !== next.delivery.state) story.tell(() => `  delivery is ${next.delivery.state}`)
    if (last?.error?.code !== next.error?.code) story.tell(() => `  the status is ${next.error?.code ?? "well"}`)
  }

  function runsOf({ run, others }: State): string[] {
    return [...(run ? [run] : []), ...others].map(({ id, kind }) => `${id} (${kind})`)
  }

  function compare(last: State, next: State): void {
    if (next.leases < last.leases) throw new Violation("the number of grants went back")
    const slices = new Map(slicesOf(next).map((slice) => [slice.id, slice]))
    for (const was of slicesOf(last)) {
      assertOneHolder(was, slices.get(was.id))
      assertOwnHolder(was, slices.get(was.id))
    }
    assertNewestFirst(last, next, objectNow())
    assertWholeWhenCut(last, next)
    const [was, is] = [last.claim, next.claim]
    if (was && is && was.number !== is.number && isInForce(was))
      throw new Violation(`claim ${is.number} was given while claim ${was.number} is in force`)
    const known = new Set(last.backfills.map(({ id }) => id))
    for (const { id, kind, slices } of next.backfills) {
      const name = slices[0]?.collections[0]
      if (kind === "resync" && name && !known.has(id)) watch.resyncs[name] = (watch.resyncs[name] ?? 0) + 1
    }
    const { tooLate = null } = next.clock
    const limit = tooLate && tooLate.window !== last.clock.tooLate?.window ? tooLate.limit : null
    for (const [name, live] of Object.entries(last.live)) assertCursor(name, live, next.live[name], limit)
  }

  /** What another deploy says is not understood; only that something was delivered is believed. */
  function assertTurnedAway(method: Method, result: unknown): void {
    const kind = (result as { kind?: string } | null | undefined)?.kind ?? null
    if (kind !== "gone" && kind !== (TURNED_AWAY[method] ?? null))
      throw new Violation(`${method} of another deploy was answered ${kind}`)
  }

  function assertNothingTaken({ outbox, quarantine }: Changes): void {
    if (!call || !isOfAnotherDeploy(call.args[0])) return
    if (outbox.insert.length > 0 || quarantine.put.length > 0)
      throw new Violation(`${call.method} of another deploy was believed`)
  }

  /** Work is changed by who holds it: a lease of a lower number is void. */
  function assertOwnHolder(was: Slice, is: Slice | undefined): void {
    if (!was.lease || !isInForce(was.lease) || (call?.method !== "checkpoint" && call?.method !== "settle")) return
    const { lease } = call.args[0] as Checkpoint | Settlement
    if (lease.slice !== was.id || lease.number === was.lease.number) return
    if (is?.page === was.page && is.lease?.number === was.lease.number) return
    throw new Violation(
      `a ${call.method} under lease ${lease.number} changed ${was.id}, held under lease ${was.lease.number}`,
    )
  }

  /** A lease that ends later than any may was given while the clock was ahead. */
  function isInForce({ until }: { until: number }): boolean {
    return until > objectNow() && until <= objectNow() + LEASE_MOST_MS
  }

  function assertOneHolder(was: Slice, is: Slice | undefined): void {
    if (!was.lease || !is?.lease || was.lease.number === is.lease.number || !isInForce(was.lease)) return
    throw new Violation(`lease ${is.lease.number} of ${is.id} was given while lease ${was.lease.number} is in force`)
  }

  /** `limit`: the partner's clock is found to have been behind what was expected, and all that lies above comes down to it. */
  function assertCursor(name: string, was: LiveStream, is: LiveStream | undefined, limit: number | null): void {
    const least = limit === null ? was.cursor : Math.min(was.cursor, limit)
    if (!is || is.cursor < least) throw new Violation(`the cursor of ${name} went back`)
    assertMoved(name, was, is)
  }

  function assertMoved(name: string, was: LiveStream, is: LiveStream): void {
    if (is.movedFrom == null || is.cursor === was.cursor || !was.slice) return
    const least = Math.min(was.slice.bottom ?? was.cursor, is.cursor - DAY)
    if (is.movedFrom < least)
      throw new Violation(`no bound is kept: ${name} awaits facts from ${least - is.movedFrom} ms before it need`)
  }

  /** What becomes due has its alarm in the same commit. */
  function assertArmed(state: State, alarm: number | null, hasItems: boolean): void {
    // After a transaction that threw, the engine looks again when it has waited: what is due waits with it.
    if (isRinging() || state.trouble > 0) return
    const wakes = Object.values(state.wakes).map((wake) => wake.deadline)
    const leases = slicesOf(state).flatMap(({ lease }) => (lease && !lease.lapsed ? [lease.until] : []))
    const runs = state.nextRunAt === null ? [] : [state.nextRunAt]
    // One that ran out is looked for with the alarm of its consumer's wake-up: within the time that a wake-up may take.
    const claims = state.claim && hasItems ? [state.claim.until + CLAIM_NOTICED_MS] : []
    const retries = hasItems && state.delivery.retryAt !== null ? [state.delivery.retryAt] : []
    const times = [...wakes, ...leases, ...runs, ...claims, ...retries, ...againAt(state)]
    const due = Math.min(...times.filter((time) => time > objectNow()), Number.POSITIVE_INFINITY)
    if (due === Number.POSITIVE_INFINITY || (alarm !== null && alarm <= due + ALARM_SLACK_MS)) return
    if (alarm === null && state.alarmAt !== null && state.alarmAt <= objectNow()) return
    throw new Violation(`due at ${due}, but the alarm is ${alarm === null ? "not set" : `set for ${alarm}`}`)
  }

  /** What failed for now is tried again in time. */
  function againAt(state: State): number[] {
    if (!state.configuration.active || state.error !== null) return []
    const isRead = ({ state: is, lane, id }: Slice) =>
      is === "reading" &&
      (lane === "live"
        ? state.run !== null
        : state.backfills.some(({ run, slices }) => run !== null && slices.some((one) => one.id === id)))
    return slicesOf(state).flatMap((slice) => (isRead(slice) && slice.notBefore > 0 ? [slice.notBefore] : []))
  }

  /** A run has not succeeded while items of it wait; the oldest of too many that wait ends as partial. */
  function assertDelivered({ runs }: Changes, { outbox }: Disk): void {
    for (const { body } of runs.put) {
      const { id, state } = JSON.parse(body) as { id: string; state: string }
      if (state === "failed" || state === "partial") continue
      for (const row of outbox.values())
        if (row.run === id) throw new Violation(`${id} is said to be ${state}, and items of it wait`)
    }
  }

  // ------------------------------------------------------------------------------------------------------- claims

  /** Noticed by what is committed: a claim counts as given even where its answer never left. */
  function granted(state: State, disk: Disk): void {
    if (!state.claim || state.claim.number === claimNumber) return
    claimNumber = state.claim.number
    for (const id of state.claim.rows) {
      const items = disk.outbox.get(id)?.items ?? 0
      if (unsettled.has(id)) watch.excused += items
      unsettled.set(id, items)
    }
  }

  function synced(answer: Answer<{ run: string }>): void {
    if (!answer.ok) return
    if (answer.run === "") throw new Violation("Sync now started no run, and said that it did")
    // By the object's clock, which may have been set meanwhile.
    const since = objectNow() - syncedAt
    if (since >= 0 && since < SYNC_NOW_EVERY_MS - SLOW_ANSWER_MS)
      throw new Violation("Sync now was repeated within a minute")
    syncedAt = objectNow()
  }

  function reported({ protocol, number, results }: Report): void {
    const isOurs = protocol === PROTOCOL && number === claimNumber
    for (const { rows, outcome } of results) {
      const settles = outcome === "delivered" || (isOurs && outcome !== "later")
      if (settles) for (const id of rows) unsettled.delete(id)
    }
  }
}

/** How another deploy's calls are answered; left out: by nothing. */
const TURNED_AWAY: Partial<Record<Method, string>> = {
  lease: "later",
  claim: "later",
  checkpoint: "stale",
  report: "stop",
}

function isOfAnotherDeploy(ask: unknown): boolean {
  const { protocol = PROTOCOL } = (ask ?? {}) as { protocol?: number }
  return protocol !== PROTOCOL
}

function isTombstone(core: State | Tombstone): core is Tombstone {
  return "erased" in core
}

/** The simulator's own: a slice that the shipped code forgot to look at is looked at here. */
export function slicesOf({ live, backfills }: State): Slice[] {
  const open = Object.values(live).flatMap(({ slice }) => (slice ? [slice] : []))
  return [...open, ...backfills.flatMap(({ slices }) => slices)]
}
