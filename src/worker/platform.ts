/**
 * The ports on Cloudflare Workers: the one place, with the vault, that reaches for the clock, randomness, timers, the network and
 * the bindings.
 */
import type { Hmac } from "../connectors/kit/define.ts"
import { publishStatus } from "../db/across-tenants.ts"
import { type Database, openDatabase } from "../db/database.ts"
import { type Bindings, type Settings, settingsOf } from "../env.ts"
import { inTime } from "../lib/deadline.ts"
import { onceFor } from "../lib/once-for.ts"
import { type TokenPorts, tokensPort } from "../oauth/tokens.ts"
import { clientById } from "../oauth/which-client.ts"
import type { WakeUp } from "../pipeline/messages.ts"
import type { PipelinePorts } from "../pipeline/ports.ts"
import { tryCredential } from "../pipeline/try-credential.ts"
import type { Cipher, Clock, Http, Log, Random } from "../ports.ts"
import type { Publish, QueueName, SourcePorts, Tokens, TryCredential, Wake } from "../source/ports.ts"
import { objectName, type SourceRef } from "../source/protocol/configuration.ts"
import type { SourceControl, SourceRpc } from "../source/protocol/source.ts"
import { createMarker, createVault, type Marked } from "./vault.ts"

/** D1 answers within a second; what it has not taken by then is told again with the next transaction. */
const DATABASE_TIMEOUT_MS = 10_000

const ID_CHARS = "0123456789abcdefghijklmnopqrstuvwxyz"
const ID_LENGTH = 24
/** The largest multiple of 36 that a byte can be under: bytes from here on would favour the first characters. */
const ID_BYTE_BOUND = 252

export const clock: Clock = {
  now: () => Date.now(),
  sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
  timeout: (ms) => AbortSignal.timeout(ms),
}

export const random: Random = {
  next: () => Math.random(),
  id: (prefix) => {
    let id = ""
    while (id.length < ID_LENGTH) id += idChars(crypto.getRandomValues(new Uint8Array(ID_LENGTH)))
    return `${prefix}_${id.slice(0, ID_LENGTH)}`
  },
}

function idChars(bytes: Uint8Array): string {
  const fair = [...bytes].filter((byte) => byte < ID_BYTE_BOUND)
  return fair.map((byte) => ID_CHARS.charAt(byte % ID_CHARS.length)).join("")
}

export const log: Log = (event, fields) => console.log(JSON.stringify({ event, ...fields }))

/** Redirects are not followed: a credential must not travel where somebody else points. */
export function httpOf(env: Bindings): Http {
  return (url, init) => (env.EGRESS ?? globalThis).fetch(url, { ...init, redirect: "manual" })
}

export async function sha256(text: string): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text))
  return [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, "0")).join("")
}

export async function hmacSha256(secret: string, message: string): Promise<Uint8Array> {
  const bytes = (text: string) => new TextEncoder().encode(text)
  const algorithm = { name: "HMAC", hash: "SHA-256" }
  const key = await crypto.subtle.importKey("raw", bytes(secret), algorithm, false, ["sign"])
  return new Uint8Array(await crypto.subtle.sign("HMAC", key, bytes(message)))
}

/** The stub speaks our contract: plain data in, plain data out, so the type is all that RPC hides. */
export function sourceOf(env: Bindings, name: string): SourceRpc {
  return env.SOURCES.getByName(name) as unknown as SourceRpc
}

// ------------------------------------------------------------------------------------------------ who stands on what

/** What the API and the watchdog stand on. */
export interface ApiPorts {
  settings: Settings
  db: Database
  clock: Clock
  random: Random
  http: Http
  cipher: Cipher
  log: Log
  sha256(text: string): Promise<string>
  hmac: Hmac
  /** Keyed hashes, the one to store first: see the vault. */
  mark(text: string): Promise<Marked[]>
  rates: Rates
  source(ref: SourceRef): SourceControl
}

export type Rates = Record<"caller" | "address" | "starts" | "streams", (key: string) => Promise<boolean>>

