/** What an answer whose time is wrong does to a source: nothing, but that its page is asked for again. */
import { describe, expect, it } from "vitest"
import type { Item } from "../../../src/connectors/kit/item.ts"
import { CLOCK_TOLERANCE_MS } from "../../../src/source/clocks/skew.ts"
import { PROTOCOL } from "../../../src/source/protocol/source.ts"
import { beginningOf } from "../../../src/use-cases/check-account.ts"
import {
  choose,
  crowd,
  DAY,
  fact,
  HOUR,
  LOOKBACK,
  MINUTE,
  type Page,
  person,
  readWorld,
  START,
  type World,
} from "../../support/source-world.ts"

const SECOND = 1_000

/** Reads live once a minute; how far ahead of ours the pages are dated. */
async function readFor(world: World, minutes: number, skewMs: number, page: Page = {}): Promise<void> {
  for (const end = world.now() + minutes * MINUTE; world.now() < end; await world.until(world.now() + MINUTE)) {
    const answer = await world.engine.lease({ lane: "live", nonce: `n${world.now()}`, protocol: PROTOCOL })
    if (answer.kind === "given") await world.page(answer.task, { asked: world.now() + skewMs, ...page })
  }
}

const cursorOf = (world: World) => world.state().live.feed?.cursor
const keysOf = async (world: World) => (await world.deliver()).map(({ key }) => key)

describe("one answer dated half an hour ahead", () => {
  it("moves no cursor, brings no item, and is asked for again after seconds", async () => {
    const world = await readWorld()
    await world.until(START + HOUR)
    const items = [fact("a", START + MINUTE)]
    expect(await world.page(await world.lease("live"), { asked: world.now() + HOUR / 2, items })).toBe("stop")
    expect(cursorOf(world)).toBe(START)
    expect(await world.deliver()).toEqual([])
    const { current } = await world.view()
    expect(current[0]?.waits?.reason).toMatch(/^Shop dates its answers 30 min ahead of what is expected\./)
    await world.until(world.now() + 5 * SECOND)
    await world.page(await world.lease("live"), { items })
    expect(await keysOf(world)).toEqual(["a"])
    expect((await world.view()).lastRun).toMatchObject({ state: "succeeded", incomplete: [] })
  })

  it("costs the run one call, and the slice no attempt", async () => {
    const world = await readWorld()
    await world.until(START + HOUR)
    await world.page(await world.lease("live"), { asked: world.now() + HOUR / 2, items: [fact("a", START)] })
    expect(world.state().run).toMatchObject({ calls: 1, pages: 0, records: 0 })
    expect(world.state().live.feed?.slice).toMatchObject({ attempts: 0, lapses: 0, lease: null, page: 0 })
  })

  it("is found by the object's own clock: a consumer tells only how long ago it asked", async () => {
    const world = await readWorld()
    await world.until(START + HOUR)
    const task = await world.lease("live")
    world.advance(100 * SECOND)
    await world.page(task, { asked: START + HOUR, ageMs: 100 * SECOND })
    expect(cursorOf(world)).toBe(START + HOUR)
  })
})

describe("a partner's clock that was set half an hour ahead", () => {
  it("is believed after three answers over two minutes", async () => {
    const world = await readWorld()
    await world.until(START + HOUR)
    await readFor(world, 2, HOUR / 2)
    expect(cursorOf(world)).toBe(START)
    await readFor(world, 3, HOUR / 2)
    expect(world.state().clock).toMatchObject({ skewMs: HOUR / 2, offSince: null })
    expect(cursorOf(world)).toBeGreaterThanOrEqual(START + HOUR + HOUR / 2)
  })

  it("and back: what happened since is read again, dropped as older by nothing that was dated ahead, and said", async () => {
    const world = await readWorld()
    await world.until(START + HOUR)
    await readFor(world, 5, HOUR / 2)
    await world.until(START + 2 * HOUR)
    await world.page(await world.lease("live"), {
      asked: world.now() + HOUR / 2,
      items: [person("p", START + 2 * HOUR + HOUR / 2, "Ada")],
    })
    await world.deliver()
    const readAt = world.now()
    // Set back a minute later; both of these carry times that would count as read, and as old.
    const items = [person("p", readAt + 2 * MINUTE, "Grace"), fact("a", readAt + 3 * MINUTE)]
    await world.until(START + 3 * HOUR)
    await readFor(world, 2, 0)
    expect(await world.deliver()).toEqual([])
    await readFor(world, 3, 0, { items })
    expect(await keysOf(world)).toEqual(["p", "a"])
    expect(cursorOf(world)).toBeGreaterThanOrEqual(START + 3 * HOUR)
    expect((await world.view()).lastRun?.incomplete[0]?.reason).toMatch(
      /clock went back: what happened since 2026-11-01 14:00:00 UTC/,
    )
  })

  it("and back in the middle of a window: its bound comes down too", async () => {
    const world = await readWorld()
    await world.until(START + HOUR)
    await readFor(world, 5, HOUR / 2)
    await world.until(START + 2 * HOUR)
    await world.page(await world.lease("live"), { asked: world.now() + HOUR / 2, next: "t1" })
    await world.until(START + 2 * HOUR + 5 * MINUTE)
    await readFor(world, 4, 0, { next: "t2" })
    expect(world.state().live.feed?.slice?.bound).toBeLessThanOrEqual(START + 2 * HOUR)
  })
})

