/** The simulated Stripe as a whole: accounts, keys, limits, and what happens between two requests. */
import { type Clock, SECOND_MS } from "../clock.ts"
import type { ActiveFault, Faults } from "../faults.ts"
import { type Answer, type Call, httpDate } from "../http.ts"
import type { JsonObject } from "../json.ts"
import type { Partner } from "../partner.ts"
import type { Writer } from "../store.ts"
import {
  type Account,
  type AccountOptions,
  createAccount,
  type Header,
  header,
  type Mode,
  restore,
  restored,
  restoreHeader,
  tableName,
} from "./account.ts"
import { answer, resourceOf, versionOf } from "./api.ts"
import { settle } from "./engine.ts"
import {
  expiredKey,
  invalidKey,
  missing,
  missingPermission,
  noKey,
  Refusal,
  rateLimited,
  type StripeError,
  unknownUrl,
} from "./errors.ts"
import { defaultKey, type Key, keyIn, PERMISSIONS, type Resource } from "./keys.ts"
import { type MutationRequest, mutate } from "./mutations.ts"
import { APP_PERMISSIONS, createStripeOAuth, MARKETPLACE, type StripeOAuth } from "./oauth.ts"
import { paging } from "./paging.ts"
import { PEOPLE } from "./people.ts"

const KEYS_TABLE = "stripe/keys"

export interface NewAccount {
  name: string
  mode?: Mode
  options?: Partial<AccountOptions>
}

/** A change that happens right after the account's so-many-th further request. */
export interface PlannedChange {
  account: string
  afterRequests: number
  change: (account: Account) => void
}

export interface Stripe extends Partner {
  accounts: Map<string, Account>
  keys: Map<string, Key>
  oauth: StripeOAuth
  create(request: NewAccount): { account: Account; key: string }
  /** By `name/mode`, or by name: the live one where there is one. */
  account(name: string): Account
  addKey(request: { account: string; key?: string; permissions?: string[] | null }): Key
  revokeKey(key: string): void
  /** Replaces a key by a new one of the same rights; the old one stops working. */
  rollKey(key: string): Key
  between(
    change: Omit<PlannedChange, "change"> & ({ change: PlannedChange["change"] } | { mutation: MutationRequest }),
  ): void
}

export interface StripeParts {
  seed: number
  clock: Clock
  faults: Faults
  writer: Writer
}

