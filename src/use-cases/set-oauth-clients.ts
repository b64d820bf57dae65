/** PUT /settings: the OAuth clients by which partners know the project. */
import type { SetOAuthClients } from "../api/requests.ts"
import { connectors } from "../connectors/index.ts"
import type { StoredClient } from "../db/schema.ts"
import { changeSettings } from "../db/settings.ts"
import { badField } from "../errors.ts"
import { oauthOf } from "../oauth/tokens.ts"
import { clientContext } from "../oauth/which-client.ts"
import type { ApiPorts } from "../worker/platform.ts"
import { auditEntry, type Context } from "./context.ts"

/** Answers all that are set then, sealed. */
export async function setOAuthClients(
  context: Context,
  change: SetOAuthClients,
): Promise<Record<string, StoredClient>> {
  const { ports, tenant } = context
  const clients: Record<string, StoredClient | null> = {}
  for (const [name, client] of Object.entries(change)) {
    const connector = connectors.find((one) => one.name === name)
    if (!connector || !oauthOf(connector))
      throw badField(`oauthClients.${name}`, "is no connector that is connected by signing in.", "unknown_connector")
    clients[name] = client && (await sealed(ports, clientContext(tenant), client))
  }
  const detail = Object.fromEntries(Object.entries(change).map(([name, client]) => [name, client?.clientId ?? null]))
  const row = await changeSettings(
    ports.db,
    tenant,
    clients,
    auditEntry(context, "settings.changed", "settings", detail),
  )
  return row.oauthClients
}

async function sealed(ports: ApiPorts, context: string, client: { clientId: string; clientSecret: string }) {
  return { id: client.clientId, secret: await ports.cipher.seal(client.clientSecret, context) }
}
