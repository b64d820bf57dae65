import { describe, expect, it } from "vitest"
import { GATHER_MS } from "../../src/pipeline/claim.ts"
import { FORWARD_BUDGET_MS, runForward } from "../../src/pipeline/forward.ts"
import type {
  ClaimAnswer,
  ForwardTask,
  OutboxRow,
  PostResult,
  ReportAnswer,
} from "../../src/source/protocol/forwarding.ts"
import { PROTOCOL } from "../../src/source/protocol/source.ts"
import { type FakeClock, fakeClock } from "../support/dates/fake-clock.ts"
import { outboxRow } from "../support/encoded.ts"
import { claimOf, delayed, fact, hang, json, type Reply, row, testPorts, unreachable } from "../support/pipeline.ts"
import { claimed, fakeSource, lost, type Script } from "../support/platform/fake-source.ts"

const IDLE: () => ClaimAnswer = () => ({ kind: "idle" })
const ACCEPTED: Reply = () => new Response(null, { status: 201 })

interface Setting extends Partial<Omit<Script, "claim">> {
  rows?: OutboxRow[]
  replies?: Reply[]
  grant?: Partial<ForwardTask>
  claim?: (claim: ForwardTask) => Script["claim"]
  clock?: FakeClock
}

async function forwardWith(setting: Setting) {
  const { rows = [row(1, 1)], replies = [ACCEPTED], grant, claim, clock = fakeClock(), ...script } = setting
  const given = claimOf(clock, rows, grant)
  const go = (): ReportAnswer => ({ kind: "go", until: clock.now() + 60_000 })
  const source = fakeSource({ claim: claim?.(given) ?? [claimed(given), IDLE], report: [go], ...script })
  const ports = testPorts(replies, () => source, clock)
  const run = await runForward(ports, "o/p/src_1")
  return { run, source, ports, results: source.reports.flatMap(({ results }) => results) }
}

/** Answers when told to, so that POSTs can be kept under way. */
function gate(): { reply: Reply; waiting: (() => void)[] } {
  const waiting: (() => void)[] = []
  const reply: Reply = (request, clock, signal) =>
    new Promise((resolve) => waiting.push(() => resolve(ACCEPTED(request, clock, signal))))
  return { reply, waiting }
}

const settled = () => new Promise((resolve) => setImmediate(resolve))

describe("forwarding", () => {
  it("posts whole rows, joined, and reports them delivered with the claim's last report", async () => {
    const { run, source, ports } = await forwardWith({ rows: [row(1, 20), row(2, 30)] })
    expect(JSON.parse(ports.requests[0]?.body ?? "").track[0].payload).toHaveLength(50)
    expect(source.reports).toEqual([
      {
        protocol: PROTOCOL,
        number: 9,
        destinationVersion: 1,
        results: [{ rows: [1, 2], outcome: "delivered", status: 201, reason: "Accepted.", retryAt: null }],
        done: true,
      },
    ])
    expect(run).toEqual({ end: "idle", claims: 1, posts: 1, items: 50, delivered: 50 })
  })

  it("claims again until there is nothing, each time with a nonce of its own", async () => {
    const { run, source } = await forwardWith({
      claim: (claim) => [claimed(claim), claimed({ ...claim, number: 10, rows: [row(2, 1)] }), IDLE],
    })
    expect(source.reports.filter(({ done }) => done).map(({ number }) => number)).toEqual([9, 10])
    expect(new Set(source.claims.map(({ nonce }) => nonce)).size).toBe(3)
    expect(run).toMatchObject({ end: "idle", claims: 2, posts: 2 })
  })

  it("ends when its time is up", async () => {
    const { run } = await forwardWith({
      clock: fakeClock(),
      replies: [delayed(15_000, ACCEPTED)],
      claim: (claim) => [
        (ask) => ({
          kind: "given",
          claim: { ...claim, until: Number.MAX_SAFE_INTEGER, number: Number(ask.nonce.slice(6)) },
        }),
      ],
    })
    expect(run).toMatchObject({ end: "budget", claims: FORWARD_BUDGET_MS / 15_000 })
  })

  it.each<ClaimAnswer>([{ kind: "idle" }, { kind: "gone" }, { kind: "later", at: 0, reason: "backing off" }])(
    "does nothing where the source says $kind",
    async (answer) => {
      const { run, source, ports } = await forwardWith({ claim: () => [() => answer] })
      expect(run).toMatchObject({ end: answer.kind, claims: 0 })
      expect([ports.requests, source.reports]).toEqual([[], []])
    },
  )
})

