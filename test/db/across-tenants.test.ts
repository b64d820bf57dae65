/** The watchdog's tick at its bounds: what one invocation may ask of D1, and what is forgotten by age. */
import { env } from "cloudflare:workers"
import { beforeEach, expect, it } from "vitest"
import { DELETED_KEPT_MS, operatorAlerts } from "../../src/db/across-tenants.ts"
import { AUDIT_KEPT_MS, auditStatement, SYSTEM } from "../../src/db/audit.ts"
import { openDatabase } from "../../src/db/database.ts"
import { insertGrantStatement } from "../../src/db/grants.ts"
import { IDEMPOTENCY_KEPT_MS } from "../../src/db/idempotency.ts"
import { idempotency, sources } from "../../src/db/schema.ts"
import { insertSource, type SourceInsert } from "../../src/db/sources.ts"
import { D1_QUERIES_MAX } from "../../src/platform-limits.ts"
import { DRAFTS_A_TICK, GRANTS_A_TICK, SOURCES_A_TICK, type WatchPorts, watch } from "../../src/use-cases/watchdog.ts"
import { rows } from "../support/api.ts"
import { limitedDatabase } from "../support/platform/limits.ts"

const NOW = Date.UTC(2026, 10, 23)
const DAY = 86_400_000
const db = openDatabase(env.DB)
const tenant = { org: "acme", project: "watch" }
const entry = { at: NOW, actor: SYSTEM, action: "source.changed", subject: "s", detail: {} } as const
const tokens = {
  access: "a",
  refresh: "r",
  client: "c",
  expiresAt: null,
  lifeMs: null,
  refreshExpiresAt: null,
  refreshLifeMs: null,
}

const row = (id: string, more: Partial<SourceInsert> = {}): SourceInsert => ({
  ...{ ...tenant, id, connector: "stripe", name: id, config: {}, collections: [], identity: "email" },
  ...{ startDate: 0, intervalHours: 1, active: true, status: "connected", statusAt: 0, version: 1 },
  ...{ credentialVersion: 1, destinationVersion: 1, missing: [], templates: [] },
  ...{ accountId: id, accountName: id, accountMode: "live", connectedAt: NOW, checkAfter: NOW - 1 },
  ...{ createdBy: "ada", createdAt: 1, updatedAt: 1, ...more },
})

const grant = (id: string, source: string | null, expiresAt: number | null) =>
  insertGrantStatement(db, {
    ...{
      id,
      ...tenant,
      source,
      connector: "stripe",
      config: {},
      account: { id, name: id, mode: "live" },
      accountId: id,
    },
    ...{ connectedAt: NOW, tokens, installCode: null, createdAt: NOW, expiresAt, tries: 0 },
  })

/** In batches, which take a tenth of the time. */
async function insert(statements: unknown[]): Promise<void> {
  for (let start = 0; start < statements.length; start += 100)
    await db.batch(statements.slice(start, start + 100) as unknown as Parameters<typeof db.batch>[0])
}

const rowsOf = async (table: Parameters<typeof rows>[0]) => (await rows(table)) as Record<string, unknown>[]
const numbered = (count: number) => Array.from({ length: count }, (_, index) => index)

function portsOver(database: D1Database, now = NOW): WatchPorts {
  const source = () => ({ configure: async () => ({ ok: true, view: {} }), erase: async () => ({ ok: true }) })
  const clock = { now: () => now, sleep: async () => undefined, timeout: () => new AbortController().signal }
  const given = { refresh: async () => ({ kind: "later", reason: "", retryAfterMs: null }), revoke: async () => true }
  // A key is being replaced: what is sealed with the old one is looked for with each tick.
  const settings = { vaultKeys: [{ id: "new" }, { id: "old" }] }
  const cipher = { open: async (sealed: string) => sealed, seal: async (plain: string) => `new:${plain}` }
  const ports = { db: openDatabase(database), clock, source, tokens: given, settings, cipher, log: () => undefined }
  return ports as unknown as WatchPorts
}

beforeEach(async () => {
  for (const table of ["sources", "grants", "idempotency"]) await env.DB.exec(`DELETE FROM ${table}`)
})

it("asks no more of D1 than one invocation may, however much is due", async () => {
  // Of every kind: with a pasted key, by a grant that is still to be handed over, deleted and to be erased.
  const due = numbered(SOURCES_A_TICK + 50).flatMap((index) => {
    const [id, kind] = [`src_${index}`, index % 3]
    const more = kind === 0 ? { credential: "k" } : kind === 1 ? { grantId: `g_${index}` } : { deletedAt: NOW - 1 }
    const source = db.insert(sources).values(row(id, more) as typeof sources.$inferInsert)
    return kind === 0 ? [source] : [source, grant(`g_${index}`, id, null)]
  })
  const drafts = numbered(DRAFTS_A_TICK + 5).flatMap((index) => {
    const draft = row(`draft_${index}`, { status: "draft", checkAfter: null, expiresAt: NOW - 1, accountId: null })
    return [
      db.insert(sources).values(draft as typeof sources.$inferInsert),
      grant(`d_${index}`, `draft_${index}`, null),
    ]
  })
  await insert([...due, ...drafts, ...numbered(GRANTS_A_TICK + 5).map((index) => grant(`x_${index}`, null, NOW - 1))])
  const limited = limitedDatabase(env.DB)
  await watch(portsOver(limited.database), NOW)
  expect(limited.queries()).toBeGreaterThan(SOURCES_A_TICK)
  expect(limited.queries()).toBeLessThan(D1_QUERIES_MAX)
  const left = (await rowsOf("sources")).filter((one) => one.check_after === NOW - 1)
  expect(left).toHaveLength(50)
})

