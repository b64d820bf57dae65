import { serialize } from "node:v8"
import { describe, expect, it } from "vitest"
import { CLAIM_BYTES_MAX, CLAIM_MS, CLAIM_ROWS, REFUSED_TRIES } from "../../../src/source/delivery/delivery.ts"
import { ROW_ITEMS } from "../../../src/source/delivery/outbox.ts"
import { PROTOCOL } from "../../../src/source/protocol/source.ts"
import { fact, HOUR, MINUTE, START, type World } from "../../support/source-world.ts"
import { claimed, delivery, facts, holding } from "./holding.ts"

describe("a claim", () => {
  it("hands out the oldest rows, as many as some rounds of parallel POSTs take", async () => {
    const world = await holding(facts((CLAIM_ROWS + 1) * ROW_ITEMS))
    const claim = await world.claim()
    expect(claim).toMatchObject({ until: START + CLAIM_MS, parallel: 5, destination: { key: "dest_1" } })
    expect(claim.rows.map(({ id }) => id)).toEqual(Array.from({ length: CLAIM_ROWS }, (_, row) => row * ROW_ITEMS))
  })

  it("asked for again with the same nonce is the same", async () => {
    const world = await holding(facts(1))
    const ask = { nonce: "n", protocol: PROTOCOL }
    expect(await world.engine.claim(ask)).toEqual(await world.engine.claim(ask))
  })

  it("is one consumer's at a time", async () => {
    const world = await holding(facts(1))
    await world.claim()
    expect(await claimed(world)).toMatchObject({ kind: "later", at: START + CLAIM_MS })
    world.advance(CLAIM_MS)
    expect(await claimed(world)).toMatchObject({ kind: "given" })
  })

  it("is not given while nothing waits, without a destination, or to a consumer of another version", async () => {
    const world = await holding([])
    expect((await claimed(world)).kind).toBe("idle")
    const waiting = await holding(facts(1))
    await waiting.configure({ destination: null, destinationVersion: 2 })
    expect((await claimed(waiting)).kind).toBe("idle")
    expect(await delivery(waiting)).toMatchObject({ state: "no_destination", waiting: 1 })
    const old = await holding(facts(1))
    const wakes = old.wakes.length
    expect((await old.engine.claim({ nonce: "n", protocol: PROTOCOL + 1 })).kind).toBe("later")
    expect(old.wakes).toHaveLength(wakes)
  })

  it("is renewed by a report, at the latest when a quarter of it has passed", async () => {
    const world = await holding(facts(200))
    const claim = await world.claim()
    world.advance(CLAIM_MS / 3)
    const [first] = claim.rows
    await world.report({ ...claim, rows: first ? [first] : [] }, "delivered", { done: false })
    expect(world.state().claim?.until).toBe(world.now() + CLAIM_MS)
  })
})

describe("delivered", () => {
  it("rows are gone, and the run that took them is over with the last of them", async () => {
    const world = await holding(facts(60))
    const claim = await world.claim()
    for (const row of claim.rows) await world.report({ ...claim, rows: [row] }, "delivered", { done: false })
    expect(world.store.outbox()).toEqual([])
    expect((await world.view()).lastRun).toMatchObject({
      state: "succeeded",
      collections: { Orders: { accepted: 60 } },
    })
  })

  it("one report costs the row it removes, and no other", async () => {
    const world = await holding(facts(200))
    const claim = await world.claim()
    world.store.written.length = 0
    const [first] = claim.rows
    await world.report({ ...claim, rows: first ? [first] : [] }, "delivered", { done: false })
    expect(world.store.written).toEqual([{ core: false, alarm: false, rows: 1 }])
  })

  it("is believed under an old claim: the destination has them", async () => {
    const world = await holding(facts(10))
    const old = await world.claim()
    world.advance(CLAIM_MS)
    const current = await world.claim()
    expect(await world.report(old, "delivered")).toBe("stop")
    expect(world.store.outbox()).toEqual([])
    expect(await world.report(current, "delivered")).toBe("stop")
    expect((await world.view()).collections[0]).toMatchObject({ accepted: 10, delivered: 10, waiting: 0 })
  })

  it.each(["refused", "later", "rejected", "too_large"] as const)(
    "is all that is: %s under an old claim is not",
    async (outcome) => {
      const world = await holding(facts(10))
      const old = await world.claim()
      world.advance(CLAIM_MS)
      await world.claim()
      const before = world.state().delivery
      await world.report(old, outcome)
      expect(world.state().delivery).toEqual(before)
      expect(world.store.outbox()).toMatchObject([{ attempts: 0, items: 10 }])
    },
  )
})

