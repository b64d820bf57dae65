import { describe, expect, it } from "vitest"
import { parseSettings, SettingsError } from "../src/env.ts"

const KEY = btoa("k".repeat(32))
const good = {
  VAULT_KEYS: `k2:${KEY},k1:${btoa("j".repeat(32))}`,
  AUTH_SECRET: "s".repeat(32),
  AUTH_ISSUER: "https://auth.example.com",
  AUTH_AUDIENCE: "cloud-sources",
}

describe("settings", () => {
  it("are parsed into a form with nothing optional left", () => {
    expect(parseSettings(good)).toMatchObject({
      vaultKeys: [{ id: "k2" }, { id: "k1" }],
      auth: { issuer: good.AUTH_ISSUER, audience: "cloud-sources", keys: { kind: "secret" } },
      publicUrl: null,
    })
  })

  it("take a key set in place of a secret", () => {
    const { AUTH_SECRET: _, ...rest } = good
    const url = "https://auth.example.com/jwks.json"
    expect(parseSettings({ ...rest, AUTH_JWKS_URL: url }).auth.keys).toEqual({ kind: "jwks", url })
  })

  it("lose a public URL's trailing slash, and take an empty one for none", () => {
    expect(parseSettings({ ...good, PUBLIC_URL: "https://sources.example.com/" }).publicUrl).toBe(
      "https://sources.example.com",
    )
    expect(parseSettings({ ...good, PUBLIC_URL: "" }).publicUrl).toBeNull()
  })

  it("send browsers elsewhere where told to", () => {
    const { authorizeOrigins } = parseSettings({ ...good, AUTHORIZE_ORIGINS: "https://a.example=http://localhost:1" })
    expect([...authorizeOrigins]).toEqual([["https://a.example", "http://localhost:1"]])
  })

  it("know OAuth clients by partner, and two secrets while one is replaced", () => {
    const one = { OAUTH_STRIPE_CLIENT_ID: "ca_1", OAUTH_STRIPE_CLIENT_SECRET: "sk_1" }
    const two = { OAUTH_SHOPIFY_CLIENT_ID: "id", OAUTH_SHOPIFY_CLIENT_SECRET: "new, old" }
    expect([...parseSettings({ ...good, ...one, ...two }).oauthClients]).toEqual([
      ["stripe", { id: "ca_1", secrets: ["sk_1"] }],
      ["shopify", { id: "id", secrets: ["new", "old"] }],
    ])
  })

  it("know the client of a partner with a hyphen in its name", () => {
    const one = { OAUTH_GOOGLE_ADS_CLIENT_ID: "id", OAUTH_GOOGLE_ADS_CLIENT_SECRET: "secret" }
    expect([...parseSettings({ ...good, ...one }).oauthClients]).toEqual([
      ["google-ads", { id: "id", secrets: ["secret"] }],
    ])
  })

  it("find the console beside the public address unless told otherwise", () => {
    expect(parseSettings({ ...good, PUBLIC_URL: "https://s.example/" }).consoleUrl).toBe("https://s.example/console")
    expect(parseSettings({ ...good, CONSOLE_URL: "https://app.example" }).consoleUrl).toBe("https://app.example")
    expect(parseSettings(good).consoleUrl).toBeNull()
  })

  it.each([
    ["an OAuth client without a secret", { OAUTH_STRIPE_CLIENT_ID: "ca_1" }, "OAUTH_STRIPE_CLIENT_ID"],
    [
      "an OAuth page that is none",
      { OAUTH_STRIPE_CLIENT_ID: "ca_1", OAUTH_STRIPE_CLIENT_SECRET: "sk_1", OAUTH_STRIPE_AUTHORIZE_URL: "x" },
      "OAUTH_STRIPE_CLIENT_ID",
    ],
    ["an OAuth secret without a client", { OAUTH_STRIPE_CLIENT_SECRET: "sk_1" }, "OAUTH_STRIPE_CLIENT_ID"],
    ["an OAuth setting that is none", { OAUTH_STRIPE_CLIENTID: "ca_1" }, "OAUTH_STRIPE_CLIENTID"],
    ["an OAuth setting in lower case", { OAUTH_stripe_CLIENT_ID: "ca_1" }, "OAUTH_stripe_CLIENT_ID"],
    [
      "a key set that anybody on the way could replace",
      { AUTH_SECRET: undefined, AUTH_JWKS_URL: "http://auth.example.com/jwks.json" },
      "AUTH_JWKS_URL: is not an https URL",
    ],
    ["no vault key", { VAULT_KEYS: undefined }, "VAULT_KEYS"],
    ["a short vault key", { VAULT_KEYS: `k1:${btoa("short")}` }, "VAULT_KEYS"],
    ["a vault key without an id", { VAULT_KEYS: KEY }, "VAULT_KEYS"],
    ["one id for two vault keys", { VAULT_KEYS: `k1:${KEY},k1:${KEY}` }, "VAULT_KEYS"],
    ["a short secret", { AUTH_SECRET: "short" }, "AUTH_SECRET"],
    ["neither secret nor key set", { AUTH_SECRET: undefined }, "AUTH_JWKS_URL"],
    ["both secret and key set", { AUTH_JWKS_URL: "https://auth.example.com/jwks.json" }, "AUTH_JWKS_URL"],
    ["no issuer", { AUTH_ISSUER: undefined }, "AUTH_ISSUER"],
    ["no audience", { AUTH_AUDIENCE: "" }, "AUTH_AUDIENCE"],
    ["a public URL that is none", { PUBLIC_URL: "sources" }, "PUBLIC_URL"],
    ["origins that are none", { AUTHORIZE_ORIGINS: "a" }, "AUTHORIZE_ORIGINS"],
  ])("refuse %s by name, without showing a value", (_, wrong, name) => {
    const settings = Object.fromEntries(
      Object.entries({ ...good, ...wrong }).filter(([, value]) => value !== undefined),
    )
    const parse = () => parseSettings(settings)
    expect(parse).toThrow(SettingsError)
    expect(parse).toThrow(name)
    expect(parse).not.toThrow(KEY)
  })

  it("name everything that is missing at once", () => {
    expect(() => parseSettings({})).toThrow(/VAULT_KEYS.*AUTH_ISSUER.*AUTH_AUDIENCE/)
  })
})