describe("gathering", () => {
  const claims = (rows: OutboxRow[]) => (claim: ForwardTask) => [
    claimed(claim),
    claimed({ ...claim, number: 10, rows }),
    IDLE,
  ]

  it("keeps a later claim with little in it for a moment, so that the next one takes more", async () => {
    const { source, ports, run } = await forwardWith({ claim: claims([row(2, 1)]) })
    expect(ports.clock.slept).toEqual([GATHER_MS])
    expect(source.reports.map(({ number, results, done }) => [number, results.length, done])).toEqual([
      [9, 1, true],
      [10, 1, false],
      [10, 0, true],
    ])
    expect(run.end).toBe("idle")
  })

  it("keeps no claim that is full", async () => {
    const { ports } = await forwardWith({ claim: claims([1, 2, 3, 4, 5].map((id) => row(id, 50))) })
    expect(ports.clock.slept).not.toContain(GATHER_MS)
  })

  it.each<[string, Partial<Setting>]>([
    ["whose POST did not succeed", { replies: [ACCEPTED, json({}, 500)] }],
    ["that the source has ended", { report: [() => ({ kind: "stop", reason: "the claim is over" })] }],
  ])("keeps no claim %s", async (_title, setting) => {
    const { ports } = await forwardWith({ claim: claims([row(2, 1)]), ...setting })
    expect(ports.clock.slept).not.toContain(GATHER_MS)
  })
})

describe("POSTs side by side", () => {
  const rows = Array.from({ length: 12 }, (_, index) => row(index + 1, 50))

  it("are as many as the claim allows, after the first of a wake-up has gone alone", async () => {
    const { reply, waiting } = gate()
    const running = forwardWith({ rows, replies: [reply] })
    const underWay: number[] = []
    for (let open = 12; open > 0; ) {
      await settled()
      underWay.push(waiting.length)
      open -= waiting.length
      for (const answer of waiting.splice(0)) answer()
    }
    expect(underWay).toEqual([1, 5, 5, 1])
    const { run, results } = await running
    expect(run).toMatchObject({ posts: 12, delivered: 600 })
    expect(results.map(({ rows }) => rows)).toEqual(rows.map(({ id }) => [id]))
  })

  it("share a report where their answers come together", async () => {
    const { reply, waiting } = gate()
    const running = forwardWith({ rows: rows.slice(0, 6), replies: [ACCEPTED, reply] })
    await settled()
    for (const answer of waiting.splice(0)) answer()
    const { source } = await running
    expect(source.reports.map(({ results, done }) => [results.length, done])).toEqual([
      [1, false],
      [5, true],
    ])
  })

  it("share a report where their answers come one by one, and go on beside it", async () => {
    const many = Array.from({ length: 20 }, (_, index) => row(index + 1, 50))
    const { reply, waiting } = gate()
    const told: (() => void)[] = []
    const report = (): Promise<ReportAnswer> =>
      new Promise((resolve) => told.push(() => resolve({ kind: "go", until: fakeClock().now() + 60_000 })))
    const clock = { ...fakeClock(), sleep: () => new Promise<void>(() => undefined) }
    const running = forwardWith({ rows: many, replies: [ACCEPTED, reply], report: [report], clock })
    await settled()
    told.shift()?.()
    await settled()
    // Four answers are not worth a report. With the fifth one begins, and POSTs go on while it is under way, but for the lane of the tenth.
    const begun: number[] = []
    for (let answered = 1; answered <= 10; answered++) {
      waiting.shift()?.()
      await settled()
      begun.push(told.length + waiting.length)
    }
    expect(begun).toEqual([5, 5, 5, 5, 6, 6, 6, 6, 6, 5])
    for (let left = 0; left < 40; left++) {
      told.shift()?.()
      waiting.shift()?.()
      await settled()
    }
    const { source } = await running
    expect(source.reports.map(({ results }) => results.length)).toEqual([1, 5, 5, 5, 4])
  })

  it("are reported before long where the others take their time: a consumer that dies leaves little unreported", async () => {
    const { reply, waiting } = gate()
    const wake: (() => void)[] = []
    const clock = { ...fakeClock(), sleep: () => new Promise<void>((resolve) => wake.push(resolve)) }
    const reports: number[] = []
    const report = ({ results }: { results: PostResult[] }): ReportAnswer => {
      reports.push(results.length)
      return { kind: "go", until: fakeClock().now() + 60_000 }
    }
    const running = forwardWith({ rows: rows.slice(0, 6), replies: [ACCEPTED, reply], report: [report], clock })
    await settled()
    for (let answered = 0; answered < 2; answered++) waiting.shift()?.()
    await settled()
    expect(reports).toEqual([1])
    for (const up of wake.splice(0)) up()
    await settled()
    expect(reports).toEqual([1, 2])
    for (const answer of waiting.splice(0)) answer()
    await running
    expect(reports).toEqual([1, 2, 3])
  })

  it("of one claim never carry one object twice", async () => {
    const { ports, source } = await forwardWith({
      rows: [
        outboxRow(1, [{ ...fact("a"), kind: "object" }], true),
        outboxRow(2, [{ ...fact("a"), kind: "object", version: 2 }], true),
      ],
    })
    expect(ports.requests).toHaveLength(1)
    expect(source.reports).toMatchObject([{ results: [{ rows: [1] }], done: true }])
  })
})

