import { describe, expect, it } from "vitest"
import type { LimitScope } from "../../../src/connectors/kit/define.ts"
import type { Task } from "../../../src/source/protocol/fetching.ts"
import { paceOf } from "../../../src/source/reading/lease.ts"
import { scopeOf } from "../../../src/source/reading/waits.ts"
import { upgrade } from "../../../src/source/state/stored.ts"
import { desk, deskWorld } from "../../support/partners/desk.ts"
import { MINUTE, START, transactionOf, type World } from "../../support/source-world.ts"

/** Before the leases of the others run out. */
const UNTIL = START + 2 * MINUTE

/** What can be leased of the lane, by stream. */
async function leased(world: World, lane: Task["lane"], times: number): Promise<Task[]> {
  const tasks: Task[] = []
  while (tasks.length < times) tasks.push(await world.lease(lane))
  return tasks
}

async function limited(stream: string, scope?: LimitScope): Promise<World> {
  const world = await deskWorld()
  const task = (await leased(world, "live", 3)).find((one) => one.stream === stream)
  if (!task) throw new Error(`no ${stream}`)
  await world.settle(task, { kind: "limited", until: UNTIL, reason: "the rate is used up", ...(scope && { scope }) })
  return world
}

describe("what a limit holds up", () => {
  it.each<[string, LimitScope | undefined, string]>([
    ["contacts", undefined, "source"],
    ["contacts", "bucket", "source"],
    ["contacts", "stream", "stream:contacts"],
    ["companies", undefined, "bucket:search"],
    ["companies", "source", "source"],
    ["companies", "stream", "stream:companies"],
  ])("met by %s, said to be of %s: %s", (stream, said, expected) => {
    expect(scopeOf({ connector: desk }, stream, said)).toBe(expected)
  })
})

describe("a limit of some endpoints", () => {
  it("lets every other stream be read, and ends by itself", async () => {
    const world = await limited("companies")
    expect((await world.lease("backfill")).stream).toBe("contact_list")
    // The list of companies counts against the same limit.
    expect(await world.refusedLease("backfill")).toEqual({ kind: "later", at: UNTIL, reason: "the rate is used up" })
    expect(await world.refusedLease("live")).toMatchObject({ kind: "later", at: UNTIL })
    expect((await world.view()).current[0]?.waits).toEqual({
      until: UNTIL,
      reason: "waiting for Desk: the rate is used up",
    })
    world.wakes.length = 0
    await world.until(UNTIL)
    expect(world.wakes).toContain("fetch")
    expect((await world.lease("live")).stream).toBe("companies")
    expect((await world.lease("backfill")).stream).toBe("company_list")
  })

  it("of one stream does not hold up another of its bucket", async () => {
    const world = await limited("companies", "stream")
    expect((await leased(world, "backfill", 2)).map(({ stream }) => stream)).toEqual(["contact_list", "company_list"])
  })

  it("of the whole source holds up all", async () => {
    const world = await limited("contacts")
    expect(await world.refusedLease("backfill")).toMatchObject({ kind: "later", at: UNTIL })
  })
})

describe("the pace", () => {
  it("of a bucket's streams stays under its rate, of the others under the source's", async () => {
    const world = await deskWorld()
    const live = await leased(world, "live", 3)
    const lists = await leased(world, "backfill", 2)
    const paces = Object.fromEntries([...live, ...lists].map(({ stream, paceMs }) => [stream, paceMs]))
    // The last one leased knows of all: five share the source's ten a second, two the bucket's two.
    expect(paces).toMatchObject({ contact_list: 400, company_list: 1_000 })
    const tx = { ...transactionOf(world.state()), connector: desk }
    const slices = Object.values(tx.state.live).flatMap(({ slice }) => slice ?? [])
    expect(slices.map((slice) => [slice.stream, paceOf(tx, slice)])).toEqual([
      ["contacts", 500],
      ["companies", 1_000],
      ["conversations", 500],
    ])
  })
})

it("a wait stored before limits had scopes is the whole source's", () => {
  const { waits: _waits, ...older } = transactionOf().state
  const wait = { until: UNTIL, reason: "busy" }
  expect(upgrade({ ...older, wait }).waits).toEqual({ source: wait })
  expect(upgrade(older).waits).toEqual({})
})
