/** What an earlier version stored: outbox rows and quarantined items as JSON, without a text. */
import { describe, expect, it } from "vitest"
import type { Clearing } from "../../../src/api/enums.ts"
import type { Item } from "../../../src/connectors/kit/item.ts"
import { encodedIn } from "../../../src/source/protocol/outbox-body.ts"
import { NO_CHANGES } from "../../../src/source/state/changes.ts"
import { encoded } from "../../support/encoded.ts"
import { configurationOf, fact, HOUR, person, START, sourceWorld, type World } from "../../support/source-world.ts"
import { claimed } from "./holding.ts"

const { destination } = configurationOf()
const items = [
  fact("a", START),
  person("p", START, "Ada", { cleared: { shop_note: "text" } }),
  person("q", START),
  fact("b", START + 1),
]
const oldest = ({ announcedAt, ...item }: Item) => ({ ...item, place: announcedAt })

/** A source that had read the items, with its row as it was written then. */
async function updated(write: (item: Item) => object = (item) => item, clearing: Clearing = "empty"): Promise<World> {
  const world = sourceWorld()
  await world.configure({ destination: destination && { ...destination, clearing } })
  await world.drain("backfill")
  await world.page(await world.lease("live"), { items })
  const [meta] = world.store.outbox()
  if (!meta) throw new Error("nothing waits")
  const body = JSON.stringify(items.map(write))
  const row = { ...meta, body, bytes: body.length }
  const core = JSON.stringify({ ...world.state(), schema: 4 })
  world.store.commit({ ...NO_CHANGES, core, alarm: null, outbox: { insert: [row], remove: [row.id], update: [] } })
  world.restart()
  return world
}

/** As they go out one by one, in the end. */
async function texts(world: World): Promise<string[]> {
  const sent: string[] = []
  for (let answer = await claimed(world); answer.kind === "given"; answer = await claimed(world)) {
    sent.push(...answer.claim.rows.flatMap((row) => encodedIn(row.body).map(({ text }) => text)))
    await world.report(answer.claim, "delivered")
  }
  return sent
}

const textsOf = (clearing: Clearing = "empty") => items.map((item) => encoded(item, clearing).text)

describe("a row of an earlier version", () => {
  it("is delivered, with what is sent as it was", async () => {
    expect(await texts(await updated())).toEqual(textsOf())
  })

  it("is, too, where it has the names of before", async () => {
    expect(await texts(await updated(oldest))).toEqual(textsOf())
  })

  it("tells what was removed as the destination's setting says", async () => {
    expect(await texts(await updated(undefined, "null"))).toEqual(textsOf("null"))
  })

  it("is halved, and goes on in rows of now", async () => {
    const world = await updated()
    await world.report(await world.claim(), "too_large")
    expect(world.store.outbox()).toMatchObject([{ items: 2 }, { items: 2 }])
    expect(await texts(world)).toEqual(textsOf())
  })

  it("says what a deleted source had not delivered", async () => {
    const world = await updated(oldest)
    const { bookmark } = await world.engine.erase()
    expect(bookmark?.live.feed?.cursor).toBe(START)
    expect(bookmark?.delivered).toEqual([])
  })
})

it("an item that an earlier version quarantined is replayed as it was sent", async () => {
  const world = sourceWorld()
  await world.configure()
  await world.drain("backfill")
  const item = person("p", START, "Ada", { cleared: { shop_note: "text" } })
  await world.page(await world.lease("live"), { items: [item] })
  await world.report(await world.claim(), "too_large")
  const [stored] = world.store.quarantine(null, 1)
  if (!stored) throw new Error("nothing is quarantined")
  const body = JSON.stringify({ ...JSON.parse(stored.body), body: oldest(item) })
  world.store.commit({
    ...NO_CHANGES,
    core: null,
    alarm: null,
    quarantine: { put: [{ ...stored, body }], remove: [] },
  })
  world.restart()
  world.advance(HOUR)
  expect(await world.engine.replay("all")).toMatchObject({ replayed: 1, left: 0 })
  expect(await texts(world)).toEqual([encoded(item).text])
})