describe("a window that is read again after a clock was set back", () => {
  it("tells no older state after a newer one: what it notes from then on was dated rightly", async () => {
    const world = await readWorld()
    await world.until(START + HOUR)
    await readFor(world, 5, HOUR / 2)
    await world.until(START + 2 * HOUR + 5 * MINUTE)
    await readFor(world, 3, 0)
    const task = await world.lease("live")
    await world.page(task, { items: [person("p", world.now() - MINUTE, "Ada")], next: "t1" })
    await world.page(task, { items: [person("p", world.now() - 2 * MINUTE, "Grace")] })
    expect((await world.deliver()).map(({ userAttributes }) => userAttributes)).toEqual([{ name: "Ada" }])
  })
})

describe("a partner's clock that is days off", () => {
  it("is said by the run, which fails of it; the next one goes on, and nothing was read", async () => {
    const world = await readWorld()
    await world.until(START + HOUR)
    await readFor(world, 40, 3 * DAY)
    expect((await world.view()).lastRun).toMatchObject({
      state: "failed",
      reason: expect.stringMatching(
        /^Shop dates its answers 3 days ahead of ours\. .* tell Shop that its clock is off\. What was read is kept\./,
      ),
    })
    expect(cursorOf(world)).toBe(START)
    await world.until(START + 2.5 * HOUR)
    await readFor(world, 1, 0, { items: [fact("a", START + MINUTE)] })
    expect(await keysOf(world)).toEqual(["a"])
  })
})

describe("a stored cursor above the partner's time", () => {
  it.each([
    ["of a source that remembers its last answer", true],
    ["of one that does not", false],
  ])(
    "%s heals at the next answer: it is read again from the last time that something was read",
    async (_title, remembers) => {
      const world = await readWorld()
      await world.until(START + HOUR)
      await world.page(await world.lease("live"), { items: [fact("a", START + MINUTE)] })
      await world.deliver()
      tamper(world, (state) => {
        if (state.live.feed) state.live.feed.cursor = START + 30 * DAY
        if (!remembers) state.clock.believedAt = null
      })
      await world.until(START + 2 * HOUR)
      await readFor(world, 2, 0, { items: [fact("b", START + HOUR + 20 * MINUTE)] })
      expect(await keysOf(world)).toEqual(["b"])
      expect(cursorOf(world)).toBeLessThanOrEqual(world.now())
      expect((await world.view()).lastRun?.incomplete[0]?.reason).toMatch(/is read again/)
    },
  )

  it("of a collection that was switched off meanwhile comes down too: switched on, it is read from there", async () => {
    const world = await readWorld()
    await world.until(START + HOUR)
    await world.configure({ collections: choose("Orders") })
    const ahead = { from: START + 30 * DAY, to: START + 30 * DAY + HOUR }
    tamper(world, (state) => {
      if (state.live.feed) state.live.feed.cursor = ahead.to
      state.offAt = { People: { ...ahead } }
      state.backfillSpans = { Orders: [{ ...ahead }] }
    })
    await world.until(START + 2 * HOUR)
    await readFor(world, 2, 0)
    expect(world.state().backfillSpans).toEqual({ Orders: [] })
    await world.configure({ collections: choose("Orders", "People") })
    const ranges = world.state().backfills.flatMap(({ slices }) => slices.map(({ range }) => range))
    expect(ranges).toEqual([{ from: START, to: expect.any(Number) }])
    expect(ranges[0]?.to).toBeGreaterThan(START + HOUR)
  })

  it("is not taken for one while the answers themselves are doubted", async () => {
    const world = await readWorld()
    await world.until(START + HOUR)
    await readFor(world, 1, 0)
    // Our own clock falls back: the cursor is right, and ours is not.
    world.advance(-HOUR / 2)
    await readFor(world, 2, HOUR / 2)
    expect(cursorOf(world)).toBe(START + HOUR)
    await readFor(world, 3, HOUR / 2)
    expect(cursorOf(world)).toBeGreaterThanOrEqual(START + HOUR)
    expect((await world.view()).lastRun?.incomplete).toEqual([])
  })
})

