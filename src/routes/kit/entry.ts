import type { Context } from "hono"
import type { AuditEntry } from "../../db/audit.ts"
import type { AuditAction } from "../../db/schema.ts"
import type { ApiEnv } from "./api.ts"

/** The audit entry of what this request is about to change; its time is the change's time. `detail` holds no secret. */
export function entryOf(c: Context<ApiEnv>, action: AuditAction, subject: string, detail: object = {}): AuditEntry {
  const plain = JSON.parse(JSON.stringify(detail))
  return { at: c.var.ports.clock.now(), actor: c.var.caller.subject, action, subject, detail: plain }
}
