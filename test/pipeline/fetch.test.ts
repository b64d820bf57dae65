import { serialize } from "node:v8"
import { describe, expect, it } from "vitest"
import { LOOKUPS_MAX } from "../../src/connectors/kit/define.ts"
import { FETCH_BUDGET_MS, runFetch } from "../../src/pipeline/fetch.ts"
import { LIMITED_WAIT_MS } from "../../src/pipeline/outcome.ts"
import { CHECKPOINT_BYTES_MAX, TOKEN_BYTES_MAX } from "../../src/pipeline/page.ts"
import { completedKey } from "../../src/source/protocol/completed.ts"
import type { CheckpointAnswer, LeaseAnswer, Outcome, Task } from "../../src/source/protocol/fetching.ts"
import { itemOf } from "../../src/source/protocol/track.ts"
import { beginProbe } from "../../src/source/reading/probe.ts"
import { fakeClock } from "../support/dates/fake-clock.ts"
import {
  delayed,
  hang,
  json,
  PARTNER_TIME,
  page,
  type Reply,
  type TestPorts,
  taskOf,
  testPorts,
  unreachable,
} from "../support/pipeline.ts"
import { type FakeSource, fakeSource, granted, lost, outcomesOf, type Script } from "../support/platform/fake-source.ts"

const LEASE_MS = 180_000
const IDLE: () => LeaseAnswer = () => ({ kind: "idle" })
const STOP: () => CheckpointAnswer = () => ({ kind: "stop", reason: "read whole" })

interface Setting extends Partial<Omit<Script, "lease">> {
  replies: Reply[]
  task?: Partial<Task>
  lease?: (task: Task) => Script["lease"]
}

async function fetchWith({ replies, task, lease, ...script }: Setting) {
  const clock = fakeClock()
  const given = taskOf(clock, task)
  const go = (): CheckpointAnswer => ({ kind: "go", until: clock.now() + LEASE_MS, paceMs: given.paceMs })
  const source: FakeSource = fakeSource({
    lease: lease?.(given) ?? [granted(given), IDLE],
    checkpoint: [(ask) => (ask.next === null ? STOP() : go())],
    ...script,
  })
  const ports: TestPorts = testPorts(replies, () => source, clock)
  const startedAt = clock.now()
  const run = await runFetch(ports, "o/p/src_1", "live")
  return { run, source, ports, clock, startedAt }
}

/** A list without an end, a page of one row a second. */
function endless(): Reply {
  let number = 0
  return (request, clock, signal) => delayed(1000, page([`or_${++number}`], `t${number}`))(request, clock, signal)
}

