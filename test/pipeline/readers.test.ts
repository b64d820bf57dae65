import { describe, expect, it } from "vitest"
import { consume, READERS_AT_ONCE } from "../../src/pipeline/consume.ts"
import { FETCH_BUDGET_MS, runFetch } from "../../src/pipeline/fetch.ts"
import { PAIRED_BYTES_MAX } from "../../src/pipeline/page.ts"
import type { Checkpoint, CheckpointAnswer, LeaseAnswer, Task } from "../../src/source/protocol/fetching.ts"
import { fakeClock } from "../support/dates/fake-clock.ts"
import { delayed, json, page, type Reply, taskOf, testPorts } from "../support/pipeline.ts"
import { fakeSource, outcomesOf, type Script } from "../support/platform/fake-source.ts"

const LEASE_MS = 180_000
const STOP: CheckpointAnswer = { kind: "stop", reason: "read whole" }
const clock = fakeClock()

function go(changes: Partial<Extract<CheckpointAnswer, { kind: "go" }>> = {}): CheckpointAnswer {
  return { kind: "go", until: clock.now() + LEASE_MS, paceMs: 0, ...changes }
}

/** So many slices that are all ready, as the source hands them out. */
function leasesOf(count: number): (() => LeaseAnswer)[] {
  const tasks = Array.from({ length: count }, (_, at): Task => {
    return taskOf(clock, { lane: "backfill", lease: { slice: `b1:orders#${at}`, number: at + 1 } })
  })
  const given = tasks.map((task, at) => () => ({ kind: "given" as const, task, more: count - at - 1 }))
  return [...given, () => ({ kind: "idle" })]
}

/** The partner answers nobody before so many have asked. */
function together(count: number): Reply {
  let release = () => {}
  const all = new Promise<void>((resolve) => {
    release = resolve
  })
  let asked = 0
  return async (...args) => {
    if (++asked === count) release()
    await all
    return page([`or_${asked}`])(...args)
  }
}

describe("readers of one wake-up", () => {
  it("are as many as slices are ready, each with a lease of its own", async () => {
    const source = fakeSource({ lease: leasesOf(4) })
    const run = await runFetch(
      testPorts([together(4)], () => source, clock),
      "o/p/src_1",
      "backfill",
      { readers: 5 },
    )
    expect(source.checkpoints.map(({ lease }) => lease.number).sort()).toEqual([1, 2, 3, 4])
    expect(run).toMatchObject({ end: "idle", leases: 4, pages: 4 })
  })

  it("are no more than connections are left, which then read one slice after the other", async () => {
    const source = fakeSource({ lease: leasesOf(6) })
    const spare = { readers: 1 }
    const run = await runFetch(
      testPorts([together(2)], () => source, clock),
      "o/p/src_1",
      "backfill",
      spare,
    )
    expect(run).toMatchObject({ leases: 6, pages: 6 })
    expect(spare).toEqual({ readers: 1 })
  })

  it("are started when a list is cut while it is read", async () => {
    const [first, ...others] = leasesOf(3)
    const source = fakeSource({
      lease: [() => ({ ...first?.(), more: 0 }) as LeaseAnswer, ...others],
      checkpoint: [() => go({ more: 2 }), () => STOP],
    })
    await runFetch(
      testPorts([page(["or_1"], "t1"), together(3)], () => source, clock),
      "o/p/src_1",
      "backfill",
      { readers: 5 },
    )
    expect(source.checkpoints.map(({ lease }) => lease.number).sort()).toEqual([1, 1, 2, 3])
  })

  it("ask for no lease where nothing more is ready", async () => {
    const source = fakeSource({ lease: leasesOf(1) })
    await runFetch(
      testPorts([page(["or_1"])], () => source, clock),
      "o/p/src_1",
      "backfill",
      { readers: 5 },
    )
    expect(source.leases).toHaveLength(2)
  })

  it("of all sources of one batch have no more requests under way than an invocation has connections", async () => {
    let underWay = 0
    let most = 0
    const slow: Reply = async (...args) => {
      most = Math.max(most, ++underWay)
      await new Promise((resolve) => setImmediate(resolve))
      underWay--
      return page(["or_1"])(...args)
    }
    const sources = new Map(["o/p/a", "o/p/b"].map((name) => [name, fakeSource({ lease: leasesOf(8) })]))
    const messages = [...sources.keys()].map((source) => ({ body: { source }, ack: () => undefined }))
    const ports = testPorts([slow], (name) => sources.get(name) ?? fakeSource({}), clock)
    await consume(messages, "backfill", ports)
    expect(most).toBe(READERS_AT_ONCE)
    expect([...sources.values()].map(({ checkpoints }) => checkpoints.length)).toEqual([8, 8])
  })

  it.each([
    ["beside the first", (asked: number) => asked === 2],
    ["first", (_: number, saved: number) => saved === 1],
  ])(
    "that meets a mistake in our code, the one %s, ends the wake-up as failed, once the others are through",
    async (_, isMistaken) => {
      const source = fakeSource({ lease: leasesOf(3) })
      let asked = 0
      const othersAreSlow: Reply = async (...args) => {
        if (++asked > 1) for (let turns = 0; turns < 20; turns++) await new Promise(setImmediate)
        return page([`or_${asked}`])(...args)
      }
      const ports = testPorts([othersAreSlow], () => source, clock)
      const { id } = ports.random
      let ids = 0
      ports.random.id = (prefix) => {
        if (isMistaken(++ids, source.checkpoints.length)) throw new RangeError("ada@example.com")
        return id(prefix)
      }
      await expect(runFetch(ports, "o/p/src_1", "backfill", { readers: 5 })).rejects.toThrow(RangeError)
      expect(source.checkpoints).toHaveLength(3)
    },
  )
})

