import { describe, expect, it } from "vitest"
import type { Checkpoint, Task } from "../../../src/source/protocol/fetching.ts"
import type { ForwardTask } from "../../../src/source/protocol/forwarding.ts"
import { PROTOCOL } from "../../../src/source/protocol/source.ts"
import { encoded } from "../../support/encoded.ts"
import { fact, START, sourceWorld, type World } from "../../support/source-world.ts"

/** A newer deploy's, and one that did not carry the number yet. */
const OTHERS = [PROTOCOL + 1, PROTOCOL - 1, undefined as unknown as number]

interface Held {
  world: World
  task: Task
  claim: ForwardTask
}

async function holding(): Promise<Held> {
  const world = sourceWorld()
  await world.configure()
  const task = await world.lease("live")
  await world.page(task, { items: [fact("a", START)], next: "t1" })
  return { world, task, claim: await world.claim() }
}

const pageOf = (task: Task, protocol: number): Checkpoint => ({
  protocol,
  lease: task.lease,
  page: task.page,
  asked: START,
  spreadMs: 0,
  ageMs: 0,
  records: 1,
  items: [encoded(fact("b", START))],
  rejects: [],
  pending: [],
  closed: [],
  edge: START,
  next: null,
  calls: 1,
  completed: [],
})

const reportOf = (claim: ForwardTask, outcome: "delivered" | "later" | "refused", protocol: number) => ({
  protocol,
  number: claim.number,
  destinationVersion: claim.destinationVersion,
  results: [{ rows: claim.rows.map(({ id }) => id), outcome, status: 200, reason: "", retryAt: null }],
  done: true,
})

describe.each(OTHERS)("of a consumer with the protocol %s", (protocol) => {
  it.each<[string, (held: Held) => Promise<unknown>, unknown]>([
    ["a checkpoint", ({ world, task }) => world.engine.checkpoint(pageOf(task, protocol)), { kind: "stale" }],
    [
      "a settlement",
      ({ world, task }) =>
        world.engine.settle({ protocol, lease: task.lease, outcome: { kind: "fault", reason: "x" }, calls: 1 }),
      undefined,
    ],
    [
      "an ask for a newer credential",
      ({ world, task }) => world.engine.credential({ protocol, lease: task.lease, failedVersion: 0 }),
      null,
    ],
    [
      "a report of rows that were not taken",
      ({ world, claim }) => world.engine.report(reportOf(claim, "refused", protocol)),
      { kind: "stop", reason: "the claim is over" },
    ],
  ])("%s changes nothing", async (_name, ask, expected) => {
    const held = await holding()
    const { world } = held
    const before = [world.store.core(), world.store.outbox()]
    world.store.written.length = 0
    expect(await ask(held)).toEqual(expected)
    expect([world.store.core(), world.store.outbox()]).toEqual(before)
    expect(world.store.written).toEqual([])
  })

  it("what was delivered is believed, and the claim is let go of by its own end alone", async () => {
    const { world, claim } = await holding()
    expect(await world.engine.report(reportOf(claim, "delivered", protocol))).toMatchObject({ kind: "stop" })
    expect(world.store.outbox()).toEqual([])
    expect(world.state().claim).toMatchObject({ number: claim.number, rows: [] })
    expect(await world.deliver()).toEqual([])
  })
})