describe("reading", () => {
  it("says down to where a page was read, where its last record is not the lowest", async () => {
    const { source } = await fetchWith({ replies: [page(["a", "b"], "t1"), page(["c"])] })
    expect(source.checkpoints.map(({ edge, lowest }) => (edge ?? 0) - (lowest ?? edge ?? 0))).toEqual([1, 0])
  })

  it("reads pages back to back and checkpoints each with its token, its time and its calls", async () => {
    const { run, source, ports } = await fetchWith({ replies: [page(["a", "b"], "t1"), delayed(500, page(["c"]))] })
    expect(ports.requests.map(({ url }) => new URL(url).search)).toEqual(["?limit=100", "?limit=100&after=t1"])
    expect(source.checkpoints).toMatchObject([
      { page: 0, records: 2, next: "t1", calls: 1, asked: PARTNER_TIME, edge: PARTNER_TIME - 59_999 },
      { page: 1, records: 1, next: null, calls: 1, asked: PARTNER_TIME - 1000 },
    ])
    expect(source.checkpoints[0]?.items.map(({ key }) => key)).toEqual(["a", "b"])
    expect(run).toEqual({ end: "idle", leases: 1, pages: 2, records: 3, items: 3, calls: 2 })
    expect(source.settlements).toEqual([])
  })

  it("goes on from the task's token and page number", async () => {
    const { source, ports } = await fetchWith({ replies: [page(["a"])], task: { pageToken: "t8", page: 8 } })
    expect(ports.requests[0]?.url).toContain("after=t8")
    expect(source.checkpoints[0]).toMatchObject({ page: 8 })
  })

  it("says of an empty page that it has no edge, and asks nothing to complete it", async () => {
    const { source, ports } = await fetchWith({ replies: [page([])] })
    expect(source.checkpoints[0]).toMatchObject({ records: 0, edge: null, items: [], next: null })
    expect(ports.requests).toHaveLength(1)
  })

  it("hands over a record that cannot be normalized with its reason, beside the others", async () => {
    const { source } = await fetchWith({ replies: [page(["a", "bad", "b"])] })
    expect(source.checkpoints[0]?.items.map(({ key }) => key)).toEqual(["a", "b"])
    expect(source.checkpoints[0]?.rejects).toMatchObject([{ key: "bad", reason: "the order names nobody" }])
  })

  it("hands items over as the text that the destination gets, under the source's own id", async () => {
    const { source } = await fetchWith({
      replies: [page(["a"])],
      task: { ref: { org: "o", project: "p", source: "src_2" } },
    })
    const [
      {
        items: [item],
      } = { items: [] },
    ] = source.checkpoints
    expect(item).toMatchObject({ kind: "event", entry: "track/Orders" })
    expect(JSON.parse(item?.text ?? "")).toMatchObject({ eventId: "src_2/Orders/a", data: { id: "a" } })
  })

  it("completes a page by the requests it asks for, and counts them", async () => {
    const { source, ports } = await fetchWith({ replies: [page(["incomplete"]), json({ people: [] })] })
    expect(ports.requests[1]?.url).toContain("/people?of=incomplete")
    expect(source.checkpoints[0]).toMatchObject({ calls: 2, items: [{ key: "incomplete" }] })
    expect(source.checkpoints[0]?.items.map(itemOf)).toMatchObject([{ userId: "known@example.com" }])
  })

  it("passes over a record that an earlier window completed: an idle sync is one call", async () => {
    const { source, ports } = await fetchWith({
      replies: [page(["incomplete", "a"])],
      task: { completed: [completedKey({ id: "incomplete", time: PARTNER_TIME - 60_000 })] },
    })
    expect(ports.requests).toHaveLength(1)
    expect(source.checkpoints[0]).toMatchObject({ records: 2, items: [{ key: "a" }], completed: [] })
  })

  it("completes a record that comes again with a later time: it has something new to tell", async () => {
    const { source } = await fetchWith({
      replies: [page(["incomplete"]), json({ people: [] })],
      task: { completed: [completedKey({ id: "incomplete", time: PARTNER_TIME - 120_000 })] },
    })
    expect(source.checkpoints[0]).toMatchObject({ calls: 2, items: [{ key: "incomplete" }] })
  })

  it("completes a record of a list again whose body is another, though its time is the same", async () => {
    const before = { id: "incomplete", time: PARTNER_TIME - 60_000, digest: "of another body" }
    const { source } = await fetchWith({
      replies: [page(["incomplete"]), json({ people: [] })],
      task: { stream: "changes", completed: [completedKey(before)] },
    })
    const [completed] = source.checkpoints[0]?.completed ?? []
    expect(source.checkpoints[0]).toMatchObject({ calls: 2, items: [{ key: "incomplete" }] })
    const again = await fetchWith({
      replies: [page(["incomplete"])],
      task: { stream: "changes", completed: [completedKey(completed ?? before)] },
    })
    expect(again.ports.requests).toHaveLength(1)
  })

  it("names the records it completed, so that they are passed over next time", async () => {
    const { source } = await fetchWith({ replies: [page(["a", "incomplete"]), json({ people: [] })] })
    expect(source.checkpoints[0]?.completed.map(({ id }) => id)).toEqual(["incomplete"])
  })

  it("keeps the pace of its source between all partner calls", async () => {
    const replies = [page(["incomplete"], "t1"), delayed(30, json({})), page(["b"])]
    const { ports } = await fetchWith({ replies, task: { paceMs: 100 } })
    expect(ports.requests.map(({ at }) => at - (ports.requests[0]?.at ?? 0))).toEqual([0, 100, 200])
    expect(ports.clock.slept).toEqual([100, 70])
  })

  it("rests after an answer that says how long, where that is longer than the pace", async () => {
    const resting = json({ rows: [{ id: "a", at: 1 }], next: "t1", restMs: 2500 })
    const { ports } = await fetchWith({ replies: [resting, page(["b"], "t2"), page(["c"])], task: { paceMs: 100 } })
    expect(ports.clock.slept).toEqual([2500, 100])
  })

  it("takes up the pace that a checkpoint tells anew", async () => {
    const { ports } = await fetchWith({
      replies: [page(["a"], "t1"), page(["b"])],
      checkpoint: [() => ({ kind: "go", until: fakeClock().now() + LEASE_MS, paceMs: 700 }), STOP],
    })
    expect(ports.clock.slept).toEqual([700])
  })

  it("hands over what the partner keeps back of a collection", async () => {
    const denied = [{ collection: "Orders", reason: "needs the scope read_orders" }]
    const { source } = await fetchWith({ replies: [json({ rows: [], next: null, denied })] })
    expect(source.checkpoints[0]).toMatchObject({ denied, incomplete: [] })
  })

  it("asks for another lease after a slice, until there is none", async () => {
    const { run, source } = await fetchWith({
      replies: [page(["a"])],
      lease: (task) => [granted(task), granted({ ...task, lease: { slice: "p1:orders", number: 5 } }), IDLE],
    })
    expect(source.checkpoints.map(({ lease }) => lease.slice)).toEqual(["live:orders", "p1:orders"])
    expect(new Set(source.leases.map(({ nonce }) => nonce)).size).toBe(3)
    expect(run).toMatchObject({ end: "idle", leases: 2 })
  })

  it.each<LeaseAnswer>([{ kind: "idle" }, { kind: "gone" }, { kind: "later", at: 0, reason: "backpressure" }])(
    "does nothing where the source says $kind",
    async (answer) => {
      const { run, ports } = await fetchWith({ replies: [], lease: () => [() => answer] })
      expect(run).toMatchObject({ end: answer.kind, leases: 0, calls: 0 })
      expect(ports.requests).toEqual([])
    },
  )
})