describe("the page after the one that is being saved", () => {
  const AHEAD = () => go({ ahead: true })

  /** The checkpoints with how many requests had been made when each came. */
  async function readAhead(replies: Reply[], script: Partial<Script>) {
    const asked: number[] = []
    const answers = script.checkpoint ?? []
    const checkpoint = answers.map((answer): Script["checkpoint"][number] => async (ask) => {
      // So that what was asked ahead has been.
      await new Promise((resolve) => setImmediate(resolve))
      asked.push(ports.requests.length)
      return answer(ask)
    })
    const source = fakeSource({ lease: leasesOf(1), ...script, checkpoint })
    const ports = testPorts(replies, () => source, clock)
    const run = await runFetch(ports, "o/p/src_1", "backfill")
    return { source, ports, run, asked }
  }

  it("is asked for meanwhile, where the source lets it be", async () => {
    const replies = [page(["a"], "t1"), page(["b"], "t2"), page(["c"], "t3"), page(["d"])]
    const { source, ports, asked } = await readAhead(replies, { checkpoint: [AHEAD, AHEAD, AHEAD, () => STOP] })
    expect(asked).toEqual([1, 3, 4, 4])
    expect(source.checkpoints.map(({ items }) => items.map(({ key }) => key))).toEqual([["a"], ["b"], ["c"], ["d"]])
    expect(ports.requests.map(({ url }) => new URL(url).searchParams.get("after"))).toEqual([null, "t1", "t2", "t3"])
  })

  it("is not, where it does not", async () => {
    const replies = [page(["a"], "t1"), page(["b"], "t2"), page(["c"])]
    const { asked } = await readAhead(replies, { checkpoint: [AHEAD, () => go(), () => STOP] })
    expect(asked).toEqual([1, 3, 3])
    const { asked: never } = await readAhead(replies, { checkpoint: [() => go(), () => go(), () => STOP] })
    expect(never).toEqual([1, 2, 3])
  })

  it("that fails is settled once the page before it has been saved", async () => {
    const replies = [page(["a"], "t1"), page(["b"], "t2"), json({}, 503)]
    const order: string[] = []
    const noted = <T>(what: string, answer: T): T => {
      order.push(what)
      return answer
    }
    const { source } = await readAhead(replies, {
      checkpoint: [AHEAD, () => noted("saved", AHEAD())],
      settle: [() => noted("settled", undefined)],
    })
    expect(order).toEqual(["saved", "settled"])
    expect(source.settlements).toMatchObject([{ outcome: { kind: "transient" } }])
  })

  it("is left where the source says to stop, and no call is forgotten", async () => {
    const replies = [page(["a"], "t1"), page(["b"], "t2"), page(["c"], "t3")]
    const { source, ports, run } = await readAhead(replies, { checkpoint: [AHEAD, () => STOP] })
    expect(source.checkpoints).toHaveLength(2)
    expect(source.settlements).toEqual([])
    expect(ports.requests).toHaveLength(3)
    expect(run).toMatchObject({ calls: 3, pages: 2 })
    expect(source.checkpoints.map(({ calls }) => calls)).toEqual([1, 2])
  })

  it("counts once, with the page that was sent beside it or after it", async () => {
    const replies = [page(["a"], "t1"), page(["b"], "t2"), page(["c"], "t3"), page(["d"])]
    const { source } = await readAhead(replies, { checkpoint: [AHEAD, AHEAD, AHEAD, () => STOP] })
    expect(source.checkpoints.reduce((sum, { calls }) => sum + calls, 0)).toBe(4)
  })

  it("is asked for within the window as it was: what the page shows below a cut is for the source to see", async () => {
    const replies = [page(["a"], "t1"), page(["b"], "t2"), page(["c"], "t3"), page(["d"])]
    const { source } = await readAhead(replies, {
      checkpoint: [AHEAD, () => go({ ahead: true, from: 7 }), AHEAD, () => STOP],
    })
    expect(source.checkpoints).toHaveLength(4)
  })

  it("is asked for no more when the reader's time is nearly up", async () => {
    const late = (reply: Reply) => delayed(FETCH_BUDGET_MS / 2 - 2_000, reply)
    const replies = [page(["a"], "t1"), late(page(["b"], "t2")), late(page(["c"], "t3")), page(["d"])]
    const { asked, source } = await readAhead(replies, { checkpoint: [AHEAD, AHEAD, AHEAD, () => STOP] })
    expect(asked).toEqual([1, 3, 3, 4])
    expect(source.settlements).toEqual([])
  })
})

