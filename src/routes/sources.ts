/** Sources: list, read, change, reconnect, delete. */
import * as fields from "../api/fields.ts"
import { updateSourceBody } from "../api/requests.ts"
import { authorizeView, gatewaysView, pageOf, sourceView } from "../api/views.ts"
import { findSource, listSources } from "../db/sources.ts"
import { Problem } from "../errors.ts"
import { viewOf } from "../use-cases/ask-source.ts"
import { attachKey } from "../use-cases/attach-account.ts"
import { chooseConnector } from "../use-cases/choices.ts"
import { deleteSource } from "../use-cases/delete-source.ts"
import { listGateways } from "../use-cases/list-gateways.ts"
import { authorizeLink } from "../use-cases/start-oauth.ts"
import { updateSource } from "../use-cases/update-source.ts"
import { sourceAnswer } from "./kit/answer.ts"
import { api } from "./kit/api.ts"
import { body, operation, query } from "./kit/operation.ts"
import { publicSource } from "./kit/public.ts"

const tag = "Sources"

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
      return c.json({ data: page.rows.map((row) => publicSource({ row, view: null })), cursor: page.cursor })
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
      return c.json(await sourceAnswer(ports, { row, view: await viewOf(ports, row) }))
    },
  )
  .patch(
    "/sources/:id",
    operation({
      summary: "Rename, pause, resume, choose collections, change what the connector lets change",
      ...{ tag, role: "editor", status: 200, answer: sourceView },
      problems: ["not_found", "unknown_collection", "conflict"],
    }),
    body(updateSourceBody),
    async (c) => {
      const changed = await updateSource(c.var, c.req.param("id"), c.req.valid("json"))
      return c.json(await sourceAnswer(c.var.ports, changed))
    },
  )
  .get(
    "/sources/:id/gateways",
    operation({
      summary: "The payment gateways of the account's latest orders",
      description: "Asks the partner, with one call. For `config.paymentsElsewhere`.",
      ...{ tag, role: "editor", status: 200, answer: gatewaysView },
      problems: [
        ...(["not_found", "gone", "no_gateways", "draft_incomplete", "unavailable", "credentials_rejected"] as const),
        ...(["account_unusable", "account_moved", "partner_unreachable", "partner_limited"] as const),
      ],
    }),
    async (c) => c.json({ gateways: await listGateways(c.var, c.req.param("id")) }),
  )
  .put(
    "/sources/:id/credentials",
    operation({
      summary: "Reconnect with a new key of the same account",
      ...{ tag, role: "editor", status: 200, answer: sourceView },
      problems: [
        ...(["not_found", "credentials_rejected", "account_mismatch", "account_taken", "conflict"] as const),
        ...(["account_unusable", "account_moved", "partner_unreachable", "partner_limited"] as const),
      ],
    }),
    body(fields.credentials),
    async (c) => {
      const attached = await attachKey(c.var, c.req.param("id"), c.req.valid("json").apiKey)
      return c.json(await sourceAnswer(c.var.ports, attached))
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
      await deleteSource(c.var, c.req.param("id"))
      return c.body(null, 204)
    },
  )
