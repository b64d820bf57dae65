/** Who changed what, and when. */
import { paging } from "../api/fields.ts"
import { auditView, pageOf } from "../api/views.ts"
import { listAudit } from "../db/audit.ts"
import { numberOf } from "../db/paging.ts"
import { api } from "./kit/api.ts"
import { operation, query } from "./kit/operation.ts"

export const auditRoutes = api().get(
  "/audit",
  operation({
    summary: "The audit trail, newest first",
    tag: "Audit",
    role: "admin",
    status: 200,
    answer: pageOf(auditView),
  }),
  query(paging),
  async (c) => {
    const { limit, cursor = null } = c.req.valid("query")
    const { entries, cursor: next } = await listAudit(
      c.var.ports.db,
      c.var.tenant,
      limit,
      cursor === null ? null : numberOf(cursor),
    )
    const data = entries.map(({ id, at, actor, action, subject, detail }) => ({
      id,
      at,
      actor,
      action,
      subject,
      detail,
    }))
    return c.json({ data, cursor: next })
  },
)