it("forgets by age what was deleted, answered and noted, and nothing younger", async () => {
  const gone = (at: number) => ({ deletedAt: NOW - at, checkAfter: null })
  await insertSource(db, row("old", gone(DELETED_KEPT_MS + DAY)), entry, [])
  await insertSource(db, row("young", gone(DELETED_KEPT_MS - DAY)), entry, [])
  await insertSource(db, row("owed", { ...gone(DELETED_KEPT_MS + DAY), checkAfter: NOW + 3_600_000 }), entry, [])
  for (const [key, age] of [
    ["stale", IDEMPOTENCY_KEPT_MS + 1],
    ["fresh", 1],
  ] as const)
    await db.insert(idempotency).values({ ...tenant, key, request: "r", made: "m", at: NOW - age })
  for (const [subject, age] of [
    ["ancient", AUDIT_KEPT_MS + DAY],
    ["recent", DAY],
  ] as const)
    await auditStatement(db, tenant, { ...entry, subject, at: NOW - age })
  await watch(portsOver(env.DB), NOW)
  expect((await db.select({ id: sources.id }).from(sources)).map(({ id }) => id).sort()).toEqual(["owed", "young"])
  expect((await rowsOf("idempotency")).map(({ key }) => key)).toEqual(["fresh"])
  const subjects = (await rowsOf("audit")).map(({ subject }) => subject)
  expect([subjects.includes("ancient"), subjects.includes("recent")]).toEqual([false, true])
  await expect(env.DB.exec("DELETE FROM audit WHERE subject = 'recent'")).rejects.toThrow(/append-only/)
})

it.each([
  ["thirty days ahead", 30 * DAY],
  ["thirty days behind", -30 * DAY],
])("deletes, gives back and shortens nothing while the clock is %s of the cron's", async (_title, offMs) => {
  await insertSource(db, row("draft", { status: "draft", checkAfter: null, expiresAt: NOW + 6 * DAY }), entry, [])
  await insertSource(db, row("deleted", { deletedAt: NOW - DELETED_KEPT_MS + DAY, checkAfter: null }), entry, [])
  await insertSource(db, row("due", { checkAfter: NOW - 60 * DAY, credential: "k" }), entry, [])
  await grant("unclaimed", null, NOW + DAY / 2)
  await db.insert(idempotency).values({ ...tenant, key: "k", request: "r", made: "m", at: NOW })
  const kept = async () => {
    const some = await db.select({ id: sources.id, at: sources.deletedAt, until: sources.expiresAt }).from(sources)
    return [some, await rowsOf("grants"), await rowsOf("idempotency")]
  }
  const before = await kept()
  const lines: string[] = []
  await watch({ ...portsOver(env.DB, NOW + offMs), log: (name: string) => void lines.push(name) } as WatchPorts, NOW)
  expect(await kept()).toEqual(before)
  expect(lines).toContain("watchdog.clock")
  // Sources are looked after all the same.
  expect((await rowsOf("sources")).find(({ id }) => id === "due")?.check_after).toBeGreaterThan(NOW - 60 * DAY)
})

it("deletes what is due though the cron comes some minutes late", async () => {
  await insertSource(db, row("draft", { status: "draft", checkAfter: null, expiresAt: NOW - 1 }), entry, [])
  await watch(portsOver(env.DB), NOW - 4 * 60_000)
  expect((await rowsOf("sources")).find(({ id }) => id === "draft")?.deleted_at).toBe(NOW)
})

it("tells operators which sources cannot work, and why, until they can", async () => {
  for (const id of ["src_1", "src_2"]) await insertSource(db, row(id, { credential: "k" }), entry, [])
  await insertSource(db, row("src_3", { credential: "k", status: "error", statusCode: "reconnect" }), entry, [])
  const answers = (answer: object, now: number) => ({
    ...portsOver(env.DB, now),
    source: (() => ({ configure: async () => answer })) as unknown as WatchPorts["source"],
  })
  const cause = "stored state has schema 3, this code knows 2"
  const unable = { ok: false, code: "unavailable", message: "later", cause }
  for (const now of [NOW, NOW + DAY / 4]) await watch(answers(unable, now), now)
  expect(await operatorAlerts(db, 10)).toEqual([{ connector: "stripe", reason: cause, sources: 2, since: NOW }])
  expect((await rowsOf("sources")).find(({ id }) => id === "src_3")?.status_code).toBe("reconnect")
  const now = NOW + DAY / 2
  const operatorWait = { since: NOW + 7, reason: "the client is missing" }
  await watch(answers({ ok: true, view: { keyIds: [], operatorWait } }, now), now)
  expect(await operatorAlerts(db, 10)).toMatchObject([{ reason: "the client is missing", sources: 2, since: NOW + 7 }])
})