/** Made once an isolate; imported keys are kept with them. */
export const apiPorts: (env: Bindings) => ApiPorts = onceFor(makeApiPorts)

function makeApiPorts(env: Bindings): ApiPorts {
  const settings = settingsOf(env)
  const source = (ref: SourceRef) => sourceOf(env, objectName(ref))
  const cipher = createVault(settings.vaultKeys)
  return {
    settings,
    db: openDatabase(env.DB),
    clock,
    random,
    http: httpOf(env),
    cipher,
    log,
    sha256,
    hmac: hmacSha256,
    mark: createMarker(settings.vaultKeys),
    rates: {
      caller: rateOf(env.RATE_CALLER),
      address: rateOf(env.RATE_ADDRESS),
      starts: rateOf(env.RATE_STARTS),
      streams: rateOf(env.RATE_STREAMS),
    },
    source,
  }
}

/** True while the key is within its limit. A counter that does not answer lets pass: it protects, and must not be what fails. */
function rateOf(binding: RateLimit): (key: string) => Promise<boolean> {
  return async (key) => {
    try {
      return (await binding.limit({ key })).success
    } catch (error) {
      log("rate_limit_failed", { error: error instanceof Error ? error.name : "unknown" })
      return true
    }
  }
}

export function consumerPorts(env: Bindings, connector: PipelinePorts["connector"]): PipelinePorts {
  return { clock, random, http: httpOf(env), source: (name) => sourceOf(env, name), log, connector }
}

/** The partners' token endpoints, for a source's Durable Object and for the watchdog. */
export function tokensOf(env: Bindings, connector: TokenPorts["connector"]): Tokens {
  const settings = settingsOf(env)
  const cipher = createVault(settings.vaultKeys)
  const client: TokenPorts["client"] = (ref, name, id) =>
    clientById({ db: openDatabase(env.DB), cipher, settings }, ref, name, id)
  return tokensPort({ clock, http: httpOf(env), cipher, connector, client })
}

/** All that a source's Durable Object stands on but its own storage and what knows the connectors. */
export function sourcePorts(
  env: Bindings,
  ref: SourceRef,
): Omit<SourcePorts, "store" | "connector" | "tokens" | "tryCredential"> {
  const cipher = createVault(settingsOf(env).vaultKeys)
  const mine: Log = (event, fields) => log(event, { source: ref.source, ...fields })
  return { clock, random, wake: wakeOf(env, ref), publish: publishOf(env, ref), cipher, log: mine }
}

/** One call with a credential, for a source that stopped since it was refused. */
export function tryCredentialOf(env: Bindings, connector: TokenPorts["connector"]): TryCredential {
  const ports = { clock, http: httpOf(env) }
  return async (ask) => {
    const known = connector(ask.connector)
    return known ? tryCredential(ports, known, ask).catch(() => "unknown" as const) : "unknown"
  }
}

export function wakeOf(env: Bindings, ref: SourceRef): Wake {
  const queues = { fetch: env.FETCH_QUEUE, backfill: env.BACKFILL_QUEUE, forward: env.FORWARD_QUEUE }
  const message: WakeUp = { source: objectName(ref) }
  return async (queue, delaySeconds) => {
    await queues[queue].send(message, { delaySeconds })
  }
}

export function publishOf(env: Bindings, ref: SourceRef): Publish {
  return ({ status, code, message }) =>
    inTime(
      clock,
      DATABASE_TIMEOUT_MS,
      publishStatus(openDatabase(env.DB), ref, { status: coarse(status), code, message }, clock.now()),
    )
}

/** `syncing` comes and goes with every run: lists do not show it, so that runs write no D1 row. */
function coarse(status: string): "connected" | "paused" | "error" {
  return status === "paused" || status === "error" ? status : "connected"
}

/** Queue names differ by environment and end alike. */
export function queueNameOf(queue: string): QueueName | null {
  const name = /-(fetch|backfill|forward)$/.exec(queue)?.[1]
  return name === "fetch" || name === "backfill" || name === "forward" ? name : null
}
