/**
 * The sandbox's remote control. All routes take and give JSON; reached under the host `sandbox`, or under `/__sandbox/` on any
 * host. Unknown names and impossible changes answer 400 `{ error }`.
 *
 *   GET    /                      what there is: accounts with counts, keys, faults in force, clock
 *   POST   /reset                 forget everything
 *   GET    /clock                 { now, offset }
 *   POST   /clock                 { set: epoch ms } or { advance: ms } (or { advanceSeconds })
 *   POST   /accounts              { name, mode?, options? } -> { id, key }; again with the same name: options are merged
 *   POST   /keys                  { account, key?, permissions? } -> the key; permissions make it a restricted one (rk_)
 *   POST   /keys/revoke           { key }
 *   POST   /keys/roll             { key } -> the new key
 *   POST   /oauth/apps            { partner, installUrl?, grants? } -> the registered OAuth app
 *   POST   /oauth/expire          { partner, account }: its access tokens have run out, and may be renewed
 *   POST   /oauth/uninstall       { partner, account }: the user takes the app away
 *   POST   /seed                  { account, customers, days, seed?, guests? } -> counts
 *   POST   /evolve                { account, steps } -> { done: [names] }
 *   POST   /settle                { account } -> { done }: everything due up to now happens (renewals, trial ends ...)
 *   POST   /mutate                { account, name, args } -> the row; names: GET /mutations
 *   POST   /between               { account, afterRequests, mutation: { name, args } }: done right after that many more requests
 *   POST   /load                  { account, objects?, events?, eventsNow? }: official samples become the account's content
 *   GET    /ledger                ?account&after&limit&fact -> { facts, total, emails }
 *   GET    /objects               ?account&kind&after&limit -> current rows
 *   GET    /mutations, /faults    the names there are (faults with descriptions and the ones in force)
 *   POST   /faults                { name, account?, path?, times?, after?, probability?, options? } -> { id }
 *   DELETE /faults                ?id or ?name; neither: all
 *   POST   /ingest-keys           { prefix, secret, org, project, source? }
 *   DELETE /ingest-keys           ?prefix
 *   GET    /received              ?source&name&after&limit -> { items, total, next }
 *   GET    /received/totals       ?source
 *   GET    /counters              ?host&account&path -> { calls, counts }; with log=1 the latest calls too
 *   DELETE /counters              start counting anew
 */
import { z } from "zod"
import { FAULTS, type FaultName, type FaultRequest } from "./faults.ts"
import { type Answer, type Call, json, textOf } from "./http.ts"
import type { Sandbox } from "./sandbox.ts"
import { SHOPIFY_ROUTES } from "./shopify/admin.ts"
import { type Account, now } from "./stripe/account.ts"
import { runDue } from "./stripe/engine.ts"
import { evolve } from "./stripe/evolve.ts"
import { type Content, load } from "./stripe/load.ts"
import { KINDS, type Kind } from "./stripe/model.ts"
import { MUTATIONS, mutate } from "./stripe/mutations.ts"
import { PEOPLE } from "./stripe/people.ts"
import { counts, seedAccount } from "./stripe/seed.ts"

export const ADMIN_HOST = "sandbox"
export const ADMIN_PREFIX = "/__sandbox"
const PAGE = 1_000

const account = z.string().min(1)
const mutation = z.object({ name: z.string(), args: z.array(z.unknown()).default([]) })
const seconds = z.number().int()

type Route = (sandbox: Sandbox, body: unknown, query: URLSearchParams) => unknown

