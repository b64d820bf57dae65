/** By which OAuth client a project is known to a partner: its own, set in its settings, else this deployment's. */
import type { Database, Tenant } from "../db/database.ts"
import type { StoredClient } from "../db/schema.ts"
import { findSettings } from "../db/settings.ts"
import type { OAuthClient, Settings } from "../env.ts"
import type { Cipher } from "../ports.ts"
import { sealContext } from "../worker/vault.ts"

export interface ClientPorts {
  db: Database
  cipher: Pick<Cipher, "open">
  settings: Pick<Settings, "oauthClients">
}

/** Null tenant: nobody's yet, so only the deployment's client can be meant. */
export async function clientFor(
  ports: ClientPorts,
  tenant: Tenant | null,
  connector: string,
): Promise<OAuthClient | null> {
  const own = tenant && (await ownClient(ports, tenant, connector))
  return own ?? ports.settings.oauthClients.get(connector) ?? null
}

/** A grant stays with the client it was given to, whichever is in use by now. */
export async function clientById(
  ports: ClientPorts,
  tenant: Tenant | null,
  connector: string,
  id: string,
): Promise<OAuthClient | null> {
  const common = ports.settings.oauthClients.get(connector)
  if (common?.id === id) return common
  const own = tenant && (await ownClient(ports, tenant, connector))
  return own?.id === id ? own : null
}

export function clientContext({ org, project }: Tenant): string {
  return sealContext({ org, project, source: "" }, "client")
}

async function ownClient(ports: ClientPorts, tenant: Tenant, connector: string): Promise<OAuthClient | null> {
  const stored: StoredClient | undefined = (await findSettings(ports.db, tenant))?.oauthClients[connector]
  if (!stored) return null
  return { id: stored.id, secrets: [await ports.cipher.open(stored.secret, clientContext(tenant))], isOwn: true }
}
