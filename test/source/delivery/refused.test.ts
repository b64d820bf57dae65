import { describe, expect, it } from "vitest"
import type { Item } from "../../../src/connectors/kit/item.ts"
import {
  CLAIM_MS,
  REFUSED_AGAIN_MS,
  REFUSED_SINGLES_MAX,
  REFUSED_TRIES,
  TRIAL_MS,
} from "../../../src/source/delivery/delivery.ts"
import { itemsOf } from "../../support/encoded.ts"
import { choose, DAY, fact, HOUR, MINUTE, person, START, sourceWorld, type World } from "../../support/source-world.ts"
import { answerEach, claimed, delivery, facts, holding } from "./holding.ts"

describe("a rejected key", () => {
  it("pauses delivery, keeps everything, and probes with one row every 15 minutes, for 20 days", async () => {
    const world = await holding(facts(200))
    await world.configure({ intervalHours: 24 })
    await world.report(await world.claim(), "rejected")
    expect(await delivery(world)).toMatchObject({ state: "paused", retryAt: START + TRIAL_MS, waiting: 200 })
    let probes = 0
    while (world.now() < START + 20 * DAY) {
      await world.until(world.state().delivery.retryAt ?? 0)
      await world.drain("live")
      const claim = await world.claim()
      expect(claim.rows).toHaveLength(1)
      await world.report(claim, "rejected")
      probes++
    }
    expect(probes).toBe((20 * DAY) / TRIAL_MS)
    expect((await delivery(world)).waiting).toBe(200)
    await world.configure({ destinationVersion: 2 })
    expect(world.wakes.at(-1)).toBe("forward")
    expect(await world.deliver()).toHaveLength(200)
    expect(await delivery(world)).toMatchObject({ state: "ok", waiting: 0 })
  })

  it("that was changed while the POST was under way is not judged by its answer", async () => {
    const world = await holding(facts(1))
    const claim = await world.claim()
    await world.configure({ destinationVersion: 2 })
    await world.report(claim, "rejected")
    expect((await delivery(world)).state).toBe("ok")
  })

  it("is probed with another row each time, so that a bad one does not keep the others waiting", async () => {
    const world = await holding(facts(200))
    await world.report(await world.claim(), "rejected")
    const probed: number[] = []
    for (let probe = 0; probe < 3; probe++) {
      await world.until((await delivery(world)).retryAt ?? 0)
      const claim = await world.claim()
      probed.push(claim.rows[0]?.id ?? -1)
      await world.report(claim, "refused")
    }
    expect(new Set(probed.slice(0, 2)).size).toBe(2)
  })

  it("mended, takes the rows at once that probes had put aside", async () => {
    for (const mend of ["a new key", "a probe that is taken"] as const) {
      const world = await holding(facts(200))
      await world.report(await world.claim(), "rejected")
      await world.until((await delivery(world)).retryAt ?? 0)
      await world.report(await world.claim(), "refused")
      if (mend === "a new key") await world.configure({ destinationVersion: 2 })
      else {
        await world.until((await delivery(world)).retryAt ?? 0)
        await world.report(await world.claim(), "delivered")
      }
      await world.deliver()
      expect(await delivery(world), mend).toMatchObject({ state: "ok", waiting: 0 })
    }
  })

  it("is not probed each second while all that waits is held back behind a bad row", async () => {
    const world = await holding([...facts(0), person("p", START)])
    await world.report(await world.claim(), "rejected")
    await world.until((await delivery(world)).retryAt ?? 0)
    await world.report(await world.claim(), "refused")
    await world.drain("live")
    await world.engine.syncNow()
    await world.page(await world.lease("live"), { items: [person("p", world.now(), "Bea")] })
    world.wakes.length = 0
    await world.until(world.now() + TRIAL_MS)
    const probe = await claimed(world)
    expect(probe.kind).toBe("later")
    expect(probe.kind === "later" ? probe.at - world.now() : 0).toBeGreaterThan(MINUTE)
  })
})

