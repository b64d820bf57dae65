import { describe, expect, it } from "vitest"
import type { CollectionNote } from "../../../src/connectors/kit/define.ts"
import { addNote, NOTE_CHARS_MAX, RUNS_KEPT, runId, runNumber } from "../../../src/source/runs/run.ts"
import { fact, HOUR, readWorld, START, type World } from "../../support/source-world.ts"

async function hours(world: World, count: number, page: (hour: number) => ReturnType<typeof fact>[]): Promise<void> {
  for (let hour = 0; hour < count; hour++) {
    await world.until(world.state().nextRunAt ?? 0)
    await world.page(await world.lease("live"), { items: page(hour) })
  }
}

const runs = async (world: World, limit = 1_000, cursor: string | null = null) => {
  const answer = await world.engine.runs({ limit, cursor })
  return answer.ok ? answer : { runs: [], cursor: null }
}

describe("run ids", () => {
  it("sort by age and name their number", () => {
    expect([9, 10, 100].map(runId)).toEqual(["run_00000009", "run_00000010", "run_00000100"])
    expect(runNumber(runId(123))).toBe(123)
  })

  it.each(["", "run_", "run_x", "src_1", "run_1'"])("%j is none", (text) => expect(runNumber(text)).toBe(-1))
})

describe("what a run says of a collection", () => {
  it("is cut between words where it is too long: half a field's name would be another one", () => {
    const notes: CollectionNote[] = []
    addNote(notes, { collection: "Orders", reason: `Withheld: ${"customer.firstName, ".repeat(20)}` })
    expect(notes[0]?.reason).toMatch(/^Withheld: (customer\.firstName, )+customer\.firstName, …$/)
    expect(notes[0]?.reason.length).toBeLessThanOrEqual(NOTE_CHARS_MAX)
  })
})

describe("history", () => {
  it(`keeps ${RUNS_KEPT}, those that found nothing and those that did, newest first`, async () => {
    const world = await readWorld()
    await hours(world, 120, (hour) => (hour % 3 === 0 ? [fact(`k${hour}`, world.now())] : []))
    await world.deliver()
    await hours(world, 10, (hour) => [fact(`n${hour}`, world.now())])
    await world.deliver()
    const { runs: all } = await runs(world)
    const kept = all.filter(({ kind }) => kind === "live")
    expect(kept).toHaveLength(RUNS_KEPT)
    // A backfill may take longer than a hundred live runs do: what came of it is still shown.
    expect(all.at(-1)).toMatchObject({ kind: "initial", state: "succeeded" })
    const numbers = kept.map(({ id }) => runNumber(id))
    expect(numbers).toEqual(Array.from({ length: RUNS_KEPT }, (_, index) => (numbers[0] ?? 0) - index))
    expect(world.store.runs().length + world.state().idle.length).toBe(RUNS_KEPT + 1)
  })

  it("does not grow while the destination is down: runs that wait are kept as many as are shown", async () => {
    const world = await readWorld()
    await world.configure({ destination: null, destinationVersion: 2 })
    await hours(world, RUNS_KEPT + 50, (hour) => [fact(`k${hour}`, world.now())])
    expect(world.state().others.length).toBeLessThanOrEqual(RUNS_KEPT)
    const destination = { org: "o", project: "p", sourceId: "1", key: "sealed:dest_2", owner: "" }
    await world.configure({ destination, destinationVersion: 3 })
    expect(await world.deliver()).toHaveLength(RUNS_KEPT + 50)
    expect(world.state().others).toEqual([])
  })

  it("pages follow on without a gap", async () => {
    const world = await readWorld()
    await hours(world, 7, () => [])
    const first = await runs(world, 4)
    const second = await runs(world, 100, first.cursor)
    expect([...first.runs, ...second.runs]).toEqual((await runs(world)).runs)
    expect(second.cursor).toBeNull()
  })

  it("shows what a run found, and knows no other", async () => {
    const world = await readWorld()
    await hours(world, 1, () => [fact("a", START + HOUR)])
    const [run] = (await runs(world)).runs
    expect(run).toMatchObject({
      state: "delivering",
      calls: 1,
      pages: 1,
      records: 1,
      collections: { Orders: { accepted: 1 } },
    })
    await world.deliver()
    expect(await world.engine.run(run?.id ?? "")).toMatchObject({ ok: true, run: { state: "succeeded", progress: 1 } })
    expect(await world.engine.run("run_99999999")).toMatchObject({ ok: false, code: "not_found" })
  })
})

describe("a run", () => {
  it("stops blocking the next one once it is read, and succeeds once its items are delivered", async () => {
    const world = await readWorld()
    await hours(world, 1, () => [fact("a", START + HOUR)])
    expect((await world.view()).status).toBe("connected")
    expect(await world.engine.syncNow()).toMatchObject({ ok: true })
    const states = (await runs(world)).runs.map(({ state }) => state)
    expect(states.slice(0, 2)).toEqual(["reading", "delivering"])
    await world.drain("live")
    await world.deliver()
    expect((await runs(world)).runs.slice(0, 2).map(({ state }) => state)).toEqual(["succeeded", "succeeded"])
  })

  it("that failed keeps what it took, which is delivered all the same", async () => {
    const world = await readWorld()
    await world.engine.syncNow()
    const task = await world.lease("live")
    await world.page(task, { items: [fact("a", START)], next: "t1" })
    await world.settle(task, { kind: "fault", reason: "a bad request" })
    expect(await world.deliver()).toHaveLength(1)
    expect((await world.view()).lastRun).toMatchObject({
      state: "failed",
      reason: "a bad request. What was read is kept. The next run goes on from there.",
    })
  })
})
