/** A source's Durable Object under settings that cannot be read: nothing is lost, nothing is dropped, and it goes on by itself. */
import { runInDurableObject } from "cloudflare:test"
import { env } from "cloudflare:workers"
import { describe, expect, test, vi } from "vitest"
import type { Bindings } from "../../src/env.ts"
import { UNABLE_RETRY_MS } from "../../src/source/engine/unable.ts"
import { objectName } from "../../src/source/protocol/configuration.ts"
import { PROTOCOL, type SourceRpc } from "../../src/source/protocol/source.ts"
import { SourceObject } from "../../src/worker/source-object.ts"

const SECRET = "k1:not-a-key-of-32-bytes"
const bindings = env as unknown as Bindings
const BROKEN: [string, Partial<Bindings>][] = [
  ["a vault key that is none", { VAULT_KEYS: SECRET }],
  ["no vault key", { VAULT_KEYS: "" }],
  ["half an OAuth client", { OAUTH_STRIPE_CLIENT_ID: "" }],
]

const configuration = { ...{ org: "o", project: "unable", source: "src_unable" }, version: 1 } as never
const lease = { slice: "live:events", number: 1 }
/** What is sealed with which key must not be guessed: whoever asks learns that it is not known. */
const REFUSED_SECRETS = "refused"
const ASKS: Record<Exclude<keyof SourceRpc, never>, (source: SourceRpc) => Promise<unknown>> = {
  configure: (source) => source.configure(configuration),
  view: (source) => source.view(),
  syncNow: (source) => source.syncNow(),
  runs: (source) => source.runs({ limit: 1, cursor: null }),
  run: (source) => source.run("run_00000001"),
  resync: (source) => source.resync("Charge", null),
  quarantine: (source) => source.quarantine({ limit: 1, cursor: null }),
  replay: (source) => source.replay("all"),
  discardEntries: (source) => source.discardEntries("all"),
  discard: (source) => source.discard(1),
  access: (source) => source.access(),
  erase: (source) => source.erase(true),
  bookmarkKept: (source) => source.bookmarkKept(),
  sealed: (source) => source.sealed().catch(() => REFUSED_SECRETS),
  reseal: (source) => source.reseal([]).catch(() => REFUSED_SECRETS),
  lease: (source) => source.lease({ lane: "live", nonce: "n", protocol: PROTOCOL }),
  checkpoint: (source) => source.checkpoint({ lease, protocol: PROTOCOL } as never),
  settle: (source) => source.settle({ protocol: PROTOCOL, lease, outcome: { kind: "release" }, calls: 0 }),
  credential: (source) => source.credential({ protocol: PROTOCOL, lease, failedVersion: 1 }),
  claim: (source) => source.claim({ nonce: "n", protocol: PROTOCOL }),
  report: (source) => source.report({ protocol: PROTOCOL, number: 1, destinationVersion: 1, results: [], done: true }),
}
const REFUSED = {
  ok: false,
  code: "unavailable",
  message: expect.stringContaining("Nothing is lost"),
  cause: expect.stringContaining("settings are incomplete"),
}
const LATER = { kind: "later", at: expect.any(Number), reason: expect.stringContaining("settings are incomplete") }
const ANSWERS: Partial<Record<keyof SourceRpc, unknown>> = {
  erase: { ok: false },
  bookmarkKept: undefined,
  sealed: REFUSED_SECRETS,
  reseal: REFUSED_SECRETS,
  lease: LATER,
  claim: LATER,
  checkpoint: { kind: "stale" },
  settle: undefined,
  credential: null,
  report: { kind: "stop", reason: expect.any(String) },
}

/** Runs `work` on an object made with these settings, on storage of its own. */
function broken<T>(
  name: string,
  changes: Partial<Bindings>,
  work: (source: SourceObject, state: DurableObjectState) => Promise<T>,
) {
  const stub = bindings.SOURCES.getByName(objectName({ org: "o", project: "unable", source: name }))
  return runInDurableObject(stub, (_, state) => work(new SourceObject(state, { ...bindings, ...changes }), state))
}

describe("under settings that cannot be read, a source's object", () => {
  test.each(BROKEN)(
    "(%s) sets its alarm again, and says which setting it is and nothing of its value",
    async (why, changes) => {
      const lines = vi.spyOn(console, "log")
      const alarm = await broken(why, changes, async (source, { storage }) => {
        const before = Date.now()
        await source.alarm()
        await source.alarm()
        return ((await storage.getAlarm()) ?? 0) - before
      })
      expect(alarm).toBeGreaterThanOrEqual(UNABLE_RETRY_MS)
      const said = lines.mock.calls.map(([line]) => String(line)).filter((line) => line.includes("source.unable"))
      expect(said).toHaveLength(2)
      expect(said[0]).toMatch(/VAULT_KEYS|OAUTH_STRIPE_CLIENT_ID/)
      expect(said.join()).not.toContain("not-a-key")
      lines.mockRestore()
    },
  )

  test.each(Object.entries(ASKS))("refuses %s, and writes nothing", async (name, ask) => {
    const [answer, tables] = await broken(name, { VAULT_KEYS: SECRET }, async (source, { storage }) => [
      await ask(source as unknown as SourceRpc),
      storage.sql.exec("SELECT name FROM sqlite_master WHERE type = 'table'").toArray(),
    ])
    const method = name as keyof SourceRpc
    expect(answer).toEqual(method in ANSWERS ? ANSWERS[method] : REFUSED)
    expect(tables).toEqual([])
  })

  test("works again once they can be", async () => {
    const answer = await broken("healed", {}, (source) => source.view())
    expect(answer).toMatchObject({ ok: false, code: "gone" })
  })
})
