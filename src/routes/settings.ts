/** What a project sets for all its sources: the OAuth clients by which partners know it. */
import { z } from "zod"
import { settingsView } from "../api/views.ts"
import { connectors } from "../connectors/index.ts"
import { redirectUri } from "../control/authorize.ts"
import type { StoredClient } from "../db/schema.ts"
import { findSettings, putSettings } from "../db/settings.ts"
import { badField } from "../errors.ts"
import { clientContext } from "../oauth/clients.ts"
import { oauthOf } from "../oauth/tokens.ts"
import type { ApiPorts } from "../platform.ts"
import { api } from "./kit/api.ts"
import { entryOf } from "./kit/entry.ts"
import { body, operation } from "./kit/operation.ts"

const tag = "Settings"
const CLIENT_CHARS_MAX = 500

const text = z.string().trim().min(1, "must not be empty.").max(CLIENT_CHARS_MAX, "is too long.")

const Change = z.strictObject({
  oauthClients: z
    .record(z.string(), z.strictObject({ clientId: text, clientSecret: text.describe("Write-only.") }).nullable())
    .describe("By connector; null goes back to the deployment's client. What is not named stays."),
})

export const settingsRoutes = api()
  .get(
    "/settings",
    operation({ summary: "The project's settings", ...{ tag, role: "admin", status: 200, answer: settingsView } }),
    async (c) => {
      const { ports, tenant } = c.var
      return c.json(viewOf(ports, (await findSettings(ports.db, tenant))?.oauthClients ?? {}))
    },
  )
  .put(
    "/settings",
    operation({
      summary: "Set the project's own OAuth clients",
      description:
        "Register `redirectUri` at the partner. Sources that are connected stay with the client they were connected by, as long " +
        "as it is set; new connections and reconnections use the one set here.",
      ...{ tag, role: "admin", status: 200, answer: settingsView, problems: ["unknown_connector"] },
    }),
    body(Change),
    async (c) => {
      const { ports, tenant } = c.var
      const { oauthClients: change } = c.req.valid("json")
      const clients: Record<string, StoredClient> = { ...(await findSettings(ports.db, tenant))?.oauthClients }
      for (const [name, client] of Object.entries(change)) {
        const connector = connectors.find((one) => one.name === name)
        if (!connector || !oauthOf(connector))
          throw badField(
            `oauthClients.${name}`,
            "is no connector that is connected by signing in.",
            "unknown_connector",
          )
        if (client === null) delete clients[name]
        else clients[name] = await sealed(ports, clientContext(tenant), client)
      }
      const detail = Object.fromEntries(
        Object.entries(change).map(([name, client]) => [name, client?.clientId ?? null]),
      )
      const row = await putSettings(ports.db, tenant, clients, entryOf(c, "settings.changed", "settings", detail))
      return c.json(viewOf(ports, row.oauthClients))
    },
  )

async function sealed(ports: ApiPorts, context: string, client: { clientId: string; clientSecret: string }) {
  return { id: client.clientId, secret: await ports.cipher.seal(client.clientSecret, context) }
}

function viewOf(ports: ApiPorts, own: Record<string, StoredClient>): z.infer<typeof settingsView> {
  const ways = connectors.filter((connector) => oauthOf(connector) !== null)
  return {
    oauthClients: ways.map((connector) => {
      const mine = own[connector.name]
      const common = ports.settings.oauthClients.has(connector.name)
      return {
        connector: connector.name,
        client: mine ? ("project" as const) : common ? ("deployment" as const) : null,
        clientId: mine?.id ?? null,
        redirectUri: ports.settings.publicUrl && redirectUri(ports, connector),
      }
    }),
  }
}
