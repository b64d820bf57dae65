/** Replacing a vault key: what was sealed with the old one is seen, sealed anew, and the old one can be dropped. */
import { createExecutionContext } from "cloudflare:test"
import { env } from "cloudflare:workers"
import { expect, it } from "vitest"
import type { PublicSource } from "../../src/api/views.ts"
import { type Bindings, parseSettings } from "../../src/env.ts"
import worker from "../../src/index.ts"
import { apiPorts } from "../../src/worker/platform.ts"
import { createVault, sealContext } from "../../src/worker/vault.ts"
import { as, call, json, mint, ORG, PROJECT, request, rows, simulateWorld, wish } from "../support/api.ts"

interface Keys {
  keys: { id: string; listed: boolean; seals: boolean; sealed: Record<string, number> }[]
  unasked: number
}

const world = simulateWorld()
const bindings = env as unknown as Bindings
const [NEW, OLD] = (bindings.VAULT_KEYS ?? "").split(",").map((text) => {
  const [key] = parseSettings({ ...bindings, VAULT_KEYS: text }).vaultKeys
  return { text, vault: createVault([key]) }
}) as [Side, Side]
interface Side {
  text: string
  vault: ReturnType<typeof createVault>
}

/** A request to a deployment from before the new key was put in front. */
async function before(method: string, path: string, body: object): Promise<unknown> {
  const headers = { authorization: `Bearer ${await mint()}`, "content-type": "application/json" }
  const sent = new Request(`https://x/v1/${ORG}/projects/${PROJECT}${path}`, {
    method,
    headers,
    body: JSON.stringify(body),
  })
  return json(
    worker.fetch(sent, { ...bindings, VAULT_KEYS: OLD.text }, createExecutionContext()),
    method === "POST" ? 201 : 200,
  )
}

const ops = async <T>(method: string, path: string): Promise<T> =>
  json<T>(request(method, `/ops/${path}`, { token: await as("operator") }))
const counts = async (id: string) => (await ops<Keys>("GET", "keys")).keys.find((one) => one.id === id)?.sealed

const target = { sourceId: "1845392017263548901", key: "old.secret" }
const PLACES = { credentials: 0, destinations: 0, grants: 0, clients: 0, objects: 0 }

it("shows what is sealed with which key, seals it anew in batches, and leaves nothing that needs the old key", async () => {
  world.intempt.addKey({ prefix: "old", secret: "secret", org: ORG, project: PROJECT, source: null })
  await before("PUT", "/destination", target)
  await before("PUT", "/settings", { oauthClients: { stripe: { clientId: "ca_1", clientSecret: "sk_1" } } })
  const { id } = (await before("POST", "/sources", wish(world.stripeKey("keys-1")))) as PublicSource
  await before("PUT", `/sources/${id}/destination`, target)
  const ref = { org: "", project: "", source: "grant_1" }
  const sealed = (plain: string) => OLD.vault.seal(plain, sealContext(ref, "grant"))
  const tokens = JSON.stringify({ access: await sealed("at"), refresh: await sealed("rt"), client: "ca_1" })
  await env.DB.prepare(
    "insert into grants (id, connector, config, account, account_id, connected_at, tokens, created_at, tries) values ('grant_1', 'stripe', '{}', '{}', 'a', 1, ?, 1, 0)",
  )
    .bind(tokens)
    .run()

  expect(await counts("k1")).toEqual({ credentials: 1, destinations: 2, grants: 2, clients: 1, objects: 0, former: 0 })
  const first = await ops<{ resealed: number; failed: number }>("POST", "keys/reseal")
  // Of the object: its credential and its destination's key.
  expect(first).toEqual({ resealed: 8, failed: 0 })
  expect(await ops("POST", "keys/reseal")).toEqual({ resealed: 0, failed: 0 })
  const after = await ops<Keys>("GET", "keys")
  expect(after.unasked).toBe(0)
  expect(after.keys).toEqual([
    {
      id: "k2",
      listed: true,
      seals: true,
      sealed: { ...PLACES, credentials: 1, destinations: 2, grants: 2, clients: 1, objects: 1, former: 0 },
    },
    { id: "k1", listed: true, seals: false, sealed: { ...PLACES, former: 0 } },
  ])

  const object = apiPorts(bindings).source({ org: ORG, project: PROJECT, source: id })
  for (const { owner, purpose, value } of await object.sealed())
    expect(await NEW.vault.open(value, sealContext({ org: ORG, project: PROJECT, source: owner }, purpose))).toMatch(
      /^sk_|secret$/,
    )
  const [grant] = await rows<{ tokens: string }>("grants")
  expect(await NEW.vault.open(JSON.parse(grant?.tokens ?? "").refresh, sealContext(ref, "grant"))).toBe("rt")
  expect(JSON.stringify([await rows("sources"), await rows("destinations"), await rows("settings")])).not.toContain(
    "v1.k1.",
  )
})

it("is not held up by a value that cannot be opened, and counts it", async () => {
  const { id } = (await before("POST", "/sources", wish(world.stripeKey("keys-2")))) as PublicSource
  const broken = await json<PublicSource>(call("POST", "/sources", { body: { connector: "stripe" } }), 201)
  await env.DB.prepare("update sources set credential = 'v1.k1.AAAA.AAAA' where id = ?").bind(broken.id).run()
  expect((await ops<{ failed: number }>("POST", "keys/reseal")).failed).toBe(1)
  const stored = await rows<{ id: string; credential: string }>("sources")
  expect(stored.find((one) => one.id === id)?.credential).toMatch(/^v1\.k2\./)
  expect((await counts("k1"))?.credentials).toBe(1)
})

it("says which key is missing that something is sealed with", async () => {
  const broken = await json<PublicSource>(call("POST", "/sources", { body: { connector: "stripe" } }), 201)
  await env.DB.prepare("update sources set credential = 'v1.k0.AAAA.AAAA' where id = ?").bind(broken.id).run()
  const { keys } = await ops<Keys>("GET", "keys")
  expect(keys.find(({ id }) => id === "k0")).toMatchObject({ listed: false, seals: false, sealed: { credentials: 1 } })
})

it("names OAuth settings of partners that are not known", async () => {
  const strange = { OAUTH_STRPIE_CLIENT_ID: "ca_1", OAUTH_STRPIE_CLIENT_SECRET: "sk_1" }
  const headers = { authorization: `Bearer ${await as("operator")}` }
  const asked = new Request("https://x/ops/settings", { headers })
  const answer = await worker.fetch(asked, { ...bindings, ...strange }, createExecutionContext())
  expect(await json(answer)).toEqual({ unknownClients: ["strpie"] })
})
