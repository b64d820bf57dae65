/** For operators, over all projects: what is in trouble, and a push for one that is stuck. */
import { z } from "zod"
import { time } from "../api/fields.ts"
import { sourceView } from "../api/views.ts"
import { findAnywhere, operatorAlerts, troubledSources } from "../db/across-tenants.ts"
import { auditStatement } from "../db/audit.ts"
import { Problem } from "../errors.ts"
import { configure } from "../use-cases/configure.ts"
import { auditEntry } from "../use-cases/context.ts"
import { sourceAnswer } from "./kit/answer.ts"
import { api } from "./kit/api.ts"
import { operation } from "./kit/operation.ts"
import { publicSource } from "./kit/public.ts"

const LISTED_MAX = 200

const tag = "Operations"
const Troubled = z.object({ ...sourceView.shape, org: z.string(), project: z.string() })

const Alert = z.object({
  connector: z.string(),
  reason: z.string().nullable(),
  sources: z.int().describe("How many wait."),
  since: time,
})

export const opsRoutes = api()
  .get(
    "/alerts",
    operation({
      summary:
        "What an operator has to put right, by connector and reason: sources wait for it and then go on by themselves",
      ...{ tag, role: "operator", status: 200, answer: z.object({ data: z.array(Alert) }) },
    }),
    async (c) => c.json({ data: await operatorAlerts(c.var.ports.db, LISTED_MAX) }),
  )
  .get(
    "/sources",
    operation({
      summary: "Sources with an error, or overdue at the watchdog; the longest in trouble first",
      ...{ tag, role: "operator", status: 200, answer: z.object({ data: z.array(Troubled) }) },
    }),
    async (c) => {
      const { db, clock } = c.var.ports
      const rows = await troubledSources(db, clock.now(), LISTED_MAX)
      return c.json({
        data: rows.map((row) => ({ ...publicSource({ row, view: null }), org: row.org, project: row.project })),
      })
    },
  )
  .post(
    "/sources/:id/rearm",
    operation({
      summary: "Tell a source's Durable Object its configuration again, and set its alarm",
      ...{ tag, role: "operator", status: 200, answer: Troubled, problems: ["not_found", "draft", "unavailable"] },
    }),
    async (c) => {
      const { ports } = c.var
      const row = await findAnywhere(ports.db, c.req.param("id"))
      if (!row) throw new Problem("not_found")
      if (row.status === "draft") throw new Problem("draft")
      const view = await configure(ports, row)
      if (!view) throw new Problem("unavailable", { detail: "The source's Durable Object did not answer." })
      await auditStatement(ports.db, row, auditEntry(c.var, "source.rearmed", row.id))
      return c.json({ ...(await sourceAnswer(ports, { row, view })), org: row.org, project: row.project })
    },
  )
