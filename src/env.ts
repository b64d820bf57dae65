/** The Worker's bindings as wrangler.toml names them, and its settings, parsed once into a form with nothing optional left. */
import { base64 } from "oslo/encoding"
import { z } from "zod"
import { onceFor } from "./lib/once-for.ts"

export const VAULT_KEY_BYTES = 32
const AUTH_SECRET_MIN_CHARS = 32

export interface Bindings {
  DB: D1Database
  SOURCES: DurableObjectNamespace
  FETCH_QUEUE: Queue
  BACKFILL_QUEUE: Queue
  FORWARD_QUEUE: Queue
  /** Requests of one caller. */
  RATE_CALLER: RateLimit
  /** Requests of one address that come without a token, or with a wrong one. */
  RATE_ADDRESS: RateLimit
  /** Attempts to sign in at a partner that one address begins: each is a row. */
  RATE_STARTS: RateLimit
  /** Progress streams that one caller opens. */
  RATE_STREAMS: RateLimit
  /** Where outbound requests go instead of the open network: bound in the sandbox only. */
  EGRESS?: Fetcher
  VAULT_KEYS?: string
  AUTH_SECRET?: string
  AUTH_JWKS_URL?: string
  AUTH_ISSUER?: string
  AUTH_AUDIENCE?: string
  PUBLIC_URL?: string
  AUTHORIZE_ORIGINS?: string
  CONSOLE_URL?: string
  [client: `OAUTH_${string}_${"CLIENT_ID" | "CLIENT_SECRET" | "AUTHORIZE_URL"}`]: string | undefined
}

/** What a partner knows us by. */
export interface OAuthClient {
  id: string
  /** The first is sent, all of them verify what the partner signed: two live while one is being replaced. */
  secrets: readonly [string, ...string[]]
  /** The client's own page at the partner, where it has one: the link of a Stripe App's external test. */
  authorizeUrl?: string
  /** Set by the project itself in its settings, not by the operator of this deployment. */
  isOwn?: true
}

export interface VaultKey {
  id: string
  bytes: Uint8Array
}

export type TokenKeys = { kind: "secret"; secret: string } | { kind: "jwks"; url: string }

export interface Settings {
  /** The first seals, all open. */
  vaultKeys: [VaultKey, ...VaultKey[]]
  auth: { issuer: string; audience: string; keys: TokenKeys }
  /** Without a trailing slash; null where the world cannot reach this Worker. */
  publicUrl: string | null
  /** Origin of a partner's authorize page -> origin the browser is sent to instead. Empty outside the sandbox. */
  authorizeOrigins: ReadonlyMap<string, string>
  /** Where people look at their sources, without a trailing slash; null where there is no such place. */
  consoleUrl: string | null
  /** By the connector's name. Projects may set their own. */
  oauthClients: ReadonlyMap<string, OAuthClient>
}

/** Names every setting that is missing or malformed; never their values. */
export class SettingsError extends Error {
  override name = "SettingsError"
}

/** Parsed on first use. */
export const settingsOf: (env: Bindings) => Settings = onceFor(parseSettings)

export function parseSettings(env: Omit<Bindings, "DB" | "SOURCES" | `${string}_QUEUE` | `RATE_${string}`>): Settings {
  const result = settingsSchema.safeParse({ ...env, OAUTH: oauthVariables(env) })
  if (!result.success) {
    const faults = result.error.issues.map((issue) => `${issue.path.join(".")}: ${issue.message}`)
    throw new SettingsError(`The Worker's settings are incomplete. ${faults.join(" ")}`)
  }
  return result.data
}

const required = (what: string) => z.string({ error: `is missing; ${what}` }).min(1, `is empty; ${what}`)

const vaultKeys = required('set it to "id:base64" with a 32-byte key, the sealing one first.').transform(
  (text, ctx): [VaultKey, ...VaultKey[]] => {
    const [first, ...rest] = text.split(",").map((part) => vaultKey(part.trim()))
    const ids = new Set([first, ...rest].map((key) => key?.id))
    if (first && rest.every((key) => key !== null) && ids.size === rest.length + 1) return [first, ...rest]
    ctx.addIssue({ code: "custom", message: 'is not a list of "id:base64" with distinct ids and 32-byte keys.' })
    return z.NEVER
  },
)

function vaultKey(text: string): VaultKey | null {
  const match = /^([a-z0-9]{1,16}):([A-Za-z0-9+/]{43}=)$/.exec(text)
  if (!match?.[1] || !match[2]) return null
  const bytes = base64.decode(match[2])
  return bytes.byteLength === VAULT_KEY_BYTES ? { id: match[1], bytes } : null
}