describe("letting go", () => {
  it("releases the lease when its time is up, and asks for no other", async () => {
    const { run, source, clock, startedAt } = await fetchWith({ replies: [endless()] })
    expect(outcomesOf(source)).toEqual([{ kind: "release" }])
    expect(clock.now() - startedAt).toBe(FETCH_BUDGET_MS)
    expect(run).toMatchObject({ end: "release", leases: 1, pages: 60 })
  })

  it("starts no request that the lease might not outlive", async () => {
    const { source, ports } = await fetchWith({
      replies: [delayed(20_000, page(["a"], "t1"))],
      checkpoint: [() => ({ kind: "go", until: fakeClock().now() + 49_999, paceMs: 0 })],
    })
    expect(ports.requests).toHaveLength(1)
    expect(source.settlements).toMatchObject([{ outcome: { kind: "release" }, calls: 0 }])
  })

  it("drops a page whose completion no longer fits the lease, and counts its call", async () => {
    const { source, clock, startedAt } = await fetchWith({
      replies: [delayed(25_000, page(["incomplete"]))],
      task: { until: fakeClock().now() + 50_000 },
    })
    expect(source.checkpoints).toEqual([])
    expect(source.settlements).toMatchObject([{ outcome: { kind: "release" }, calls: 1 }])
    expect(clock.now() - startedAt).toBe(25_000)
  })

  it.each<[string, CheckpointAnswer, string, number]>([
    ["stops where it is told to, and asks what is next", { kind: "stop", reason: "backpressure" }, "idle", 2],
    ["drops everything that is stale, and asks what is next", { kind: "stale" }, "idle", 2],
  ])("%s", async (_title, answer, end, leases) => {
    const { run, source, ports } = await fetchWith({ replies: [page(["a"], "t1")], checkpoint: [() => answer] })
    expect(run.end).toBe(end)
    expect(source.leases).toHaveLength(leases)
    expect(source.settlements).toEqual([])
    expect(ports.requests).toHaveLength(1)
  })
})