describe("a refused row", () => {
  const again = async (world: World) => {
    await world.report(await world.claim(), "refused")
    await world.until(world.now() + REFUSED_AGAIN_MS)
  }

  it(`is sent as it is ${REFUSED_TRIES} times over a minute, alone, and then halved`, async () => {
    const world = await holding(facts(50))
    for (let times = 0; times < REFUSED_TRIES; times++) {
      expect(world.store.outbox()).toMatchObject([{ items: 50 }])
      await again(world)
    }
    expect(world.store.outbox()).toMatchObject([
      { id: 0, items: 25 },
      { id: 25, items: 25 },
    ])
    expect((await world.claim()).rows.every(({ alone }) => alone)).toBe(true)
  })

  it("is not sent again at once, while the others are", async () => {
    const world = await holding(facts(100))
    const claim = await world.claim()
    const [first] = claim.rows
    await world.report({ ...claim, rows: first ? [first] : [] }, "refused")
    expect((await world.claim()).rows.map(({ id }) => id)).toEqual([50])
  })

  it("reported twice counts once", async () => {
    const world = await holding(facts(50))
    const claim = await world.claim()
    await world.report(claim, "refused", { done: false })
    const once = world.store.outbox()
    await world.report(claim, "refused", { done: false })
    expect(world.store.outbox()).toEqual(once)
  })

  it("that travelled with others is not judged by their answer: it has all of its tries by itself", async () => {
    const world = await holding(facts(100))
    await world.report(await world.claim(), "refused")
    for (let tries = 0; tries < REFUSED_TRIES; tries++) {
      expect(world.store.outbox()).toMatchObject([{ items: 50 }, { items: 50 }])
      world.advance(REFUSED_AGAIN_MS)
      const claim = await world.claim()
      for (const row of claim.rows) await world.report({ ...claim, rows: [row] }, "refused", { done: row.id > 0 })
    }
    expect(world.store.outbox().map(({ items }) => items)).toEqual([25, 25, 25, 25])
  })

  it("comes down to the one bad item, which is quarantined; the other 49 are delivered", async () => {
    const world = await holding(facts(50))
    const delivered: string[] = []
    for (let rounds = 0; world.store.outbox().length > 0; rounds++) {
      expect(rounds).toBeLessThan(60)
      const answer = await claimed(world)
      if (answer.kind !== "given") {
        await world.until((await delivery(world)).retryAt ?? 0)
        continue
      }
      for (const row of answer.claim.rows) {
        const isBad = itemsOf(row).some(({ key }) => key === "k17")
        if (!isBad) delivered.push(...itemsOf(row).map(({ key }) => key))
        await world.report({ ...answer.claim, rows: [row] }, isBad ? "refused" : "delivered", { done: false })
      }
      await world.report(answer.claim, "delivered", { rows: [] })
    }
    expect(new Set(delivered).size).toBe(49)
    const view = await world.view()
    expect(view.collections[0]).toMatchObject({ accepted: 50, delivered: 49, waiting: 0, quarantined: 1 })
    expect(view.lastRun).toMatchObject({ state: "partial" })
    const page = await world.engine.quarantine({ limit: 10, cursor: null })
    expect(page).toMatchObject({ entries: [{ key: "k17", reason: "refused", kind: "item", collection: "Orders" }] })
  })

  it("too large is halved at once, and a single item too large is quarantined", async () => {
    const world = await holding(facts(2))
    await answerEach(world, "too_large", await world.claim())
    world.advance(CLAIM_MS)
    expect(world.store.outbox()).toMatchObject([{ items: 1 }, { items: 1 }])
    await answerEach(world, "too_large", await world.claim())
    world.advance(CLAIM_MS)
    expect((await world.view()).collections[0]).toMatchObject({ waiting: 0, quarantined: 2, delivered: 0 })
  })

  it("too large only together with others goes by itself next, whole", async () => {
    const world = await holding(facts(100))
    await world.report(await world.claim(), "too_large")
    expect(world.store.outbox()).toMatchObject([{ items: 50 }, { items: 50 }])
    expect((await world.claim()).rows.every(({ alone }) => alone)).toBe(true)
  })
})

