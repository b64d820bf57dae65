/** Our own clock, set ahead by thirty days and back: what was noted meanwhile comes back into reach. */
import { describe, expect, it } from "vitest"
import { AHEAD_MAX_MS, bringBack } from "../../../src/source/clocks/clock.ts"
import { Outbox, toRows } from "../../../src/source/delivery/outbox.ts"
import { LEASE_MS } from "../../../src/source/reading/lease.ts"
import { blankSlice, streamsOf } from "../../../src/source/reading/slice.ts"
import { newRun } from "../../../src/source/runs/run.ts"
import type { Slice } from "../../../src/source/state/slices.ts"
import type { State } from "../../../src/source/state/state.ts"
import { freshState } from "../../../src/source/state/stored.ts"
import type { Transaction } from "../../../src/source/transaction.ts"
import { encoded } from "../../support/encoded.ts"
import {
  configurationOf,
  DAY,
  fact,
  HOUR,
  MINUTE,
  START,
  sourceWorld,
  transactionOf,
} from "../../support/source-world.ts"

const AHEAD = START + 30 * DAY

/** A state whose every time was noted by a clock that was thirty days ahead. */
function ahead(): Transaction {
  const tx = transactionOf({}, AHEAD)
  const { state } = tx
  const stream = streamsOf(tx, "live")[0]
  if (!stream || !state.live.feed) throw new Error("no stream")
  const lease = { number: 1, until: AHEAD + LEASE_MS, nonce: "n", lapsed: false }
  state.live.feed.slice = { ...blankSlice(tx, stream, "live:feed"), lease, notBefore: AHEAD, asideAt: AHEAD }
  state.live.feed.slice.stuck = { since: AHEAD, reason: "", days: 1, dayAt: AHEAD }
  const denied = { ...blankSlice(tx, stream, "p1:orders"), state: "denied" as const, notBefore: AHEAD }
  state.backfills = [
    {
      id: "p1",
      kind: "initial",
      slices: [denied],
      run: null,
      trigger: "schedule",
      overlap: null,
      share: null,
      recordsOfParts: 0,
    },
  ]
  Object.assign(state, {
    ...{ nextRunAt: AHEAD + HOUR, lastSyncNowAt: AHEAD, lastLiveAt: AHEAD },
    ...{ waits: { source: { until: AHEAD, reason: "" } }, wakes: { fetch: { deadline: AHEAD, tries: 3 } } },
    operatorWait: { since: AHEAD, reason: "" },
    claim: { number: 2, until: AHEAD, nonce: "n", rows: [] },
    run: newRun(tx, "live", "schedule"),
    others: [{ ...newRun(tx, "initial", "schedule"), readAt: AHEAD }],
    clock: { ...state.clock, offSince: AHEAD, believedAt: AHEAD, readings: [{ at: AHEAD, skewMs: 0, spreadMs: 0 }] },
    token: {
      ...{
        grant: "g",
        version: 1,
        refused: false,
        intent: { id: "i", until: AHEAD },
        lost: 0,
        tries: 0,
        sentAt: AHEAD,
        isOver: false,
        renewedAt: AHEAD,
      },
      tokens: {
        ...{ access: "a", refresh: "r", client: "c" },
        ...{ expiresAt: START + 365 * DAY, lifeMs: 365 * DAY, refreshExpiresAt: AHEAD, refreshLifeMs: null },
      },
    },
  } satisfies Partial<State>)
  state.delivery.retryAt = AHEAD
  const place = { from: START, to: START + 1 }
  Object.assign(state.live.feed.slice, { sighted: { places: [place], seenAt: [START, AHEAD], run: "run_00000001" } })
  Object.assign(state, {
    checking: { since: AHEAD, reason: "", credentialVersion: 1, lastLease: 1 },
    error: { code: "reconnect", message: "", remedy: "", at: AHEAD },
    triedAt: AHEAD,
    steppedOver: { feed: [{ at: AHEAD, place }] },
    counts: { Orders: { accepted: 1, dropped: 0, late: 0, quarantined: 0, refused: 0, lastItemAt: AHEAD } },
  } satisfies Partial<State>)
  tx.outbox = new Outbox(toRows([encoded(fact("a", START))], "run_00000001", 1, 1, AHEAD))
  tx.now = START
  return tx
}

const deniedOf = ({ state }: Transaction) => state.backfills[0]?.slices[0]?.notBefore
const sliceOf = ({ state }: Transaction) => state.live.feed?.slice as Slice