describe("a failure is settled once", () => {
  const until = (
    ms: number,
    reason = "Acme asks us to wait before the next call.",
  ): ((startedAt: number) => Outcome) => {
    return (startedAt) => ({ kind: "limited", until: startedAt + ms, reason })
  }
  it.each<[string, Reply, (startedAt: number) => unknown]>([
    ["500", json({}, 500), () => ({ kind: "transient", reason: "Acme answered 500." })],
    ["no connection", unreachable, () => ({ kind: "transient", reason: "Acme could not be reached." })],
    ["not the documented shape", json({}), () => ({ kind: "transient", reason: "Acme's list has no rows." })],
    ["429 with a wait", json({}, 429, { "retry-after": "10" }), until(11_000)],
    ["429 without", json({}, 429), until(LIMITED_WAIT_MS * 1.1)],
    ["429 that says zero", json({}, 429, { "retry-after": "0" }), until(1100)],
    ["429 that says a year", json({}, 429, { "retry-after": "31536000" }), until(86_400_000 * 1.1)],
    [
      "403 in the partner's words",
      json("no_scope", 403),
      () => ({ kind: "denied", collections: ["Orders"], reason: expect.any(String) }),
    ],
    ["404", json({}, 404), () => ({ kind: "fault", reason: "Acme refused the request (404)." })],
    [
      "a token that is refused",
      json("expired_token", 400),
      () => ({ kind: "token_refused", reason: expect.any(String) }),
    ],
    ["too large", () => new Response(new Uint8Array(8 * 1024 * 1024 + 1)), () => ({ kind: "too_large" })],
  ])("%s", async (_title, reply, expected) => {
    const { source, startedAt } = await fetchWith({ replies: [reply] })
    expect(source.settlements).toMatchObject([{ lease: { number: 4 }, outcome: expected(startedAt), calls: 1 }])
    expect(source.checkpoints).toEqual([])
  })

  it("of a page after others, with the calls since the last checkpoint", async () => {
    const { source, run } = await fetchWith({ replies: [page(["a"], "t1"), page(["incomplete"], "t2"), json({}, 500)] })
    expect(source.settlements).toMatchObject([{ outcome: { kind: "transient" }, calls: 2 }])
    expect(run).toMatchObject({ pages: 1, calls: 3 })
  })

  it("that only ends with its time limit, too", async () => {
    const { source } = await fetchWith({ replies: [hang] })
    expect(source.settlements).toMatchObject([
      { outcome: { kind: "transient", reason: "Acme did not answer in time." } },
    ])
  })

  it("of our own making as a fault, logged by place and never by what it says", async () => {
    const { source, ports } = await fetchWith({ replies: [page(["bug"])] })
    expect(outcomesOf(source)).toEqual([
      {
        kind: "fault",
        reason: "Acme could not be read, because of a mistake on our side (orders, TypeError). We have been told.",
      },
    ])
    expect(ports.lines).toMatchObject([{ event: "connector_failed", at: expect.stringContaining("acme.ts") }])
    expect(JSON.stringify(ports.lines)).not.toContain("ada@example.com")
  })

  it.each<[string, Partial<Task>, Outcome["kind"]]>([
    ["a connector that this version does not know", { connector: "other" }, "transient"],
    ["a stream that this version does not know", { stream: "other" }, "transient"],
    ["a configuration that does not fit", { config: {} }, "fault"],
  ])("%s", async (_title, task, kind) => {
    const { source, ports } = await fetchWith({ replies: [], task })
    expect(source.settlements).toMatchObject([{ outcome: { kind }, calls: 0 }])
    expect(ports.requests).toEqual([])
  })

  it("of too many requests to complete a page", async () => {
    const ids = Array.from({ length: LOOKUPS_MAX + 1 }, (_, index) => `incomplete${index}`)
    const { source } = await fetchWith({ replies: [page(ids)] })
    expect(source.settlements).toMatchObject([{ outcome: { kind: "fault" }, calls: 1 }])
  })
})