describe("an answer", () => {
  it.each<[string, Reply, Partial<PostResult>]>([
    ["201", ACCEPTED, { outcome: "delivered", status: 201 }],
    ["200", json({}), { outcome: "delivered", status: 200 }],
    [
      "400",
      json({ errors: [{ message: "timestamp is too old" }] }, 400),
      { outcome: "refused", reason: "timestamp is too old" },
    ],
    [
      "422 without words",
      json({}, 422),
      { outcome: "refused", reason: "Intempt refused the items (422) and did not say why." },
    ],
    ["413", json({}, 413), { outcome: "too_large" }],
    ["401", json({}, 401), { outcome: "rejected" }],
    ["402", json({}, 402), { outcome: "rejected" }],
    ["403", json({}, 403), { outcome: "rejected" }],
    ["404", json({}, 404), { outcome: "rejected" }],
    ["408", json({}, 408), { outcome: "later", status: 408 }],
    ["429", json({}, 429), { outcome: "later", status: 429 }],
    ["500", json({}, 500), { outcome: "later", status: 500 }],
    ["none in time", hang, { outcome: "later", status: 0, reason: "Intempt did not answer in time." }],
    ["none at all", unreachable, { outcome: "later", status: 0, reason: "Intempt could not be reached." }],
  ])("%s", async (_title, reply, expected) => {
    const { results } = await forwardWith({ replies: [reply] })
    expect(results).toMatchObject([{ rows: [1], ...expected }])
  })

  it("that asks to wait says until when, on our clock", async () => {
    const { results, ports } = await forwardWith({ replies: [json({}, 429, { "retry-after": "60" })] })
    expect(results[0]?.retryAt).toBe(ports.clock.now() + 60_000)
  })

  it.each<[string, Reply]>([
    ["later", json({}, 500)],
    ["rejected", json({}, 401)],
  ])("of %s ends the claim's POSTs, and the source is asked what is next", async (outcome, reply) => {
    const { run, source, ports } = await forwardWith({ rows: [row(1, 50), row(2, 50)], replies: [reply] })
    expect(ports.requests).toHaveLength(1)
    expect(source.reports).toMatchObject([{ results: [{ rows: [1], outcome }], done: true }])
    expect(run).toMatchObject({ end: "idle", posts: 1, delivered: 0 })
  })

  it("of refused ends nothing", async () => {
    const { results } = await forwardWith({ rows: [row(1, 50), row(2, 50)], replies: [json({}, 400), ACCEPTED] })
    expect(results.map(({ outcome }) => outcome)).toEqual(["refused", "delivered"])
  })

  it("does not stop the POSTs that are under way beside it: all are reported", async () => {
    const fail: Reply = json({}, 500)
    const { results } = await forwardWith({
      rows: Array.from({ length: 20 }, (_, index) => row(index + 1, 50)),
      replies: [ACCEPTED, ACCEPTED, fail, ACCEPTED],
    })
    expect(results.filter(({ outcome }) => outcome === "later")).toHaveLength(1)
    expect(results.length).toBeGreaterThanOrEqual(6)
    expect(results.length).toBeLessThan(20)
  })
})

