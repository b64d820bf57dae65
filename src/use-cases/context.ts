/** What every use case is given beside its own input: who asks, for which project, and the ports. */
import type { Caller } from "../auth/token.ts"
import type { AuditEntry } from "../db/audit.ts"
import type { Tenant } from "../db/database.ts"
import type { AuditAction } from "../db/schema.ts"
import type { SourceRow } from "../db/sources.ts"
import type { SourceView } from "../source/protocol/views.ts"
import type { ApiPorts } from "../worker/platform.ts"

export interface Context {
  ports: ApiPorts
  tenant: Tenant
  caller: Pick<Caller, "subject">
}

/** A source after a change; `view` is null for a draft, and where the Durable Object could not be told now. */
export interface Changed {
  row: SourceRow
  view: SourceView | null
}

/** The audit entry of what is about to change; its time is the change's time. `detail` holds no secret. */
export function auditEntry(
  { ports, caller }: Omit<Context, "tenant">,
  action: AuditAction,
  subject: string,
  detail: object = {},
): AuditEntry {
  const plain = JSON.parse(JSON.stringify(detail))
  return { at: ports.clock.now(), actor: caller.subject, action, subject, detail: plain }
}