describe("a search for the record that makes the partner fail", () => {
  const probe = beginProbe({ window: { from: null, to: PARTNER_TIME } }, PARTNER_TIME - 60_000, true, 1000)
  const denied = [{ collection: "Orders", reason: "scope missing" }]

  it.each<[string, object, Outcome]>([
    ["what may not be read any more", { denied }, { kind: "denied", collections: ["Orders"], reason: "scope missing" }],
    ["answers of nothing", {}, expect.objectContaining({ kind: "probed" })],
  ])("with %s", async (_, answer, outcome) => {
    const replies = [json({ rows: [], next: null, ...answer })]
    const { source } = await fetchWith({ replies, task: { probe } })
    expect(outcomesOf(source)).toEqual([outcome])
  })
})

describe("a page token that repeats", () => {
  const [a, b, c] = [page(["a"], "t1"), page(["b"], "t2"), page(["c"], "t1")]

  it.each<[string, Reply[], Partial<Task>]>([
    ["with the same records is refused", [a, a], { pageToken: "t1" }],
    ["is refused where the pages of a circle come again", [a, b, c, b], {}],
  ])("%s", async (_title, replies, task) => {
    const { source } = await fetchWith({ replies, task })
    expect(source.settlements).toMatchObject([{ outcome: { kind: "token_refused" }, calls: 1 }])
    expect(source.checkpoints).toHaveLength(replies.length - 1)
  })

  it("with no records is told by what the partner answered: a connector may leave out all rows of a page", async () => {
    const without = (restMs: number) => json({ rows: [], next: "t1", restMs })
    const { source } = await fetchWith({ replies: [without(1), without(2), without(3), page(["a"])] })
    expect(source.checkpoints).toHaveLength(4)
    const circle = await fetchWith({ replies: [without(1), without(2), without(2)] })
    expect(circle.source.settlements).toMatchObject([{ outcome: { kind: "token_refused" } }])
  })

  it("with other records is a scroll's, and read to its end", async () => {
    const { source } = await fetchWith({ replies: [a, c, page(["d"], "t1"), page([])] })
    expect(source.checkpoints.map(({ items }) => items.map(({ key }) => key))).toEqual([["a"], ["c"], ["d"], []])
    expect(source.settlements).toEqual([])
  })

  it("is a fault where it is too long to keep", async () => {
    const { source } = await fetchWith({ replies: [page(["a"], "t".repeat(TOKEN_BYTES_MAX + 1))] })
    expect(outcomesOf(source)).toMatchObject([{ kind: "fault" }])
  })
})