describe("a time noted by a clock that was thirty days ahead", () => {
  it.each<[string, (tx: Transaction) => number | null | undefined, number | null | undefined]>([
    ["the next run is planned anew", ({ state }) => state.nextRunAt, null],
    ["Sync now", ({ state }) => state.lastSyncNowAt, START],
    ["the last live run", ({ state }) => state.lastLiveAt, START],
    ["a partner's wait", ({ state }) => state.waits.source?.until, START + AHEAD_MAX_MS.wait],
    ["a lease", (tx) => sliceOf(tx).lease?.until, START + AHEAD_MAX_MS.lease],
    ["a slice's next try", (tx) => sliceOf(tx).notBefore, START + AHEAD_MAX_MS.slice],
    ["since when a slice is set aside", (tx) => sliceOf(tx).asideAt, START],
    ["a denied slice's next try", deniedOf, START + AHEAD_MAX_MS.denied],
    ["since when a slice cannot be read", (tx) => sliceOf(tx).stuck?.since, START],
    ["a claim", ({ state }) => state.claim?.until, START + AHEAD_MAX_MS.claim],
    ["a wake-up", ({ state }) => state.wakes.fetch?.deadline, START + AHEAD_MAX_MS.wake],
    ["the destination's wait", ({ state }) => state.delivery.retryAt, START + AHEAD_MAX_MS.delivery],
    ["a row that is held back", ({ outbox }) => outbox.get(1)?.notBefore, START + AHEAD_MAX_MS.row],
    ["a token's intent", ({ state }) => state.token?.intent?.until, START + AHEAD_MAX_MS.intent],
    ["when a token was renewed is not known", ({ state }) => state.token?.renewedAt, null],
    ["when a refresh token was first sent", ({ state }) => state.token?.sentAt, START],
    ["since when an operator is waited for", ({ state }) => state.operatorWait?.since, START],
    ["a run's beginning", ({ state }) => state.run?.startedAt, START],
    ["a backfill's end of reading", ({ state }) => state.others[0]?.readAt, START],
    ["when an answer was believed", ({ state }) => state.clock.believedAt, START],
    ["since when none is", ({ state }) => state.clock.offSince, START],
    ["readings of the partner's clock", ({ state }) => state.clock.readings.length, 0],
    ["when a record was last found that always fails", (tx) => sliceOf(tx).sighted?.seenAt[1], START],
    ["when one was stepped over", ({ state }) => state.steppedOver?.feed?.[0]?.at, START],
    ["since when a credential is checked", ({ state }) => state.checking?.since, START],
    ["when the source stopped", ({ state }) => state.error?.at, START],
    ["when it last tried its credential", ({ state }) => state.triedAt, START],
    ["when an item was last taken", ({ state }) => state.counts.Orders?.lastItemAt, START],
    ["but not the life of a token", ({ state }) => state.token?.tokens.expiresAt, START + 365 * DAY],
    ["nor that of a refresh token", ({ state }) => state.token?.tokens.refreshExpiresAt, AHEAD],
  ])("%s", (_title, read, expected) => {
    const tx = ahead()
    bringBack(tx)
    expect(read(tx)).toBe(expected)
  })

  it("a refresh token that rests lasts no longer than the partner has said", () => {
    const tx = ahead()
    const { token } = tx.state
    if (!token) throw new Error("no token")
    token.tokens = {
      ...token.tokens,
      expiresAt: AHEAD + HOUR,
      lifeMs: HOUR,
      refreshExpiresAt: AHEAD + DAY,
      refreshLifeMs: DAY,
    }
    bringBack(tx)
    expect(token.tokens).toMatchObject({ expiresAt: START + HOUR, refreshExpiresAt: START + DAY })
  })

  it("is left nowhere, but where the partner or the user has set it", () => {
    const tx = ahead()
    bringBack(tx)
    const { tokens: _tokens, ...token } = tx.state.token ?? {}
    const left = JSON.stringify({ ...tx.state, token }).match(/\b\d{13}\b/g) ?? []
    expect(left.filter((time) => Number(time) > START + 2 * DAY)).toEqual([])
  })

  it("what lies within reach stays as it is", () => {
    const tx = ahead()
    tx.now = AHEAD
    const before = structuredClone(tx.state)
    bringBack(tx)
    expect(tx.state).toEqual(before)
    expect(tx.outbox.get(1)?.notBefore).toBe(AHEAD)
  })

  it("a fresh source has nothing to bring back", () => {
    const tx = transactionOf()
    bringBack(tx)
    expect(tx.state).toEqual({ ...freshState(configurationOf()), live: tx.state.live })
  })
})

describe("a source whose clock was thirty days ahead for a while", () => {
  it("is on its schedule again at the next transaction, and every run that began meanwhile ends", async () => {
    const world = sourceWorld()
    await world.configure()
    await world.drain("live")
    await world.drain("backfill")
    world.advance(30 * DAY)
    await world.engine.alarm()
    // The partner's answers are 30 days behind then: nothing of them is taken.
    await world.page(await world.lease("live"), { asked: START, items: [fact("a", START + MINUTE)] })
    expect(await world.engine.syncNow()).toMatchObject({ ok: false, code: "run_in_progress" })
    world.advance(-30 * DAY + HOUR)
    expect((await world.view()).nextRunAt).toBeLessThanOrEqual(world.now() + HOUR)
    expect(world.store.alarmAt).toBeLessThanOrEqual(world.now() + HOUR)
    await world.until(world.now() + 2 * HOUR)
    expect(world.state().live.feed?.cursor).toBe(START)
    await world.page(await world.lease("live"), { items: [fact("a", START + MINUTE)] })
    expect((await world.deliver()).map(({ key }) => key)).toEqual(["a"])
    expect(world.state().run).toBeNull()
    expect(world.state().live.feed?.cursor).toBe(world.now())
    expect(await world.engine.syncNow()).toMatchObject({ ok: true })
  })

  it("waits no longer than the partner had asked for", async () => {
    const world = sourceWorld()
    await world.configure()
    world.advance(30 * DAY)
    await world.settle(await world.lease("live"), {
      ...{
        kind: "limited",
        until: world.now() + MINUTE,
        reason: "Shop asks us to wait before the next call.",
        scope: "source",
      },
    })
    world.advance(-30 * DAY)
    expect(await world.refusedLease("live")).toMatchObject({ kind: "later", at: world.now() + MINUTE })
  })

  it("Sync now may be repeated after a minute, not after a month", async () => {
    const world = sourceWorld()
    await world.configure()
    await world.drain("live")
    world.advance(30 * DAY)
    await world.engine.syncNow()
    world.advance(-30 * DAY)
    await world.drain("live")
    expect(await world.engine.syncNow()).toMatchObject({ code: "too_soon", retryAfterSeconds: 60 })
    world.advance(MINUTE)
    const answer = await world.engine.syncNow()
    expect(answer.ok || answer.code).not.toBe("too_soon")
  })
})