describe("an object whose record is dated in the partner's future", () => {
  it("counts as of the time its page was asked for, so that real updates still backfill", async () => {
    const world = await readWorld()
    await world.until(START + HOUR)
    await world.page(await world.lease("live"), { items: [person("p", START + 30 * DAY, "Ada")] })
    expect(await world.deliver()).toMatchObject([{ key: "p", version: START + HOUR, time: START + HOUR }])
    await world.until(START + 2 * HOUR)
    await world.page(await world.lease("live"), { items: [person("p", START + HOUR + MINUTE, "Grace")] })
    expect(await world.deliver()).toMatchObject([{ version: START + HOUR + MINUTE }])
  })
})

describe("an event whose time lies in the future, which stands first in the feed until then", () => {
  const DUE = START + 2 * DAY

  /** Each page that the feed answers shows it again, before what is dated rightly. */
  async function shown(world: World, at: number, ...others: Item[]) {
    await world.until(at)
    const wrong = person("p", DUE, "Wrong", { announcedAt: DUE })
    await world.page(await world.lease("live"), { items: [wrong, ...others] })
    return (await world.deliver()).map(({ userAttributes }) => userAttributes?.name)
  }

  it("goes out once, and wins over no later state of its object", async () => {
    const world = await readWorld()
    expect(await shown(world, START + HOUR)).toEqual(["Wrong"])
    expect(await shown(world, START + 2 * HOUR)).toEqual([])
    const grace = person("p", START + 2 * HOUR + MINUTE, "Grace")
    expect(await shown(world, START + 3 * HOUR, grace)).toEqual(["Grace"])
    // Its object has changed without being told by it again.
    const late = person("p", START + 3 * HOUR + MINUTE, "Late")
    expect(await shown(world, START + 4 * HOUR, late)).toEqual(["Late"])
  })

  it("does not go out again once its time has come", async () => {
    const world = await readWorld()
    expect(await shown(world, START + HOUR)).toEqual(["Wrong"])
    const before = DUE - 2 * HOUR
    expect(await shown(world, before, person("p", before - MINUTE, "Grace"))).toEqual(["Grace"])
    expect(await shown(world, DUE + MINUTE)).toEqual([])
    expect(await shown(world, DUE + 2 * HOUR, person("p", DUE + HOUR, "Late"))).toEqual(["Late"])
  })

  it("is read again by a resync", async () => {
    const world = await readWorld()
    expect(await shown(world, START + HOUR)).toEqual(["Wrong"])
    await world.engine.resync("People", null)
    const wrong = person("p", DUE, "Wrong", { announcedAt: world.now() })
    await world.page(await world.lease("backfill"), { items: [wrong], edge: START, next: "t1" })
    expect((await world.deliver()).map(({ userAttributes }) => userAttributes?.name)).toEqual(["Wrong"])
  })

  it("is known again days later, among many keys, and after the object was evicted", async () => {
    const world = await readWorld()
    expect(await shown(world, START + HOUR)).toEqual(["Wrong"])
    for (let at = START + 2 * HOUR; at < DUE; at += 4 * HOUR) {
      if (at > START + DAY) world.restart()
      const grace = person("p", at - MINUTE, `Grace at ${at}`)
      expect(await shown(world, at, grace, ...crowd(at - 2 * MINUTE))).toContain(`Grace at ${at}`)
    }
  })

  it("of two such, the one that the feed shows first is the later, however often they are read", async () => {
    const world = await readWorld()
    const [first, second] = [person("p", START + 30 * DAY, "First"), person("p", START + 40 * DAY, "Second")]
    for (const [hours, names] of [
      [1, ["Second"]],
      [2, []],
    ] as const) {
      await world.until(START + hours * HOUR)
      await world.page(await world.lease("live"), { items: [second, first] })
      expect((await world.deliver()).map(({ userAttributes }) => userAttributes?.name)).toEqual(names)
    }
  })
})

describe("where live reading begins", () => {
  it.each([
    ["at the partner's time", -3 * MINUTE, -3 * MINUTE],
    ["not above ours", 40 * MINUTE, 0],
    ["nor more than an hour below", -5 * DAY, -HOUR],
  ])("%s", (_title, partner, expected) => expect(beginningOf(START + partner, START)).toBe(START + expected))
})

it("the tolerance lies well below every lookback", () => expect(CLOCK_TOLERANCE_MS).toBeLessThan(LOOKBACK / 2))

/** Changes what is stored, as code that knew no better would have left it. */
function tamper(world: World, change: (state: ReturnType<World["state"]>) => void): void {
  const state = world.state()
  change(state)
  const none = { put: [], remove: [] }
  const changes = {
    alarm: null,
    outbox: { insert: [], remove: [], update: [] },
    seen: none,
    pending: none,
    quarantine: none,
    runs: none,
  }
  world.store.commit({ ...changes, core: JSON.stringify(state) })
  world.restart()
}
