/** What a project sets for all its sources: the OAuth clients by which partners know it. */
import type { z } from "zod"
import { settingsBody } from "../api/requests.ts"
import { settingsView } from "../api/views.ts"
import { connectors } from "../connectors/index.ts"
import type { StoredClient } from "../db/schema.ts"
import { findSettings } from "../db/settings.ts"
import { oauthOf } from "../oauth/tokens.ts"
import { setOAuthClients } from "../use-cases/set-oauth-clients.ts"
import { redirectUri } from "../use-cases/start-oauth.ts"
import type { ApiPorts } from "../worker/platform.ts"
import { api } from "./kit/api.ts"
import { body, operation } from "./kit/operation.ts"

const tag = "Settings"

export const settingsRoutes = api()
  .get(
    "/settings",
    operation({ summary: "The project's settings", ...{ tag, role: "admin", status: 200, answer: settingsView } }),
    async (c) => {
      const { ports, tenant } = c.var
      return c.json(publicSettings(ports, (await findSettings(ports.db, tenant))?.oauthClients ?? {}))
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
    body(settingsBody),
    async (c) => {
      const clients = await setOAuthClients(c.var, c.req.valid("json").oauthClients)
      return c.json(publicSettings(c.var.ports, clients))
    },
  )

function publicSettings(ports: ApiPorts, own: Record<string, StoredClient>): z.infer<typeof settingsView> {
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