export function createStripe(parts: StripeParts): Stripe {
  const accounts = new Map<string, Account>()
  const keys = new Map<string, Key>()
  const rates = new Map<string, { second: number; counts: Map<string, number> }>()
  /** What of each account's header was last handed to the writer. */
  const saved = new Map<Account, string>()
  let planned: PlannedChange[] = []
  let requests = 0

  const saveKey = (key: Key) => {
    keys.set(key.key, key)
    parts.writer.touch(KEYS_TABLE, key.key, () => key)
    return key
  }

  const open = (name: string, mode: Mode): Account => {
    const scope = `${name}/${mode}`
    const { level } = parts.faults
    const account = createAccount({
      name,
      mode,
      seed: parts.seed,
      clock: parts.clock,
      writer: parts.writer,
      writeFaults: () => ({
        eventDelay: level("slow_visibility", scope, "seconds"),
        rowDelay: level("late_rows", scope, "seconds"),
        granularity: level("equal_timestamps", scope, "seconds"),
        lostSecond: level("lost_second", scope, "on"),
      }),
    })
    accounts.set(scope, account)
    return account
  }

  const oauth = createStripeOAuth({
    clock: parts.clock,
    writer: parts.writer,
    accounts: () =>
      [...accounts].map(([scope, { id, options }]) => ({ scope, id, label: `${options.businessName} (${scope})` })),
    issueKey: (scope, no, expiresAt) => {
      const account = stripe.account(scope)
      const key = `${defaultKey(account.name, account.mode, "rk")}App${no}`
      const { name, mode } = account
      return saveKey({ key, account: name, mode, permissions: APP_PERMISSIONS, revoked: false, expiresAt }).key
    },
    endKeys: (scope) => {
      for (const key of keys.values())
        if (key.expiresAt !== undefined && `${key.account}/${key.mode}` === scope) saveKey({ ...key, revoked: true })
    },
  })

  const stripe: Stripe = {
    name: "stripe",
    side: "partner",
    answersFor: (host) => host === "api.stripe.com" || host === MARKETPLACE,
    paging,
    accounts,
    keys,
    oauth,
    create(request) {
      const mode = request.mode ?? "test"
      const account = accounts.get(`${request.name}/${mode}`) ?? open(request.name, mode)
      Object.assign(account.options, request.options)
      saved.delete(account)
      const { key } = saveKey({
        key: defaultKey(request.name, mode),
        account: request.name,
        mode,
        permissions: null,
        revoked: false,
      })
      return { account, key }
    },
    account(name) {
      const account = accounts.get(name) ?? accounts.get(`${name}/live`) ?? accounts.get(`${name}/test`)
      if (!account) throw new Error(`no account ${name}`)
      return account
    },
    addKey({ account: name, key, permissions = null }) {
      const account = stripe.account(name)
      const kind = permissions ? "rk" : "sk"
      const text = key ?? `${defaultKey(account.name, account.mode, kind)}${keys.size}`
      return saveKey({ key: text, account: account.name, mode: account.mode, permissions, revoked: false })
    },
    revokeKey(text) {
      const key = keys.get(text)
      if (!key) throw new Error("no such key")
      saveKey({ ...key, revoked: true })
    },
    rollKey(text) {
      const key = keys.get(text)
      if (!key) throw new Error("no such key")
      stripe.revokeKey(text)
      return saveKey({ ...key, key: `${text.slice(0, -4)}${String(keys.size).padStart(4, "R")}`, revoked: false })
    },
    between(request) {
      const change = "change" in request ? request.change : (account: Account) => void mutate(account, request.mutation)
      planned.push({ account: stripe.account(request.account).name, afterRequests: request.afterRequests, change })
    },
    identify(call) {
      const key = keys.get(keyIn(call.headers) ?? "")
      return key ? `${key.account}/${key.mode}` : null
    },
    signIn: (call) => oauth.answer(call),
    answer(call) {
      requests += 1
      const requestId = `req_${requests.toString(36).padStart(14, "S")}`
      try {
        const key = authenticate(keyIn(call.headers))
        const account = stripe.account(`${key.account}/${key.mode}`)
        limit(account, call)
        const route = resourceOf(call.url.pathname)
        if (!route) throw new Refusal(unknownUrl(call.method, call.url.pathname))
        permit(key, account, route.resource)
        settle(account, PEOPLE)
        const version = versionOf(account, call.headers.get("stripe-version"))
        return ok(answer(account, call.method, call.url, version), version, requestId)
      } catch (error) {
        if (error instanceof Refusal) return refused(error.refusal, requestId)
        throw error
      }
    },
    refuse(fault, call) {
      const refusal = refusalFor(fault, call)
      return refusal ? refused(refusal, "req_FaultInTheSandbox") : null
    },
    afterCall(identity) {
      if (identity === null || planned.length === 0) return
      const [name] = identity.split("/")
      const due: PlannedChange[] = []
      for (const change of planned) {
        if (change.account !== name) continue
        change.afterRequests -= 1
        if (change.afterRequests <= 0) due.push(change)
      }
      planned = planned.filter((change) => !due.includes(change))
      for (const { change } of due) change(stripe.account(identity))
    },
    restore(table, id, value) {
      if (oauth.grants.restore(table, id, value)) return true
      if (table === KEYS_TABLE) keys.set((value as Key).key, value as Key)
      else {
        const [service, name, mode, part] = table.split("/")
        if (service !== "stripe" || !name || !part || (mode !== "test" && mode !== "live")) return false
        const account = accounts.get(`${name}/${mode}`) ?? open(name, mode)
        if (part === "header") restoreHeader(account, value as Header)
        else restore(account, part, id, value)
      }
      return true
    },
    restored() {
      for (const account of accounts.values()) restored(account)
    },
    save() {
      for (const account of accounts.values()) {
        const state = `${account.counter}/${account.seq}/${account.random.state}`
        if (saved.get(account) === state) continue
        saved.set(account, state)
        parts.writer.touch(tableName(account, "header"), account.name, () => header(account))
      }
    },
    reset() {
      accounts.clear()
      keys.clear()
      oauth.grants.reset()
      rates.clear()
      planned = []
    },
  }
  return stripe

  function authenticate(text: string | null): Key {
    if (text === null) throw new Refusal(noKey())
    const key = keys.get(text)
    if (!key) throw new Refusal(invalidKey(text))
    if (key.revoked || (key.expiresAt !== undefined && key.expiresAt <= parts.clock()))
      throw new Refusal(expiredKey(text))
    return key
  }

  function permit(key: Key, account: Account, resource: Resource): void {
    const permission = PERMISSIONS[resource]
    if (key.permissions && !key.permissions.includes(permission) && !key.permissions.includes(resource)) {
      throw new Refusal(missingPermission(key.key, account.id, permission))
    }
  }

  /** Requests of one clock second, per account and per endpoint. https://docs.stripe.com/rate-limits */
  function limit(account: Account, call: Call): void {
    const { rateLimit, endpointRateLimit } = account.options
    const scope = `${account.name}/${account.mode}`
    const second = Math.floor(parts.clock() / SECOND_MS)
    let rate = rates.get(scope)
    if (rate?.second !== second) {
      rate = { second, counts: new Map() }
      rates.set(scope, rate)
    }
    const endpoint = resourceOf(call.url.pathname)
    const name = `${call.method} ${endpoint?.resource ?? "unknown"}${endpoint?.id ? "/:id" : ""}`
    const all = count(rate.counts, "")
    const here = count(rate.counts, name)
    if (rateLimit !== null && all > rateLimit) throw new Refusal(rateLimited("global-rate"))
    if (endpointRateLimit !== null && here > endpointRateLimit) throw new Refusal(rateLimited("endpoint-rate"))
  }

  function refusalFor({ name, options }: ActiveFault, call: Call): StripeError | null {
    const key = keyIn(call.headers) ?? ""
    const known = keys.get(key)
    const resource = resourceOf(call.url.pathname)?.resource ?? "account"
    if (name === "rate_limit") {
      const error = rateLimited("global-rate")
      return { ...error, headers: { ...error.headers, "retry-after": String(options.seconds) } }
    }
    if (name === "rate_limit_bare") return rateLimited("global-rate")
    if (name === "unauthorized") return invalidKey(key)
    if (name === "revoked_key") return expiredKey(key)
    if (name === "forbidden") {
      const account = known ? stripe.account(`${known.account}/${known.mode}`).id : "acct_unknown"
      return missingPermission(key, account, PERMISSIONS[resource])
    }
    if (name === "expired_token") {
      const noun = resource.replace(/s$/, "")
      return missing(400, noun, call.url.searchParams.get("starting_after") ?? "", "starting_after")
    }
    return null
  }

  function ok(body: JsonObject, version: string, requestId: string): Answer {
    return {
      status: 200,
      headers: headers({ "stripe-version": version }, requestId),
      body: JSON.stringify(body, null, 2),
    }
  }

  function refused(refusal: StripeError, requestId: string): Answer {
    const error = { ...refusal.error, request_log_url: `https://dashboard.stripe.com/logs/${requestId}` }
    return {
      status: refusal.status,
      headers: headers(refusal.headers, requestId),
      body: JSON.stringify({ error }, null, 2),
    }
  }

  function headers(more: Record<string, string> | undefined, requestId: string): Record<string, string> {
    return {
      "content-type": "application/json",
      "cache-control": "no-cache, no-store",
      date: httpDate(parts.clock()),
      "request-id": requestId,
      server: "nginx",
      ...more,
    }
  }
}

function count(counts: Map<string, number>, name: string): number {
  const next = (counts.get(name) ?? 0) + 1
  counts.set(name, next)
  return next
}
