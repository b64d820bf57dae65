/** For operators replacing a vault key, or looking for a setting that means nothing. */
import { z } from "zod"
import { getConnector } from "../connectors/index.ts"
import { type Counted, countSealed, PLACES, type Place } from "../db/sealed-with.ts"
import { RESEALED_AT_ONCE, reseal } from "../use-cases/reseal.ts"
import { api } from "./kit/api.ts"
import { operation } from "./kit/operation.ts"

const tag = "Operations"

const Keys = z.object({
  keys: z.array(
    z.object({
      id: z.string(),
      listed: z.boolean().describe("False: VAULT_KEYS does not name it, so what is sealed with it cannot be opened."),
      seals: z.boolean().describe("The first of VAULT_KEYS."),
      sealed: z
        .object(countsOf())
        .describe("How much is sealed with it; `former`: hashes of deleted sources, kept 90 days."),
    }),
  ),
  unasked: z.int().describe("Sources' objects that were not asked yet."),
})
const Batch = z.object({ resealed: z.int(), failed: z.int().describe("Could not be opened or asked; tried again.") })
const OpsSettings = z.object({
  unknownClients: z
    .array(z.string())
    .describe("Partners that OAUTH_... settings name and this deployment does not know."),
})

function countsOf() {
  return Object.fromEntries(PLACES.map((place) => [place, z.int()])) as Record<Place, z.ZodInt>
}

export const keyRoutes = api()
  .get(
    "/keys",
    operation({
      summary: "What is sealed with which of VAULT_KEYS",
      description:
        "Of the sources' objects as last asked, at most six hours ago. A key under which nothing is counted can be dropped.",
      ...{ tag, role: "operator", status: 200, answer: Keys },
    }),
    async (c) => {
      const { db, settings } = c.var.ports
      return c.json(
        keysOf(
          await countSealed(db),
          settings.vaultKeys.map(({ id }) => id),
        ),
      )
    },
  )
  .post(
    "/keys/reseal",
    operation({
      summary: "Seal a batch of what is sealed with an older key anew; the cron does one each minute",
      ...{ tag, role: "operator", status: 200, answer: Batch },
    }),
    async (c) => c.json(await reseal(c.var.ports, RESEALED_AT_ONCE)),
  )
  .get(
    "/settings",
    operation({
      summary: "Settings that mean nothing here",
      ...{ tag, role: "operator", status: 200, answer: OpsSettings },
    }),
    (c) => {
      const named = [...c.var.ports.settings.oauthClients.keys()]
      return c.json({ unknownClients: named.filter((name) => !getConnector(name)) })
    },
  )

function keysOf(counted: readonly Counted[], listed: readonly string[]): z.infer<typeof Keys> {
  const rows = counted.flatMap(({ place, keys, total }) => (keys ?? "").split(",").map((id) => ({ place, id, total })))
  const ids = new Set([...listed, ...rows.map(({ id }) => id)].filter((id) => id !== ""))
  const sum = (id: string, place: Place) =>
    rows.filter((one) => one.id === id && one.place === place).reduce((all, { total }) => all + total, 0)
  return {
    keys: [...ids].map((id) => ({
      id,
      listed: listed.includes(id),
      seals: listed[0] === id,
      sealed: Object.fromEntries(PLACES.map((place) => [place, sum(id, place)])) as Record<Place, number>,
    })),
    unasked: counted.filter(({ keys }) => keys === null).reduce((all, { total }) => all + total, 0),
  }
}
