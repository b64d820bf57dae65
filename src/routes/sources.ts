/** Sources: list, read, change, reconnect, delete. */
import { z } from "zod"
import * as fields from "../api/fields.ts"
import { authorizeView, pageOf, sourceView } from "../api/views.ts"
import { connectors } from "../connectors/index.ts"
import { checkAccount, checkShape } from "../control/account.ts"
import { authorizeLink } from "../control/authorize.ts"
import { chooseCollections, chooseConnector } from "../control/choose.ts"
import { configure, refOf } from "../control/configure.ts"
import { accountColumns, refuseOther, refuseTaken, sealCredential } from "../control/create.ts"
import { rememberStatements } from "../control/former.ts"
import { erase } from "../control/watchdog.ts"
import { expireStatement, forgetOthersStatement } from "../db/grants.ts"
import { changeSource, findSource, forgetSource, listSources, type SourceRow } from "../db/sources.ts"
import { moveCheck } from "../db/watch.ts"
import { Problem } from "../errors.ts"
import { viewOf } from "./kit/answers.ts"
import { api } from "./kit/api.ts"
import { entryOf } from "./kit/entry.ts"
import { body, operation, query } from "./kit/operation.ts"
import { publicSource } from "./kit/public.ts"

const tag = "Sources"

const Change = z
  .strictObject({
    name: fields.name.optional(),
    active: z.boolean().optional().describe("False pauses: nothing is fetched, what was fetched is still delivered."),
    collections: fields.collections.optional(),
  })
  .refine((change) => Object.keys(change).length > 0, "must change something.")

export const sourceRoutes = api()
  .get(
    "/sources",
    operation({
      summary: "The project's sources, newest first",
      tag,
      role: "viewer",
      status: 200,
      answer: pageOf(sourceView),
    }),
    query(fields.paging),
    async (c) => {
      const { limit, cursor = null } = c.req.valid("query")
      const page = await listSources(c.var.ports.db, c.var.tenant, { limit, cursor })
      return c.json({ data: page.rows.map((row) => publicSource(row, null)), cursor: page.cursor })
    },
  )
  .get(
    "/sources/:id",
    operation({
      summary: "One source, and how it fares at this moment",
      ...{ tag, role: "viewer", status: 200, answer: sourceView, problems: ["not_found"] },
    }),
    async (c) => {
      const { ports, tenant } = c.var
      const row = await findSource(ports.db, tenant, c.req.param("id"))
      return c.json(publicSource(row, await viewOf(ports, row)))
    },
  )
  .patch(
    "/sources/:id",
    operation({
      summary: "Rename, pause, resume, choose collections",
      ...{ tag, role: "editor", status: 200, answer: sourceView },
      problems: ["not_found", "unknown_collection", "conflict"],
    }),
    body(Change),
    async (c) => {
      const { ports, tenant } = c.var
      const { name, active, collections } = c.req.valid("json")
      const row = await findSource(ports.db, tenant, c.req.param("id"))
      const patch = {
        name: name ?? row.name,
        active: active ?? row.active,
        collections: collections ? chooseCollections(chooseConnector(row.connector), collections) : row.collections,
        // A name given to a draft is no longer missing.
        missing: name ? row.missing.filter((field) => field !== "name") : row.missing,
      }
      const entry = entryOf(c, actionOf(row, patch.active), row.id, c.req.valid("json"))
      const changed = await changeSource(ports.db, row, patch, entry)
      return c.json(publicSource(changed, await configure(ports, changed)))
    },
  )
  .put(
    "/sources/:id/credentials",
    operation({
      summary: "Reconnect with a new key of the same account",
      ...{ tag, role: "editor", status: 200, answer: sourceView },
      problems: [
        ...(["not_found", "credentials_rejected", "account_mismatch", "account_taken", "conflict"] as const),
        ...(["account_unusable", "partner_unreachable", "partner_limited"] as const),
      ],
    }),
    body(fields.credentials),
    async (c) => {
      const { ports, tenant } = c.var
      const { apiKey } = c.req.valid("json")
      const row = await findSource(ports.db, tenant, c.req.param("id"))
      const connector = chooseConnector(row.connector)
      checkShape(connector, apiKey, connectors)
      const checked = await checkAccount(ports, {
        connector,
        config: row.config,
        credential: { kind: "key", value: apiKey },
      })
      refuseOther(row, checked)
      await refuseTaken(ports, tenant, connector, checked, row.id)
      const patch = {
        ...(row.accountId === null ? accountColumns(checked) : { accountName: checked.account.name }),
        credential: await sealCredential(ports, refOf(row), apiKey),
        grantId: null,
        credentialVersion: row.credentialVersion + 1,
        missing: row.missing.filter((field) => field !== "credentials"),
      }
      const entry = entryOf(c, "source.reconnected", row.id)
      const changed = await changeSource(ports.db, row, patch, entry, [forgetOthersStatement(ports.db, row, null)])
      return c.json(publicSource(changed, await configure(ports, changed)))
    },
  )
  .post(
    "/sources/:id/authorize",
    operation({
      summary: "A link to connect or reconnect by signing in at the partner",
      description:
        "The account must be the one that the source reads. Until the partner has granted access nothing changes.",
      ...{ tag, role: "editor", status: 200, answer: authorizeView, problems: ["not_found", "oauth_unavailable"] },
    }),
    async (c) => {
      const { ports, tenant, caller } = c.var
      const row = await findSource(ports.db, tenant, c.req.param("id"))
      const connector = chooseConnector(row.connector)
      const link = await authorizeLink(ports, row, connector, caller.subject)
      if (!link) throw new Problem("oauth_unavailable", { detail: `There is no OAuth client for ${connector.title}.` })
      return c.json({ authorizeUrl: link.url, expiresAt: link.expiresAt })
    },
  )
  .delete(
    "/sources/:id",
    operation({
      summary: "Delete a source and everything held for it",
      description:
        "What was already delivered stays at the destination; what was read and not delivered yet goes. For 90 days it is known that the " +
        "account was read into this destination, and where reading stopped: a new source of it can go on from there.",
      ...{ tag, role: "admin", status: 204, answer: null, problems: ["not_found", "conflict"] },
    }),
    async (c) => {
      const { ports, tenant } = c.var
      const row = await findSource(ports.db, tenant, c.req.param("id"))
      const entry = entryOf(c, "source.deleted", row.id, { name: row.name })
      const remember = await rememberStatements(ports, row, entry.at)
      const gone = await forgetSource(ports.db, row, entry, [expireStatement(ports.db, row, entry.at), ...remember])
      // Not erased now: the watchdog's appointment is in the same batch as the deletion.
      if (await erase(ports, gone)) await moveCheck(ports.db, gone, null)
      return c.body(null, 204)
    },
  )

function actionOf(row: SourceRow, active: boolean) {
  if (active === row.active) return "source.changed"
  return active ? "source.resumed" : "source.paused"
}
