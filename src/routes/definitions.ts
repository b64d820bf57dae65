/** Metrics and segments: made from templates when a source is finished, or written here; editable either way. */
import { z } from "zod"
import { name, paging } from "../api/fields.ts"
import { definitionView, pageOf } from "../api/views.ts"
import type { JsonValue } from "../connectors/kit/define.ts"
import { type Metric, metric, type Segment, segment } from "../connectors/kit/templates.ts"
import * as definitions from "../db/definitions.ts"
import type { AuditAction } from "../db/schema.ts"
import { Problem } from "../errors.ts"
import { auditEntry } from "../use-cases/context.ts"
import { PREFIXES } from "../use-cases/templates.ts"
import { api } from "./kit/api.ts"
import { body, operation, query } from "./kit/operation.ts"
import { publicDefinition } from "./kit/public.ts"

const DEFINITIONS_MAX = 2_000

export const metricRoutes = routesFor("metric", metric)
export const segmentRoutes = routesFor("segment", segment)

function routesFor(kind: definitions.Kind, definition: z.ZodType<Metric | Segment, Metric | Segment>) {
  const tag = "Metrics and segments"
  const Create = z.strictObject({ name, definition })
  const Change = z
    .strictObject({ name: name.optional(), definition: definition.optional() })
    .refine((change) => Object.keys(change).length > 0, "must change something.")
  const did = (what: "created" | "changed" | "deleted"): AuditAction => `${kind}.${what}`

  return api()
    .get(
      "/",
      operation({
        summary: `The project's ${kind}s, newest first`,
        tag,
        role: "viewer",
        status: 200,
        answer: pageOf(definitionView),
      }),
      query(paging),
      async (c) => {
        const { limit, cursor = null } = c.req.valid("query")
        const page = await definitions.listDefinitions(c.var.ports.db, kind, c.var.tenant, { limit, cursor })
        return c.json({ data: page.rows.map(publicDefinition), cursor: page.cursor })
      },
    )
    .post(
      "/",
      operation({
        summary: `Write a ${kind}`,
        ...{ tag, role: "editor", status: 201, answer: definitionView, problems: ["limit_reached"] },
      }),
      body(Create),
      async (c) => {
        const { ports, tenant, caller } = c.var
        const sent = c.req.valid("json")
        if ((await definitions.countDefinitions(ports.db, kind, tenant)) >= DEFINITIONS_MAX)
          throw new Problem("limit_reached")
        const entry = auditEntry(c.var, did("created"), ports.random.id(PREFIXES[kind]), { name: sent.name })
        const made = {
          createdBy: caller.subject,
          createdAt: entry.at,
          updatedAt: entry.at,
          source: null,
          template: null,
        }
        const row = {
          ...tenant,
          id: entry.subject,
          name: sent.name,
          definition: jsonDefinition(sent.definition),
          ...made,
        }
        return c.json(publicDefinition(await definitions.insertDefinition(ports.db, kind, row, entry)), 201)
      },
    )
    .get(
      "/:id",
      operation({
        summary: `One ${kind}`,
        tag,
        role: "viewer",
        status: 200,
        answer: definitionView,
        problems: ["not_found"],
      }),
      async (c) => {
        const row = await definitions.findDefinition(c.var.ports.db, kind, c.var.tenant, c.req.param("id"))
        return c.json(publicDefinition(row))
      },
    )
    .patch(
      "/:id",
      operation({
        summary: `Change a ${kind}`,
        ...{ tag, role: "editor", status: 200, answer: definitionView, problems: ["not_found"] },
      }),
      body(Change),
      async (c) => {
        const { ports, tenant } = c.var
        const sent = c.req.valid("json")
        const row = await definitions.findDefinition(ports.db, kind, tenant, c.req.param("id"))
        const patch = {
          name: sent.name ?? row.name,
          definition: sent.definition ? jsonDefinition(sent.definition) : row.definition,
        }
        const entry = auditEntry(c.var, did("changed"), row.id, { name: patch.name })
        return c.json(publicDefinition(await definitions.changeDefinition(ports.db, kind, row, patch, entry)))
      },
    )
    .delete(
      "/:id",
      operation({
        summary: `Delete a ${kind}`,
        tag,
        role: "editor",
        status: 204,
        answer: null,
        problems: ["not_found"],
      }),
      async (c) => {
        const { ports, tenant } = c.var
        const row = await definitions.findDefinition(ports.db, kind, tenant, c.req.param("id"))
        await definitions.removeDefinition(
          ports.db,
          kind,
          row,
          auditEntry(c.var, did("deleted"), row.id, { name: row.name }),
        )
        return c.body(null, 204)
      },
    )
}

/** What came as JSON is JSON. */
const jsonDefinition = (definition: object) => definition as JsonValue