const origins = z.string().transform((text, ctx) => {
  const pairs = text.split(",").filter((pair) => pair.trim() !== "")
  const entries = pairs.map((pair) => pair.trim().split("=") as [string, string])
  if (entries.every((entry) => entry.length === 2 && entry.every((origin) => URL.canParse(origin)))) {
    return new Map(entries)
  }
  ctx.addIssue({ code: "custom", message: 'is not a list of "https://origin=https://origin".' })
  return z.NEVER
})

const CLIENT_VARIABLE = /^OAUTH_([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)*)_(CLIENT_ID|CLIENT_SECRET|AUTHORIZE_URL)$/

function oauthVariables(env: object): Record<string, unknown> {
  return Object.fromEntries(Object.entries(env).filter(([name, value]) => name.startsWith("OAUTH_") && value !== ""))
}

/** `google-ads` is set as `OAUTH_GOOGLE_ADS_...`: the names of settings know no hyphen, those of partners no underscore. */
function partnerOf(name: string): string {
  return name.toLowerCase().replaceAll("_", "-")
}

/** `OAUTH_STRIPE_CLIENT_ID` and `OAUTH_STRIPE_CLIENT_SECRET`: both or neither; two secrets, a comma between, while one is replaced. */
const oauthClients = z.record(z.string(), z.string()).transform((variables, ctx) => {
  const names = new Set<string>()
  for (const variable of Object.keys(variables)) {
    const name = CLIENT_VARIABLE.exec(variable)?.[1]
    if (name !== undefined) names.add(name)
    else
      ctx.addIssue({
        code: "custom",
        path: [variable],
        message: "is not a setting; they are OAUTH_<PARTNER>_CLIENT_ID, _CLIENT_SECRET and _AUTHORIZE_URL.",
      })
  }
  const clients = new Map<string, OAuthClient>()
  for (const name of names) {
    const id = variables[`OAUTH_${name}_CLIENT_ID`]?.trim()
    const [first, ...others] = (variables[`OAUTH_${name}_CLIENT_SECRET`] ?? "")
      .split(",")
      .map((secret) => secret.trim())
    if (id && first && others.every((secret) => secret !== "")) {
      const page = variables[`OAUTH_${name}_AUTHORIZE_URL`]
      if (page === undefined || URL.canParse(page)) {
        clients.set(partnerOf(name), { id, secrets: [first, ...others], ...(page && { authorizeUrl: page }) })
        continue
      }
    }
    const path = [`OAUTH_${name}_CLIENT_ID`]
    ctx.addIssue({
      code: "custom",
      path,
      message: "must be set together with its _CLIENT_SECRET; _AUTHORIZE_URL must be a URL.",
    })
  }
  return clients
})

const publicUrl = z
  .union([z.literal(""), z.url({ protocol: /^https?$/, error: "is not an http(s) URL." })])
  .transform((url) => (url === "" ? null : url.replace(/\/+$/, "")))

const settingsSchema = z
  .object({
    VAULT_KEYS: vaultKeys,
    AUTH_SECRET: z.string().min(AUTH_SECRET_MIN_CHARS, "is shorter than 32 characters.").optional(),
    AUTH_JWKS_URL: z
      .url({ protocol: /^https$/, error: "is not an https URL: whoever stood between could name keys of their own." })
      .optional(),
    AUTH_ISSUER: required("set it to the `iss` of your tokens."),
    AUTH_AUDIENCE: required("set it to the `aud` of your tokens."),
    PUBLIC_URL: publicUrl.default(null),
    AUTHORIZE_ORIGINS: origins.default(new Map()),
    CONSOLE_URL: publicUrl.default(null),
    OAUTH: oauthClients,
  })
  .transform((env, ctx): Settings => {
    const keys = tokenKeys(env.AUTH_SECRET, env.AUTH_JWKS_URL)
    if (!keys) {
      ctx.addIssue({ code: "custom", path: ["AUTH_SECRET"], message: "set exactly one of it and AUTH_JWKS_URL." })
      return z.NEVER
    }
    return {
      vaultKeys: env.VAULT_KEYS,
      auth: { issuer: env.AUTH_ISSUER, audience: env.AUTH_AUDIENCE, keys },
      publicUrl: env.PUBLIC_URL,
      authorizeOrigins: env.AUTHORIZE_ORIGINS,
      consoleUrl: env.CONSOLE_URL ?? (env.PUBLIC_URL && `${env.PUBLIC_URL}/console`),
      oauthClients: env.OAUTH,
    }
  })

/** Exactly one: with both set, a token could choose which of two keys it is checked by. */
function tokenKeys(secret: string | undefined, url: string | undefined): TokenKeys | null {
  if (secret && url) return null
  if (secret) return { kind: "secret", secret }
  return url ? { kind: "jwks", url } : null
}