describe("a claim's time", () => {
  it("starts no POST with under 30 s left, and lets go of the rest", async () => {
    const { source, ports } = await forwardWith({
      rows: [row(1, 50), row(2, 50)],
      replies: [delayed(10_000, ACCEPTED)],
      grant: { until: fakeClock().now() + 30_000 },
      report: [
        ({ done }) => (done ? { kind: "stop", reason: "done" } : { kind: "go", until: fakeClock().now() + 39_999 }),
      ],
    })
    expect(ports.requests).toHaveLength(1)
    expect(source.reports.map(({ results, done }) => [results.length, done])).toEqual([[1, true]])
  })

  it("is renewed by a report", async () => {
    const { run } = await forwardWith({
      rows: Array.from({ length: 4 }, (_, index) => row(index + 1, 50)),
      replies: [delayed(14_000, ACCEPTED)],
      grant: { parallel: 1 },
    })
    expect(run).toMatchObject({ posts: 4, claims: 1 })
  })

  it("is given back where it is too short for anything", async () => {
    const { run, source } = await forwardWith({ grant: { until: fakeClock().now() + 29_999 } })
    expect(source.reports).toMatchObject([{ results: [], done: true }])
    expect(run).toMatchObject({ end: "no_time", posts: 0 })
  })

  it("that the source ends starts no further POST", async () => {
    const { run, ports } = await forwardWith({
      rows: [row(1, 50), row(2, 50)],
      report: [() => ({ kind: "stop", reason: "another destination" })],
    })
    expect(ports.requests).toHaveLength(1)
    expect(run.end).toBe("idle")
  })
})

describe("a lost answer of the source", () => {
  it("to a claim is asked for again with the same nonce", async () => {
    const { source } = await forwardWith({ claim: (claim) => [lost, claimed(claim), IDLE] })
    expect(source.claims[1]?.nonce).toBe(source.claims[0]?.nonce)
  })

  it("to a report is asked for again, and once more with the results that came since", async () => {
    const go = (): ReportAnswer => ({ kind: "go", until: fakeClock().now() + 60_000 })
    const { run, source, ports } = await forwardWith({ rows: [row(1, 50), row(2, 50)], report: [lost, lost, go] })
    expect(ports.requests).toHaveLength(1)
    expect(source.reports.map(({ results }) => results.map(({ rows }) => rows))).toEqual([[[1]], [[1]], [[1]]])
    expect(run.end).toBe("idle")
  })

  it("to every report ends the work quietly", async () => {
    const { run, source } = await forwardWith({ rows: [row(1, 50), row(2, 50)], report: [lost] })
    expect(run).toMatchObject({ end: "lost", claims: 1 })
    expect(source.reports).toHaveLength(4)
  })
})

it("halves joined rows whose body would be too large, and posts a row that is too large by itself as it is", async () => {
  const large = (id: number) => outboxRow(id, [{ ...fact(`${id}`), data: { text: "x".repeat(600_000) } }])
  const { results } = await forwardWith({ rows: [large(1), large(2), large(3)] })
  expect(results.map(({ rows }) => rows)).toEqual([[1], [2], [3]])
})

it("joins rows by what they take as sent, not by their letters", async () => {
  const wide = (id: number) => outboxRow(id, [{ ...fact(`${id}`), data: { text: "語".repeat(200_000) } }])
  const { results } = await forwardWith({ rows: [wide(1), wide(2), wide(3)] })
  expect(results.map(({ rows }) => rows)).toEqual([[1], [2], [3]])
})