/** A forwarder that works until then: each row in a POST of its own, with the answer that the destination has for it. */
async function forward(world: World, until: number, isAccepted: (items: readonly Item[]) => boolean): Promise<Item[]> {
  const accepted: Item[] = []
  while (world.now() < until) {
    const answer = await claimed(world)
    if (answer.kind === "idle") break
    if (answer.kind === "later") world.advance(Math.max(1_000, answer.at - world.now()))
    if (answer.kind !== "given") continue
    for (const row of answer.claim.rows) {
      const isGood = isAccepted(itemsOf(row))
      if (isGood) accepted.push(...itemsOf(row))
      await world.report({ ...answer.claim, rows: [row] }, isGood ? "delivered" : "refused", { done: false })
    }
    await world.report({ ...answer.claim, rows: [] }, "later")
  }
  return accepted
}

describe("while delivery is paused", () => {
  it("good items that wait in one row with bad ones are found, and delivery goes on", async () => {
    const world = await holding(facts(60))
    const isAccepted = (items: readonly Item[]) => items.every(({ collection }) => collection !== "Orders")
    await forward(world, world.now() + HOUR, isAccepted)
    expect((await delivery(world)).state).toBe("paused")
    await world.engine.syncNow()
    const people = Array.from({ length: 39 }, (_, index) => person(`p${index}`, world.now()))
    await world.page(await world.lease("live"), { items: [fact("bad", world.now()), ...people], edge: null })
    expect(await forward(world, world.now() + 7 * DAY, isAccepted)).toHaveLength(people.length)
  })

  it("whatever a passing fault had refused is tried as often again before it is given up", async () => {
    const world = await holding(facts(22))
    await forward(world, world.now() + HOUR, () => false)
    expect((await delivery(world)).state).toBe("paused")
    // One is accepted, then none for less time than the tries of one item take.
    let wellFrom = Number.POSITIVE_INFINITY
    const isAccepted = () => {
      const isFirst = wellFrom === Number.POSITIVE_INFINITY
      if (isFirst) wellFrom = world.now() + 1.5 * REFUSED_AGAIN_MS
      return isFirst || world.now() >= wellFrom
    }
    expect(await forward(world, world.now() + 4 * HOUR, isAccepted)).toHaveLength(22)
  })
})