const ROUTES: Record<string, Route> = {
  "GET /": (sandbox) => overview(sandbox),
  "POST /reset": (sandbox) => sandbox.reset(),
  "GET /clock": (sandbox) => clock(sandbox),
  "POST /clock": (sandbox, body) => {
    const { set, advance, advanceSeconds } = z
      .object({ set: z.number().optional(), advance: z.number().optional(), advanceSeconds: seconds.optional() })
      .parse(body)
    if (set !== undefined) sandbox.clock.set(set)
    sandbox.clock.advance((advance ?? 0) + (advanceSeconds ?? 0) * 1_000)
    return clock(sandbox)
  },
  "POST /accounts": (sandbox, body) => {
    const request = z
      .object({
        name: z.string().regex(/^[a-z0-9]{1,30}$/i),
        mode: z.enum(["test", "live"]).default("test"),
        options: OPTIONS.default({}),
      })
      .parse(body)
    const created = sandbox.stripe.create({ ...request, options: defined(request.options) })
    return { id: created.account.id, name: request.name, mode: request.mode, key: created.key }
  },
  "POST /keys": (sandbox, body) => {
    const request = z
      .object({ account, key: z.string().optional(), permissions: z.array(z.string()).nullish() })
      .parse(body)
    return sandbox.stripe.addKey({
      account: request.account,
      permissions: request.permissions ?? null,
      ...(request.key ? { key: request.key } : {}),
    })
  },
  "POST /keys/revoke": (sandbox, body) => sandbox.stripe.revokeKey(z.object({ key: z.string() }).parse(body).key),
  "POST /keys/roll": (sandbox, body) => sandbox.stripe.rollKey(z.object({ key: z.string() }).parse(body).key),
  "POST /oauth/apps": (sandbox, body) => {
    const { partner, ...changes } = z
      .object({
        partner: PARTNER,
        installUrl: z.string().optional(),
        grants: z.array(z.string()).nullable().optional(),
      })
      .parse(body)
    const [app] = sandbox[partner].oauth.apps.values()
    return Object.assign(app ?? {}, changes)
  },
  "POST /oauth/expire": (sandbox, body) => {
    const { partner, account: whose } = z.object({ partner: PARTNER, account }).parse(body)
    sandbox[partner].oauth.grants.expireAccess(whose)
  },
  "POST /oauth/uninstall": (sandbox, body) => {
    const { partner, account: whose } = z.object({ partner: PARTNER, account }).parse(body)
    const { apps, grants } = sandbox[partner].oauth
    for (const app of apps.keys()) grants.uninstall(app, whose)
  },
  "POST /seed": (sandbox, body) => {
    const request = z
      .object({ account, customers: seconds, days: seconds, seed: seconds.optional(), guests: z.number().optional() })
      .parse(body)
    const { customers, days, seed, guests } = request
    const options = {
      customers,
      days,
      ...(seed === undefined ? {} : { seed }),
      ...(guests === undefined ? {} : { guests }),
    }
    return seedAccount(sandbox.stripe.account(request.account), options)
  },
  "POST /evolve": (sandbox, body) => {
    const request = z.object({ account, steps: seconds }).parse(body)
    return { done: evolve(sandbox.stripe.account(request.account), request.steps) }
  },
  "POST /settle": (sandbox, body) => {
    const found = sandbox.stripe.account(z.object({ account }).parse(body).account)
    return { done: runDue(found, now(found), PEOPLE) }
  },
  "POST /mutate": (sandbox, body) => {
    const request = mutation.extend({ account }).parse(body)
    return mutate(sandbox.stripe.account(request.account), request) ?? {}
  },
  "POST /between": (sandbox, body) => {
    const request = z.object({ account, afterRequests: seconds.min(1), mutation }).parse(body)
    sandbox.stripe.between(request)
  },
  "POST /load": (sandbox, body) => {
    const objects = z.array(z.record(z.string(), z.unknown())).default([])
    const request = z.object({ account, objects, events: objects, eventsNow: z.boolean().default(false) }).parse(body)
    load(sandbox.stripe.account(request.account), request as Content)
  },
  "GET /ledger": (sandbox, _body, query) => ledger(sandbox.stripe.account(need(query, "account")), query),
  "GET /objects": (sandbox, _body, query) => {
    const found = sandbox.stripe.account(need(query, "account"))
    const kind = z.enum(KINDS as [Kind, ...Kind[]]).parse(query.get("kind"))
    const { after, limit } = paging(query)
    const { order } = found.tables[kind]
    return { rows: order.slice(after, after + limit), total: order.length, next: next(after, limit, order.length) }
  },
  "GET /mutations": () => Object.keys(MUTATIONS),
  "GET /faults": (sandbox) => ({ kinds: FAULTS, active: sandbox.faults.active() }),
  "POST /faults": (sandbox, body) => ({ id: sandbox.faults.on(FAULT.parse(body) as FaultRequest) }),
  "DELETE /faults": (sandbox, _body, query) => {
    const id = query.get("id")
    const name = query.get("name")
    sandbox.faults.off(id === null ? ((name ?? undefined) as FaultName | undefined) : Number(id))
  },
  "POST /ingest-keys": (sandbox, body) => {
    const text = z.string().min(1)
    sandbox.intempt.addKey(
      z
        .object({ prefix: text, secret: text, org: text, project: text, source: text.nullable().default(null) })
        .parse(body),
    )
  },
  "DELETE /ingest-keys": (sandbox, _body, query) => sandbox.intempt.removeKey(need(query, "prefix")),
  "GET /received": (sandbox, _body, query) => {
    const { after, limit } = paging(query)
    const items = sandbox.intempt.items({ ...picked(query, ["source", "name"]), after, limit })
    const total = sandbox.intempt.received.length
    return { items, total, next: items.length < limit ? null : (items.at(-1)?.no ?? null) }
  },
  "GET /received/totals": (sandbox, _body, query) => sandbox.intempt.totals(query.get("source") ?? undefined),
  "GET /counters": (sandbox, _body, query) => ({
    calls: sandbox.counters.calls(picked(query, ["host", "account", "path"])),
    counts: Object.fromEntries(sandbox.counters.counts),
    ...(query.has("log") ? { log: sandbox.counters.log } : {}),
  }),
  "DELETE /counters": (sandbox) => sandbox.counters.reset(),
  ...SHOPIFY_ROUTES,
}

