import { describe, expect, it } from "vitest"
import { consume, SOURCES_AT_ONCE } from "../../src/pipeline/consume.ts"
import { testPorts } from "../support/pipeline.ts"
import { fakeSource, lost } from "../support/platform/fake-source.ts"

function message(body: unknown) {
  const given = { body, acked: 0, ack: () => void given.acked++ }
  return given
}

const wake = (source: string) => message({ source })

describe("a batch of wake-ups", () => {
  it("handles several of one source once, and says so in one line", async () => {
    const source = fakeSource({})
    const ports = testPorts([], () => source)
    const messages = [wake("o/p/a"), wake("o/p/a")]
    await consume(messages, "fetch", ports)
    expect(source.leases).toMatchObject([{ lane: "live" }])
    expect(messages.map(({ acked }) => acked)).toEqual([1, 1])
    expect(ports.lines).toEqual([
      {
        event: "wake_up",
        lane: "fetch",
        source: "o/p/a",
        messages: 2,
        end: "idle",
        leases: 0,
        pages: 0,
        records: 0,
        items: 0,
        calls: 0,
        ms: 0,
      },
    ])
  })

  it.each([
    ["fetch", "leases", [{ lane: "live" }]],
    ["backfill", "leases", [{ lane: "backfill" }]],
    ["forward", "claims", [{ nonce: "claim_1" }]],
  ] as const)("of the lane %s asks for work of its kind", async (lane, asked, expected) => {
    const source = fakeSource({})
    await consume(
      [wake("o/p/a")],
      lane,
      testPorts([], () => source),
    )
    expect(source[asked]).toMatchObject(expected)
  })

  it.each([null, "o/p/a", {}, { source: "" }, { source: 7 }])("acknowledges %j, which is none", async (body) => {
    const ports = testPorts([], () => fakeSource({}))
    const messages = [message(body), wake("o/p/a")]
    await consume(messages, "fetch", ports)
    expect(messages.map(({ acked }) => acked)).toEqual([1, 1])
    expect(ports.lines.map(({ source, end }) => [source, end])).toEqual([
      [null, "unreadable"],
      ["o/p/a", "idle"],
    ])
  })

  it("lets no source's failure touch another's, and acknowledges both", async () => {
    const bad = fakeSource({ lease: [lost] })
    const ports = testPorts([], (name) => (name === "o/p/bad" ? bad : fakeSource({})))
    const messages = [wake("o/p/bad"), wake("o/p/good")]
    await consume(messages, "fetch", ports)
    expect(messages.map(({ acked }) => acked)).toEqual([1, 1])
    const wakeUps = ports.lines.filter(({ event }) => event === "wake_up")
    expect(wakeUps.map(({ source, end }) => `${source} ${end}`).sort()).toEqual(["o/p/bad lost", "o/p/good idle"])
  })

  it("logs an unforeseen failure by its class and never by what it says", async () => {
    const ports = testPorts([], () => fakeSource({}))
    ports.random.id = () => {
      throw new RangeError("ada@example.com")
    }
    const messages = [wake("o/p/a")]
    await consume(messages, "forward", ports)
    expect(ports.lines).toEqual([
      { event: "wake_up", lane: "forward", source: "o/p/a", messages: 1, end: "failed", error: "RangeError" },
    ])
    expect(messages[0]?.acked).toBe(1)
  })

  it("works on sources side by side up to the lane's cap", async () => {
    let underWay = 0
    let most = 0
    const slow = fakeSource({})
    slow.lease = async () => {
      most = Math.max(most, ++underWay)
      await new Promise((resolve) => setImmediate(resolve))
      underWay--
      return { kind: "idle" }
    }
    const messages = Array.from({ length: 12 }, (_, index) => wake(`o/p/${index}`))
    await consume(
      messages,
      "fetch",
      testPorts([], () => slow),
    )
    expect(most).toBe(SOURCES_AT_ONCE.fetch)
    expect(messages.every(({ acked }) => acked === 1)).toBe(true)
  })
})