describe(`${REFUSED_SINGLES_MAX} single items refused in a row`, () => {
  /** So many items, alone in their rows, after they were refused to the end. */
  async function refusedSingles(count: number): Promise<World> {
    const world = await holding(facts(count))
    for (let rounds = 0; world.store.outbox().some(({ items }) => items > 1); rounds++) {
      expect(rounds).toBeLessThan(10)
      await answerEach(world, "too_large", await world.claim())
      world.advance(CLAIM_MS)
    }
    return world
  }

  it("are not the items' fault: they return to the outbox, and delivery pauses", async () => {
    const world = await refusedSingles(REFUSED_SINGLES_MAX)
    await answerEach(world, "too_large", await world.claim())
    world.advance(CLAIM_MS)
    const view = await world.view()
    expect(view.delivery).toMatchObject({ state: "paused", waiting: REFUSED_SINGLES_MAX })
    expect(view.collections[0]).toMatchObject({ quarantined: 0, waiting: REFUSED_SINGLES_MAX, delivered: 0 })
    expect(world.store.quarantine(null, 100)).toEqual([])
    await world.configure({ destinationVersion: 2 })
    expect(await world.deliver()).toHaveLength(REFUSED_SINGLES_MAX)
    expect((await world.view()).lastRun).toMatchObject({ state: "succeeded" })
  })

  it("are bad themselves, where they are refused again after another was accepted", async () => {
    const world = await refusedSingles(REFUSED_SINGLES_MAX)
    await answerEach(world, "too_large", await world.claim())
    world.advance(CLAIM_MS)
    await world.engine.syncNow()
    await world.page(await world.lease("live"), { items: [fact("good", world.now())] })
    for (let claims = 0; (await delivery(world)).waiting > 0; claims++) {
      expect(claims).toBeLessThan(100)
      const { retryAt } = await delivery(world)
      await world.until(Math.max(retryAt ?? 0, world.now() + REFUSED_AGAIN_MS))
      const claim = await world.claim()
      for (const row of claim.rows) {
        const isGood = itemsOf(row).some(({ key }) => key === "good")
        await world.report({ ...claim, rows: [row] }, isGood ? "delivered" : "refused", {
          done: row === claim.rows.at(-1),
        })
      }
    }
    expect(await delivery(world)).toMatchObject({ state: "ok" })
    expect(world.store.quarantine(null, 100)).toHaveLength(REFUSED_SINGLES_MAX)
  })

  it("one fewer stay in quarantine", async () => {
    const world = await refusedSingles(REFUSED_SINGLES_MAX - 1)
    await answerEach(world, "too_large", await world.claim())
    world.advance(CLAIM_MS)
    expect(await delivery(world)).toMatchObject({ state: "ok", waiting: 0 })
  })

  it("with one accepted between stay in quarantine too", async () => {
    const world = await refusedSingles(REFUSED_SINGLES_MAX + 1)
    const claim = await world.claim()
    const [first, ...rest] = claim.rows.map((row) => ({ ...claim, rows: [row] }))
    for (const row of rest.slice(0, 15)) await world.report(row, "too_large", { done: false })
    if (first) await world.report(first, "delivered", { done: false })
    for (const row of rest.slice(15)) await world.report(row, "too_large", { done: false })
    expect((await delivery(world)).state).toBe("ok")
  })
})

describe("an object's newer state", () => {
  it("waits while an older one is undelivered", async () => {
    const world = await holding([person("p", START)])
    await world.claim()
    await world.engine.syncNow()
    await world.page(await world.lease("live"), { items: [person("p", START + 1, "Bea"), person("q", START + 1)] })
    world.advance(CLAIM_MS)
    const claim = await world.claim()
    expect(claim.rows.flatMap(itemsOf).map(({ userAttributes }) => userAttributes?.name)).toEqual(["Ada"])
    await world.report(claim, "delivered")
    expect(await world.deliver()).toHaveLength(2)
  })

  it("makes an older one that is refused pointless: it is not quarantined", async () => {
    const world = await holding([person("p", START)])
    const claim = await world.claim()
    await world.engine.syncNow()
    await world.page(await world.lease("live"), { items: [person("p", START + 1, "Bea")] })
    await world.report(claim, "too_large")
    const people = (await world.view()).collections.find(({ name }) => name === "People")
    expect(people).toMatchObject({ quarantined: 0, accepted: 1, waiting: 1, delivered: 0 })
    expect(await world.deliver()).toMatchObject([{ userAttributes: { name: "Bea" } }])
  })
})

it("an item that no request could carry is quarantined, cut short, and the rest of its page is delivered", async () => {
  const world = sourceWorld()
  await world.configure({ collections: choose("Orders") })
  const huge = fact("huge", START, { data: { text: "語".repeat(400_000) } })
  await world.page(await world.lease("live"), { items: [huge, fact("a", START)] })
  expect(await world.deliver()).toMatchObject([{ key: "a" }])
  const page = await world.engine.quarantine({ limit: 1, cursor: null })
  expect(page).toMatchObject({ entries: [{ key: "huge", reason: expect.stringMatching(/larger than 1 MB/) }] })
  expect(JSON.stringify(page).length).toBeLessThan(600_000)
  expect(await world.engine.replay("all")).toEqual({ ok: true, replayed: 0, left: 1 })
})
