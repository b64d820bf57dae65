/** How a source comes about: at once, or as a draft that is finished later. */
import { z } from "zod"
import { IDENTITIES, type MissingField } from "../api/enums.ts"
import * as fields from "../api/fields.ts"
import { sourceView } from "../api/views.ts"
import { connectors } from "../connectors/index.ts"
import { checkShape } from "../control/account.ts"
import { authorizeLink } from "../control/authorize.ts"
import { chooseCollections, chooseConnector } from "../control/choose.ts"
import { claimStatements, findClaimed } from "../control/claim.ts"
import { configure } from "../control/configure.ts"
import { planSource, planSync, stageColumns, type Wish } from "../control/create.ts"
import { againOf, goOnColumns } from "../control/former.ts"
import { checkTemplates, templateStatements } from "../control/templates.ts"
import type { GrantRow } from "../db/grants.ts"
import { rememberStatements } from "../db/idempotency.ts"
import { changeSource, findSource, insertSource, type SourceInsert, type SourceRow } from "../db/sources.ts"
import { badField, Problem } from "../errors.ts"
import type { ApiPorts } from "../platform.ts"
import { dayOf } from "../source/startdate.ts"
import { api } from "./kit/api.ts"
import { entryOf } from "./kit/entry.ts"
import { once } from "./kit/idempotency.ts"
import { body, operation, parse } from "./kit/operation.ts"
import { publicSource } from "./kit/public.ts"

const tag = "Sources"
const CLAIM_CHARS_MAX = 100

const Create = z.strictObject({
  connector: z.string({ error: "must name a connector." }),
  credentials: fields.credentials.optional(),
  claim: z.string().max(CLAIM_CHARS_MAX).optional().describe("The code of an install that began at the partner."),
  config: z.looseObject({}).optional().describe("As the connector's `config` schema says."),
  name: fields.name.optional(),
  sync: fields.sync.optional(),
  collections: fields.collections.optional(),
  identity: z.enum(IDENTITIES).default("email").describe("Whether people are known by email or by the partner's id."),
  templates: fields.templates.default([]),
  ...fields.again,
})

const Finish = z.strictObject({
  name: fields.name.optional(),
  sync: fields.sync.optional(),
  collections: fields.collections.optional(),
  templates: fields.templates.optional(),
  ...fields.again,
})