describe("pages in pairs", () => {
  const PAIRS = () => go({ inPairs: true })
  const listOf = (...ids: string[]): Reply[] =>
    ids.map((id, at) => page([id], at < ids.length - 1 ? `t${at + 1}` : null))
  const keysOf = ({ before, items }: Checkpoint): string[] => [
    ...(before ? keysOf(before) : []),
    ...items.map(({ key }) => key),
  ]

  async function readInPairs(replies: Reply[], script: Partial<Script> = {}) {
    const source = fakeSource({
      lease: leasesOf(1),
      checkpoint: [(ask) => (ask.next === null ? STOP : PAIRS())],
      ...script,
    })
    const ports = testPorts(replies, () => source, clock)
    return { source, ports, run: await runFetch(ports, "o/p/src_1", "backfill") }
  }

  it("are handed over in one call each, in their order, with their own numbers and calls; a last one by itself", async () => {
    const { source, run } = await readInPairs(listOf("a", "b", "c", "d", "e", "f"))
    expect(source.checkpoints.map(keysOf)).toEqual([["a"], ["b", "c"], ["d", "e"], ["f"]])
    expect(source.checkpoints.map(({ page, before }) => [before?.page, page])).toEqual([
      [undefined, 0],
      [1, 2],
      [3, 4],
      [undefined, 5],
    ])
    expect(source.checkpoints.map(({ calls, before }) => (before?.calls ?? 0) + calls)).toEqual([1, 2, 2, 1])
    expect(run).toMatchObject({ pages: 6, records: 6, items: 6, calls: 6 })
  })

  it.each<[string, Reply, string]>([
    ["fails", json({}, 503), "transient"],
    ["is nowhere", json({}, 404), "fault"],
    ["has to wait", json({}, 429), "limited"],
    ["cannot be read", json({ rows: "none" }), "transient"],
  ])("where the second one %s, the first is saved before that is told", async (_title, reply, kind) => {
    const { source } = await readInPairs([...listOf("a", "b", "c").slice(0, 2), reply])
    expect(source.checkpoints.map(keysOf)).toEqual([["a"], ["b"]])
    expect(outcomesOf(source)).toMatchObject([{ kind }])
  })

  it("tell nothing where the first one could not be saved", async () => {
    const answers = [PAIRS, () => STOP]
    const { source } = await readInPairs([...listOf("a", "b", "c").slice(0, 2), json({}, 503)], { checkpoint: answers })
    expect(source.checkpoints).toHaveLength(2)
    expect(source.settlements).toEqual([])
  })

  it("end with the reader's time: what was kept is saved", async () => {
    const late = (reply: Reply) => delayed(FETCH_BUDGET_MS / 2 - 1_000, reply)
    const [a, b, c] = listOf("a", "b", "c", "d") as [Reply, Reply, Reply]
    const [given] = leasesOf(1)
    const afterAWhile = () => {
      clock.advance(3_000)
      return given?.() as LeaseAnswer
    }
    const { source } = await readInPairs([late(a), late(b), c], { lease: [afterAWhile] })
    expect(source.checkpoints.map(keysOf)).toEqual([["a"], ["b"]])
    expect(outcomesOf(source)).toEqual([{ kind: "release" }])
  })

  it("are none where a page is large", async () => {
    const many = Array.from({ length: PAIRED_BYTES_MAX / 200 }, (_, at) => `c${at}`)
    const { source } = await readInPairs([
      page(["a"], "t1"),
      page(["b"], "t2"),
      page(many, "t3"),
      page(["d"], "t4"),
      page(["e"]),
    ])
    expect(source.checkpoints.map(keysOf)).toEqual([["a"], ["b"], many, ["d", "e"]])
  })

  it("are sent whole again where the answer was lost", async () => {
    let lost = 0
    const { source } = await readInPairs(listOf("a", "b", "c"), {
      checkpoint: [
        (ask) => {
          if (ask.before && lost++ === 0) throw new Error("Durable Object reset because its code was updated.")
          return ask.next === null ? STOP : PAIRS()
        },
      ],
    })
    expect(source.checkpoints.map(keysOf)).toEqual([["a"], ["b", "c"], ["b", "c"]])
  })
})
