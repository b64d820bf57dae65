/** An install that began at the partner, taken by whoever signs in with its code. */
import { type AuditEntry, auditOfChange } from "../db/audit.ts"
import type { Statement, Tenant } from "../db/database.ts"
import { findWaitingInstall, type GrantRow, useInstallStatement } from "../db/grants.ts"
import { badField } from "../errors.ts"
import { resealTokens } from "../oauth/tokens.ts"
import type { ApiPorts } from "../worker/platform.ts"
import { installRef } from "./finish-oauth.ts"

export async function findInstall(
  ports: Pick<ApiPorts, "db" | "clock" | "sha256">,
  connector: string,
  code: string,
): Promise<GrantRow> {
  const grant = await findWaitingInstall(ports.db, await ports.sha256(code), ports.clock.now())
  if (grant?.connector === connector) return grant
  throw badField("installCode", "is not a code that waits to be used for this connector.", "install_code_invalid")
}

/** For the batch that makes the source: of two who use it at once, the second's whole batch is taken back. */
export async function useInstallStatements(
  ports: Pick<ApiPorts, "db" | "cipher">,
  grant: GrantRow,
  owner: Tenant & { source: string },
  entry: AuditEntry,
): Promise<Statement[]> {
  if (!grant.tokens) throw badField("installCode", "was used already.", "install_code_invalid")
  const tokens = await resealTokens(ports.cipher, grant.tokens, installRef(grant.id), owner)
  const detail = { account: grant.accountId, install: true }
  return [
    useInstallStatement(ports.db, grant.id, owner, tokens),
    auditOfChange(ports.db, owner, { ...entry, action: "source.authorized", detail }),
  ]
}
