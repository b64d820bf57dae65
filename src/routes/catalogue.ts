/** What can be connected, and a dry run of credentials. */
import { z } from "zod"
import { credentials } from "../api/fields.ts"
import { parse } from "../api/parse.ts"
import { checkView, connectorSummary, connectorView } from "../api/views.ts"
import { connectors, getConnector } from "../connectors/index.ts"
import type { AnyConnector, Collection } from "../connectors/kit/define.ts"
import { Problem } from "../errors.ts"
import { checkAccount, checkCollections, checkShape } from "../use-cases/check-account.ts"
import { api } from "./kit/api.ts"
import { body, operation } from "./kit/operation.ts"

const tag = "Connectors"
/** The same for everybody and changed by releases only; private, since it takes a token. */
const CACHE = "private, max-age=300"

const Check = z.strictObject({ credentials, config: z.looseObject({}).optional() })

export const catalogue = api()
  .get(
    "/connectors",
    operation({
      summary: "What can be connected",
      tag,
      role: "viewer",
      status: 200,
      answer: z.object({ data: z.array(connectorSummary) }),
    }),
    (c) => c.json({ data: connectors.map(summaryOf) }, 200, { "cache-control": CACHE }),
  )
  .get(
    "/connectors/:name",
    operation({
      summary: "One connector: how to connect it, what it brings, its templates",
      ...{ tag, role: "viewer", status: 200, answer: connectorView, problems: ["not_found"] },
    }),
    (c) => c.json(detailsOf(connectorNamed(c.req.param("name"))), 200, { "cache-control": CACHE }),
  )
  .post(
    "/connectors/:name/check",
    operation({
      summary: "Test credentials without saving them",
      description:
        "Asks the partner for the account and one row of each stream. Names the collections that the key cannot read.",
      ...{ tag, role: "editor", status: 200, answer: checkView },
      problems: [
        "not_found",
        "credentials_rejected",
        "account_unusable",
        "account_moved",
        "partner_unreachable",
        "partner_limited",
      ],
    }),
    body(Check),
    async (c) => {
      const { ports } = c.var
      const sent = c.req.valid("json")
      const connector = connectorNamed(c.req.param("name"))
      const config = parse(connector.config, sent.config ?? {}, "config")
      checkShape(connector, sent.credentials.apiKey, connectors)
      const credential = { kind: "key" as const, value: sent.credentials.apiKey }
      const access = { connector, config, credential }
      const { account } = await checkAccount(ports, access)
      return c.json({ account, collections: await checkCollections(ports, access, account) })
    },
  )

function connectorNamed(name: string): AnyConnector {
  const connector = getConnector(name)
  if (!connector) throw new Problem("not_found", { detail: `There is no connector "${name}".` })
  return connector
}

function summaryOf({ name, title, docs, auth }: AnyConnector): z.infer<typeof connectorSummary> {
  return { name, title, docs, auth: auth.map(({ kind, label, help }) => ({ kind, label, help })) }
}

function detailsOf(connector: AnyConnector): z.infer<typeof connectorView> {
  const { metrics, segments } = connector.templates
  return {
    ...summaryOf(connector),
    config: z.toJSONSchema(connector.config, { io: "input", unrepresentable: "any" }),
    changeable: [...(connector.changeable ?? [])],
    collections: connector.collections.map(collectionOf),
    templates: [
      ...metrics.map(({ metric, ...one }) => ({ ...plain(one), kind: "metric" as const, definition: metric })),
      ...segments.map(({ segment, ...one }) => ({ ...plain(one), kind: "segment" as const, definition: segment })),
    ],
  }
}

function plain<T extends { collections: readonly string[] }>(template: T) {
  return { ...template, collections: [...template.collections] }
}

function collectionOf({ name, title, description, kind, default: isDefault, schema }: Collection) {
  const described = jsonSchemaOf(schema)
  return { name, title, description, kind, default: isDefault, attributes: attributesOf(described), schema: described }
}

/** The attribute table, for people: the JSON Schema says the same to machines. */
function attributesOf({ properties = {}, required = [] }: z.core.JSONSchema.BaseSchema) {
  return Object.entries(properties).map(([name, property]) => {
    const { description = "", type = "any", format } = typeof property === "boolean" ? {} : property
    return { name, description, type: format ?? [type].flat().join(" or "), required: required.includes(name) }
  })
}

function jsonSchemaOf(schema: z.core.$ZodType) {
  return z.toJSONSchema(schema, { io: "output", unrepresentable: "any" })
}
