import { env } from "cloudflare:workers"
import { describe, expect, it } from "vitest"
import { publishStatus } from "../../src/db/across-tenants.ts"
import { SYSTEM } from "../../src/db/audit.ts"
import { openDatabase } from "../../src/db/database.ts"
import { definitionStatement } from "../../src/db/definitions.ts"
import { changeSource, findSource, insertSource, type SourceInsert } from "../../src/db/sources.ts"
import { rows, snapshot } from "../support/api.ts"

const db = openDatabase(env.DB)
const tenant = { org: "acme", project: "shop" }
const entry = { at: 1_000, actor: SYSTEM, action: "source.changed", subject: "s", detail: {} } as const

const row = (id: string, more: Partial<SourceInsert> = {}): SourceInsert => ({
  ...{ ...tenant, id, connector: "stripe", name: id, config: {}, collections: [], identity: "email" },
  ...{ startDate: 0, intervalHours: 1, active: true, status: "connected", statusAt: 0, version: 1 },
  ...{ credentialVersion: 1, destinationVersion: 1, missing: [], templates: [] },
  ...{ createdBy: "ada", createdAt: 1, updatedAt: 1, ...more },
})

const metric = (id: string) =>
  definitionStatement(db, "metric", {
    ...{ ...tenant, id, name: id, definition: {}, source: null, template: null },
    ...{ createdBy: "ada", createdAt: 1, updatedAt: 1 },
  })

describe("a change of a source", () => {
  it("is one batch: row, audit entry, appointment, and what comes with it", async () => {
    const made = await insertSource(db, row("src_1"), entry, [])
    const changed = await changeSource(db, made, { name: "Renamed" }, entry, [metric("met_1")])
    expect(changed).toMatchObject({ name: "Renamed", version: 2, updatedAt: 1_000, checkAfter: 61_000 })
    expect(await rows("audit")).toHaveLength(2)
    expect(await rows("metrics")).toHaveLength(1)
  })

  it("of a row that was changed meanwhile leaves nothing behind, not even what comes with it", async () => {
    const made = await insertSource(db, row("src_2"), entry, [])
    await changeSource(db, made, { name: "First" }, entry)
    const before = await snapshot()
    const late = changeSource(db, made, { name: "Second" }, entry, [metric("met_2")])
    await expect(late).rejects.toMatchObject({ code: "conflict" })
    expect(await snapshot()).toBe(before)
  })

  it("never reaches another project's row", async () => {
    const made = await insertSource(db, row("src_3"), entry, [])
    const stranger = changeSource(db, { ...made, project: "other" }, { name: "Mine" }, entry)
    await expect(stranger).rejects.toMatchObject({ code: "conflict" })
    expect((await findSource(db, tenant, "src_3")).name).toBe("src_3")
    await expect(findSource(db, { org: "acme", project: "other" }, "src_3")).rejects.toMatchObject({
      code: "not_found",
    })
  })
})

describe("an insert", () => {
  const account = { accountId: "acct_1", accountMode: "live" } as const

  it("of an account that is connected already writes nothing", async () => {
    await insertSource(db, row("src_4", account), entry, [])
    const before = await snapshot()
    const second = insertSource(db, row("src_5", account), entry, [metric("met_3")])
    await expect(second).rejects.toMatchObject({ code: "account_taken" })
    expect(await snapshot()).toBe(before)
  })
})

describe("a published status", () => {
  const ref = { ...tenant, source: "src_6" }

  it("is stored once, leaves the version alone, and is not written again while it is the same", async () => {
    await insertSource(db, row("src_6"), entry, [])
    const error = { status: "error", code: "auth", message: "Reconnect." } as const
    await publishStatus(db, ref, error, 5)
    await publishStatus(db, ref, error, 9)
    const read = await findSource(db, tenant, "src_6")
    expect(read).toMatchObject({
      status: "error",
      statusCode: "auth",
      statusMessage: "Reconnect.",
      statusAt: 5,
      version: 1,
    })
  })

  it("never turns a draft into a source", async () => {
    await insertSource(db, row("src_7", { status: "draft" }), entry, [])
    await publishStatus(db, { ...tenant, source: "src_7" }, { status: "connected", code: null, message: null }, 5)
    expect((await findSource(db, tenant, "src_7")).status).toBe("draft")
  })
})