describe("what may have been sent twice is counted", () => {
  it.each<[string, (world: World) => Promise<void>, number]>([
    [
      "rows whose acceptance could not be believed",
      async (world) => {
        await world.report(await world.claim(), "later", { status: 201 })
        world.advance(HOUR)
      },
      10,
    ],
    [
      "rows claimed again whose claim was never reported",
      async (world) => {
        await world.claim()
        world.advance(CLAIM_MS)
      },
      10,
    ],
    [
      "rows whose POST had no answer",
      async (world) => {
        await world.report(await world.claim(), "later", { status: 0 })
        world.advance(HOUR)
      },
      10,
    ],
    [
      "rows whose POST was answered by an error",
      async (world) => {
        await world.report(await world.claim(), "later", { status: 502 })
        world.advance(HOUR)
      },
      10,
    ],
    [
      "not rows that were told to wait",
      async (world) => {
        await world.report(await world.claim(), "later", { status: 429 })
        world.advance(HOUR)
      },
      0,
    ],
    [
      "not rows that were refused",
      async (world) => {
        await world.report(await world.claim(), "refused")
        world.advance(HOUR)
      },
      0,
    ],
    [
      "not rows of a claim that was let go of",
      async (world) => {
        await world.report(await world.claim(), "delivered", { rows: [] })
      },
      0,
    ],
  ])("%s", async (_title, arrange, expected) => {
    const world = await holding(facts(10))
    await arrange(world)
    await world.claim()
    expect((await delivery(world)).maybeRepeated).toBe(expected)
  })
})

describe("while the destination fails", () => {
  it("the whole source backs off, further each time, without end, and nothing is lost", async () => {
    const world = await holding(facts(10))
    const waits: number[] = []
    for (let round = 0; round < 40; round++) {
      await world.report(await world.claim(), "later")
      const { state, retryAt } = await delivery(world)
      expect(state).toBe("retrying")
      waits.push((retryAt ?? 0) - world.now())
      expect(await claimed(world)).toMatchObject({ kind: "later", at: retryAt })
      await world.until(retryAt ?? 0)
    }
    expect(waits.slice(0, 3)).toEqual([3_750, 7_500, 15_000])
    expect(Math.max(...waits)).toBeLessThanOrEqual(15 * MINUTE)
    expect(await world.deliver()).toHaveLength(10)
    expect((await delivery(world)).state).toBe("ok")
  })

  it("five POSTs that fail together are one attempt", async () => {
    const world = await holding(facts(250))
    const claim = await world.claim()
    for (const row of claim.rows) await world.report({ ...claim, rows: [row] }, "later", { done: false })
    expect(world.state().delivery.attempts).toBe(1)
  })

  it("a wait it asks for stands, although it takes another POST", async () => {
    const world = await holding(facts(100))
    const claim = await world.claim()
    const [first, second] = claim.rows.map((row) => ({ ...claim, rows: [row] }))
    const retryAt = START + HOUR
    if (first) await world.report(first, "later", { status: 429, retryAt, done: false })
    if (second) await world.report(second, "delivered")
    expect(await delivery(world)).toMatchObject({ state: "retrying", retryAt, waiting: 50 })
  })
})

describe("an answer that comes after the destination was replaced", () => {
  const other = {
    destination: { org: "o", project: "q", sourceId: "2", key: "sealed:dest_2", owner: "" },
    destinationVersion: 2,
  }

  it("does not make the new one wait", async () => {
    const world = await holding(facts(1))
    const claim = await world.claim()
    await world.configure(other)
    await world.report(claim, "later", { status: 429, retryAt: world.now() + HOUR })
    expect((await delivery(world)).retryAt ?? 0).toBeLessThan(world.now() + MINUTE)
  })

  it("does not give up for it what the former one refused", async () => {
    const world = await holding(facts(1))
    for (let times = 1; times < REFUSED_TRIES; times++) {
      await world.report(await world.claim(), "refused")
      world.advance(MINUTE)
    }
    const claim = await world.claim()
    await world.configure(other)
    await world.report(claim, "refused")
    expect((await world.deliver()).map(({ key }) => key)).toEqual(["k0"])
  })
})

describe("a claim of large rows", () => {
  // Ten letters beyond Latin-1 in each text make V8 send two bytes for each of its characters.
  const wide = (key: string) => fact(key, START, { data: { text: `${"x".repeat(990_000)}łłłłłłłłłł` } })
  const read = async () => {
    const world = await holding([])
    await world.engine.syncNow()
    const task = await world.lease("live")
    for (let page = 0; page < 4; page++) {
      const items = Array.from({ length: 5 }, (_, index) => wide(`k${5 * page + index}`))
      await world.page(task, { items, next: `t${page}` })
    }
    return { world, claim: await world.claim() }
  }

  it("takes as many as an object may answer, the oldest first; the others follow", async () => {
    const { world, claim } = await read()
    expect(serialize(claim).length).toBeLessThanOrEqual(CLAIM_BYTES_MAX)
    expect(claim.rows.map(({ id }) => id)).toEqual([0, 1, 2, 3, 4, 5, 6])
    await world.report(claim, "delivered")
    expect((await world.deliver()).length).toBe(20 - 7)
  })

  it("asked for again is the same", async () => {
    const { world } = await read()
    world.advance(CLAIM_MS)
    const ask = { nonce: "n", protocol: PROTOCOL }
    expect(await world.engine.claim(ask)).toEqual(await world.engine.claim(ask))
  })
})
