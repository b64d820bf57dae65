/** What a new grant of a source leaves of the ones before. */
import { env } from "cloudflare:workers"
import { expect, test } from "vitest"
import { openDatabase } from "../../src/db/database.ts"
import { forgetOthersStatement, type GrantRow, insertGrantStatement } from "../../src/db/grants.ts"
import type { SourceRow } from "../../src/db/sources.ts"
import { rows } from "../support/api.ts"

const NOW = Date.UTC(2026, 10, 23)
const db = openDatabase(env.DB)
const tenant = { org: "acme", project: "grants" }
const tokens = { access: "a", refresh: "r", client: "c", expiresAt: null, lifeMs: null }
const account = { id: "acct_1", name: "Ada's shop", mode: "live" } as const

const grant = (id: string, expiresAt: number | null): GrantRow => ({
  ...{ ...tenant, id, source: "src_1", connector: "stripe", config: {}, account, accountId: account.id },
  ...{ connectedAt: NOW, tokens: { ...tokens, refreshExpiresAt: null, refreshLifeMs: null } },
  ...{ installCode: null, createdAt: NOW, expiresAt, tries: 0 },
})

test("the replaced one is forgotten; one that waits to be given back to its partner goes on waiting", async () => {
  for (const one of [grant("replaced", null), grant("refused", NOW), grant("new", null)])
    await insertGrantStatement(db, one)
  await forgetOthersStatement(db, { ...tenant, id: "src_1" } as SourceRow, "new")
  const left = (await rows("grants")) as { id: string }[]
  expect(left.map(({ id }) => id).sort()).toEqual(["new", "refused"])
})
