/** GET /sources/:id/gateways: by which payment gateways the account is paid, asked with the source's own credential. */
import type { Credential } from "../connectors/kit/define.ts"
import { findGrant } from "../db/grants.ts"
import { findSource, type SourceRow } from "../db/sources.ts"
import { Problem } from "../errors.ts"
import { askPartner } from "../http/partner.ts"
import type { ApiPorts } from "../worker/platform.ts"
import { sealContext } from "../worker/vault.ts"
import { command } from "./ask-source.ts"
import { problemOfFailure } from "./check-account.ts"
import { chooseConnector } from "./choices.ts"
import { refOf } from "./configure.ts"
import type { Context } from "./context.ts"

export async function listGateways({ ports, tenant }: Context, id: string): Promise<string[]> {
  const row = await findSource(ports.db, tenant, id)
  const connector = chooseConnector(row.connector)
  const gateways = connector.payments?.gateways
  if (!gateways)
    throw new Problem("no_gateways", { detail: `${connector.title} has no payment gateways to choose from.` })
  const credential = await credentialOf(ports, row)
  const result = await askPartner(ports, connector, row.config, gateways.request(row.config), credential)
  if (result.kind !== "ok") throw problemOfFailure(result)
  return gateways.read(result.answer)
}

/** Of a draft it is in D1; of a source that is started, its Durable Object alone knows the current one. */
async function credentialOf(ports: ApiPorts, row: SourceRow): Promise<Credential> {
  if (row.status !== "draft") return (await command(ports, row, (source) => source.access())).credential
  const open = (sealed: string, purpose: "credential" | "grant") =>
    ports.cipher.open(sealed, sealContext(refOf(row), purpose))
  if (row.credential) return { kind: "key", value: await open(row.credential, "credential") }
  const grant = row.grantId === null ? null : await findGrant(ports.db, row, row.grantId)
  if (!grant?.tokens)
    throw new Problem("draft_incomplete", { detail: "Connect the account first.", missing: ["credentials"] })
  return { kind: "accessToken", value: await open(grant.tokens.access, "grant") }
}