const OPTIONS = z
  .object({
    version: z.string(),
    businessName: z.string(),
    email: z.string(),
    country: z.string(),
    currency: z.string(),
    rateLimit: z.number().nullable(),
    endpointRateLimit: z.number().nullable(),
    autopilot: z.boolean(),
    declineRate: z.number(),
  })
  .partial()

const PARTNER = z.enum(["stripe", "shopify"])

const FAULT = z.object({
  name: z.string(),
  account: z.string().optional(),
  path: z.string().optional(),
  times: seconds.optional(),
  after: seconds.optional(),
  probability: z.number().optional(),
  options: z.record(z.string(), z.union([z.number(), z.string(), z.boolean()])).optional(),
})

/** True when the URL addresses the remote control and not a simulated service. */
export function isAdmin(url: URL): boolean {
  return url.hostname === ADMIN_HOST || url.pathname === ADMIN_PREFIX || url.pathname.startsWith(`${ADMIN_PREFIX}/`)
}

export function handleAdmin(sandbox: Sandbox, call: Call): Answer {
  const path = call.url.pathname.startsWith(ADMIN_PREFIX)
    ? call.url.pathname.slice(ADMIN_PREFIX.length)
    : call.url.pathname
  const route = ROUTES[`${call.method} ${path === "" ? "/" : path}`]
  if (!route) return json(404, { error: `no admin route ${call.method} ${path}` })
  try {
    const text = textOf(call)
    const result = route(sandbox, text === "" ? {} : JSON.parse(text), call.url.searchParams) ?? { ok: true }
    sandbox.flush()
    return json(200, result)
  } catch (error) {
    return json(400, { error: error instanceof Error ? error.message : String(error) })
  }
}

function overview(sandbox: Sandbox) {
  const accounts = [...sandbox.stripe.accounts.values()].map((found) => ({
    name: found.name,
    mode: found.mode,
    id: found.id,
    options: found.options,
    counts: counts(found),
  }))
  const { items, requests } = sandbox.intempt.totals()
  return {
    clock: clock(sandbox),
    accounts,
    keys: [...sandbox.stripe.keys.values()],
    faults: sandbox.faults.active(),
    received: { items, requests },
  }
}

function clock(sandbox: Sandbox) {
  return { now: sandbox.clock.now(), offset: sandbox.clock.offset }
}

function ledger(found: Account, query: URLSearchParams) {
  const { after, limit } = paging(query)
  const fact = query.get("fact")
  const facts = fact === null ? found.facts : found.facts.filter((entry) => entry.fact === fact)
  const emails = after === 0 ? found.emails : []
  return {
    facts: facts.slice(after, after + limit),
    total: facts.length,
    next: next(after, limit, facts.length),
    emails,
  }
}

function paging(query: URLSearchParams): { after: number; limit: number } {
  return { after: Number(query.get("after") ?? 0), limit: Number(query.get("limit") ?? PAGE) }
}

function next(after: number, limit: number, total: number): number | null {
  return after + limit < total ? after + limit : null
}

function picked<K extends string>(query: URLSearchParams, names: readonly K[]): { [P in K]?: string } {
  const result: { [P in K]?: string } = {}
  for (const name of names) {
    const value = query.get(name)
    if (value !== null) result[name] = value
  }
  return result
}

function need(query: URLSearchParams, name: string): string {
  const value = query.get(name)
  if (value === null || value === "") throw new Error(`${name} is missing`)
  return value
}

/** Drops what was left out, so that it does not overwrite a default. */
function defined<T extends object>(values: T): { [K in keyof T]?: NonNullable<T[K]> | Extract<T[K], null> } {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as never
}