export const createRoutes = api()
  .post(
    "/sources",
    operation({
      summary: "Connect a source",
      description:
        "With all that it needs it starts at once; else it becomes a draft that says what is missing. A draft without " +
        "credentials has an `authorizeUrl` where its connector is connected by signing in: open it in a browser.",
      ...{ tag, role: "editor", status: 201, answer: sourceView, idempotent: true },
      problems: [
        ...(["unknown_connector", "unknown_collection", "unknown_template", "credentials_rejected"] as const),
        ...([
          "account_taken",
          "was_connected_before",
          "unavailable",
          "limit_reached",
          "account_unusable",
          "partner_unreachable",
          "partner_limited",
          "idempotency_mismatch",
          "idempotent_source_deleted",
          "claim_invalid",
          "conflict",
        ] as const),
      ],
    }),
    body(Create),
    async (c) => {
      const { ports, tenant, caller } = c.var
      const sent = c.req.valid("json")
      const row = await once(c, async (asked) => {
        const grant = sent.claim === undefined ? null : await findClaimed(ports, sent.connector, sent.claim)
        const again = againOf(sent)
        const planned = await planSource(ports, tenant, caller.subject, wishOf(sent, grant))
        const goOn = planned.status === "draft" ? { again } : await goOnColumns(ports, planned, again)
        const plan = { ...planned, ...goOn }
        const entry = entryOf(c, plan.status === "draft" ? "source.drafted" : "source.created", plan.id, {
          name: plan.name,
          ...detailOf(goOn),
        })
        const making = { ...ports, tenant, source: plan.id, by: caller.subject, at: entry.at }
        const connector = chooseConnector(sent.connector)
        const templates = plan.status === "draft" ? [] : templateStatements(making, connector, sent.templates)
        const remember = asked ? rememberStatements(ports.db, tenant, asked, plan.id, entry.at) : []
        const claim = grant ? await claimStatements(ports, grant, { ...tenant, source: plan.id }, entry) : []
        return insertSource(ports.db, plan, entry, [...claim, ...remember, ...templates])
      })
      const view = await configure(ports, row)
      return c.json(publicSource(row, view, await linkOf(ports, row, caller.subject)), 201)
    },
  )
  .post(
    "/sources/:id/finish",
    operation({
      summary: "Finish a draft: its metrics and segments are made, its first run starts",
      ...{ tag, role: "editor", status: 200, answer: sourceView },
      problems: [
        ...([
          "not_found",
          "not_a_draft",
          "draft_incomplete",
          "unknown_collection",
          "unknown_template",
          "conflict",
        ] as const),
        ...(["was_connected_before"] as const),
      ],
    }),
    body(Finish),
    async (c) => {
      const { ports, tenant, caller } = c.var
      const wish = c.req.valid("json")
      const draft = await findSource(ports.db, tenant, c.req.param("id"))
      if (draft.status !== "draft") throw new Problem("not_a_draft")
      const connector = chooseConnector(draft.connector)
      const templates = wish.templates ?? draft.templates
      checkTemplates(connector, templates)
      refuseIncomplete(draft, wish)
      const goOn = await goOnColumns(ports, draft, againOf(wish) ?? draft.again)
      const entry = entryOf(c, "source.finished", draft.id, { name: wish.name ?? draft.name, ...detailOf(goOn) })
      const finished = {
        name: wish.name ?? draft.name,
        collections: wish.collections ? chooseCollections(connector, wish.collections) : draft.collections,
        ...planSync(wish.sync ?? {}, entry.at, draft),
        ...stageColumns([], entry.at),
        ...goOn,
        templates,
      }
      const making = { ...ports, tenant, source: draft.id, by: caller.subject, at: entry.at }
      const row = await changeSource(ports.db, draft, finished, entry, templateStatements(making, connector, templates))
      return c.json(publicSource(row, await configure(ports, row)))
    },
  )

/** For the audit trail: whether it goes on from a former source. */
function detailOf({ continues }: Pick<SourceInsert, "continues">): object {
  return continues ? { continues: dayOf(continues) } : {}
}

/** Everything that needs no network is checked first, so that a typing mistake costs no call to the partner. */
function wishOf(sent: z.output<typeof Create>, grant: GrantRow | null): Wish {
  const connector = chooseConnector(sent.connector)
  if (grant && sent.credentials) throw badField("credentials", "are not needed beside `claim`. Leave them out.")
  const named = typeof grant?.config === "object" && grant.config !== null ? grant.config : {}
  const config = parse(connector.config, { ...sent.config, ...named }, "config")
  const collections = chooseCollections(connector, sent.collections)
  checkTemplates(connector, sent.templates)
  if (sent.credentials) checkShape(connector, sent.credentials.apiKey, connectors)
  const { name = null, sync = null, identity, templates } = sent
  return {
    connector,
    config,
    credential: sent.credentials?.apiKey ?? null,
    grant,
    name,
    sync,
    collections,
    identity,
    templates,
  }
}

/** A draft that lacks its account, and how to give it one. */
async function linkOf(ports: ApiPorts, row: SourceRow, by: string): Promise<string | null> {
  if (!row.missing.includes("credentials")) return null
  return (await authorizeLink(ports, row, chooseConnector(row.connector), by))?.url ?? null
}

function refuseIncomplete(draft: SourceRow, wish: z.output<typeof Finish>): void {
  const given: MissingField[] = [...(wish.name ? (["name"] as const) : []), ...(wish.sync ? (["sync"] as const) : [])]
  const missing = draft.missing.filter((lack) => !given.includes(lack))
  if (missing.length === 0) return
  const errors = missing.map((field) => ({ field, message: LACKING[field] }))
  throw new Problem("draft_incomplete", { detail: errors.map(({ message }) => message).join(" "), missing, errors })
}

const LACKING: Record<MissingField, string> = {
  credentials: "Connect the account first: POST /sources/{id}/authorize or PUT /sources/{id}/credentials.",
  name: "Give the source a name.",
  sync: "Send the sync settings; an empty object takes the defaults.",
}