describe("a credential that is refused", () => {
  it("is renewed once, and the page asked for again with the newer one", async () => {
    const { source, ports } = await fetchWith({
      replies: [json("bad_key", 401), page(["a"])],
      credential: [() => ({ kind: "key", value: "key_newer", version: 2 })],
    })
    expect(source.refusedVersions).toEqual([1])
    expect(ports.requests.map(({ headers }) => headers["x-key"])).toEqual(["key_secret", "key_newer"])
    expect(source.checkpoints).toMatchObject([{ page: 0, calls: 2 }])
    expect(source.settlements).toEqual([])
  })

  it.each<[string, Task["credential"] | null, number, number]>([
    ["ends the work where there is no newer one", null, 1, 1],
    ["ends the work where the newer one is refused as well", { kind: "key", value: "key_newer", version: 2 }, 2, 2],
  ])("%s", async (_title, newer, credentialVersion, calls) => {
    const { run, source } = await fetchWith({ replies: [json("bad_key", 401)], credential: [() => newer] })
    expect(source.settlements).toMatchObject([{ outcome: { kind: "auth", credentialVersion }, calls }])
    expect(source.refusedVersions).toEqual([1])
    expect(run).toMatchObject({ end: "auth", leases: 1 })
  })

  it("is renewed once a lease, however many pages later it fails again", async () => {
    const { source } = await fetchWith({
      replies: [json("bad_key", 401), page(["a"], "t1"), json("bad_key", 401)],
      credential: [() => ({ kind: "key", value: "key_newer", version: 2 })],
    })
    expect(source.refusedVersions).toEqual([1])
    expect(outcomesOf(source)).toMatchObject([{ kind: "auth", credentialVersion: 2 }])
  })
})

describe("a lost answer of the source", () => {
  it("to a lease is asked for again with the same nonce", async () => {
    const { source } = await fetchWith({ replies: [page(["a"])], lease: (task) => [lost, granted(task), IDLE] })
    expect(source.leases[1]?.nonce).toBe(source.leases[0]?.nonce)
    expect(source.checkpoints).toHaveLength(1)
  })

  it("to a checkpoint is asked for again with the same checkpoint", async () => {
    const { source, run } = await fetchWith({ replies: [page(["a"])], checkpoint: [lost, STOP] })
    expect(source.checkpoints[1]).toEqual(source.checkpoints[0])
    expect(run).toMatchObject({ end: "idle", pages: 1 })
  })

  it.each<[string, Partial<Setting>]>([
    ["lease", { lease: () => [lost] }],
    ["checkpoint", { checkpoint: [lost] }],
    ["settlement", { replies: [json({}, 500)], settle: [lost] }],
    ["credential", { replies: [json("bad_key", 401)], credential: [lost] }],
  ])("to a %s ends the work quietly when it is lost twice", async (_title, setting) => {
    const { run, source, ports } = await fetchWith({ replies: [page(["a"], "t1")], ...setting })
    expect(run.end).toBe("lost")
    expect(source.leases.length).toBeLessThanOrEqual(2)
    expect(ports.lines).toMatchObject([{ event: "source_unanswered", message: expect.stringContaining("reset") }])
  })

  it("is not asked for again where the source says that it is overloaded", async () => {
    const overloaded = () => {
      throw Object.assign(new Error("overloaded"), { overloaded: true })
    }
    const { run, source } = await fetchWith({ replies: [], lease: () => [overloaded] })
    expect(run.end).toBe("lost")
    expect(source.leases).toHaveLength(1)
  })
})

it("asks for a page anew with half its records when what it comes to is more than one call may carry", async () => {
  // Each field that the user added takes two bytes a character, sent on.
  const fields = Object.fromEntries(Array.from({ length: 90 }, (_, index) => [`field${index}`, "id"]))
  const task = { collections: [{ name: "Orders", fields }] }
  const ids = Array.from({ length: 100 }, (_, index) => `${index}ł${"x".repeat(950)}`)
  const { source } = await fetchWith({ replies: [page(ids, "t1")], task })
  expect(source.checkpoints).toEqual([])
  expect(source.settlements).toMatchObject([{ outcome: { kind: "too_large" }, calls: 1 }])
  const half = await fetchWith({ replies: [page(ids.slice(0, 50))], task })
  expect(half.source.checkpoints).toHaveLength(1)
  expect(serialize(half.source.checkpoints[0]).length).toBeLessThanOrEqual(CHECKPOINT_BYTES_MAX)
})
