/**
 * The whole sandbox in one object: simulated services by host name, one clock, one seed, faults, counters. It runs in-process
 * (tests, the simulator) and inside `worker.ts`; there is no other state.
 */
import { type Clock, createClock, type SettableClock } from "./clock.ts"
import { type Counters, createCounters } from "./counters.ts"
import { ConnectionReset, deliver, realSleep, respond, type Sleep } from "./deliver.ts"
import { type ActiveFault, createFaults, type Faults } from "./faults.ts"
import { type Answer, type Call, callOf, html, textOf } from "./http.ts"
import { createIntempt, type Intempt } from "./intempt/track.ts"
import type { Partner } from "./partner.ts"
import { createRandom } from "./random.ts"
import { createShopify, type Shopify } from "./shopify/partner.ts"
import { createWriter, type Store, type StoredRow } from "./store.ts"
import { createStripe, type Stripe } from "./stripe/partner.ts"

export interface SandboxParts {
  /** Epoch ms; the sandbox's clock is this plus an offset that starts at 0. */
  clock?: Clock
  seed?: number
  sleep?: Sleep
  store?: Store | null
}

export interface Sandbox {
  clock: SettableClock
  faults: Faults
  counters: Counters
  stripe: Stripe
  shopify: Shopify
  intempt: Intempt
  /** Every simulated service; add one to have its hosts answered. */
  partners: Partner[]
  /** Answers as the host in the URL would. Rejects where a connection would break. */
  handle(request: Request): Promise<Response>
  /** Saves what changed. `handle` and the admin do so by themselves. */
  flush(): void
  restore(rows: Iterable<StoredRow>): void
  /** Forgets everything: accounts, items, faults, counters, clock offset. */
  reset(): void
}

const STATE_TABLE = "sandbox/state"

export function createSandbox(parts: SandboxParts = {}): Sandbox {
  const seed = parts.seed ?? 1
  const sleep = parts.sleep ?? realSleep
  const clock = createClock(parts.clock ?? Date.now)
  const writer = createWriter(parts.store ?? null)
  const random = createRandom(seed)
  const faults = createFaults(random)
  const counters = createCounters()
  const stripe = createStripe({ seed, clock: clock.now, faults, writer })
  const shopify = createShopify({ seed, clock: clock.now, faults, writer })
  const intempt = createIntempt({ clock: clock.now, writer })
  let savedState = ""
  const sandbox: Sandbox = {
    clock,
    faults,
    counters,
    stripe,
    shopify,
    intempt,
    partners: [stripe, shopify, intempt],
    async handle(request) {
      const call = await callOf(request)
      const partner = sandbox.partners.find((one) => one.answersFor(call.url.hostname))
      if (!partner) return nowhere(call)
      return serve(partner, call, request.signal)
    },
    flush() {
      for (const partner of sandbox.partners) partner.save()
      const state = { offset: clock.offset, random: random.state, faults: faults.active() }
      if (JSON.stringify(state) !== savedState) writer.touch(STATE_TABLE, "state", () => state)
      savedState = JSON.stringify(state)
      writer.flush()
    },
    restore(rows) {
      for (const { table, id, value } of rows) {
        if (value === null) continue
        const parsed: unknown = JSON.parse(value)
        if (table === STATE_TABLE) restoreState(parsed)
        else sandbox.partners.some((partner) => partner.restore(table, id, parsed))
      }
      for (const partner of sandbox.partners) partner.restored?.()
    },
    reset() {
      for (const partner of sandbox.partners) partner.reset()
      faults.off()
      counters.reset()
      clock.offset = 0
      random.state = seed
    },
  }
  return sandbox

  /** Counted too, so that a test can see whether a redirect was followed to a foreign host. */
  function nowhere(call: Call): Response {
    const { hostname: host, pathname: path, search: query } = call.url
    counters.note({ at: clock.now(), host, account: null, method: call.method, path, query, status: 502, fault: null })
    return respond(html(502, `No such host in the sandbox: ${host}`))
  }

  async function serve(partner: Partner, call: Call, signal: AbortSignal): Promise<Response> {
    const account = partner.identify(call)
    const subjects = partner.subjects?.(call) ?? [call.url.pathname]
    const fault = faults.take(partner.side, account, subjects, (active) => spares(partner, call, active))
    const refuse = (active: ActiveFault) => partner.refuse(active, call)
    const repeats = fault?.name === "repeated_token" ? partner.paging : undefined
    const note = (status: number) =>
      counters.note({
        at: clock.now(),
        host: call.url.hostname,
        account,
        method: call.method,
        path: call.url.pathname,
        query: call.url.search,
        status,
        fault: fault?.name ?? null,
      })
    const answer = () => {
      const given = partner.signIn?.(call) ?? partner.answer(repeats?.fromStart(call) ?? call)
      return given instanceof Promise ? given.then(answered) : answered(given)
    }
    const answered = (given: Answer) => {
      partner.afterCall?.(account)
      sandbox.flush()
      return repeats?.withMore(given) ?? given
    }
    try {
      const response = await deliver(answer, refuse, fault, sleep, signal)
      note(response.status)
      return response
    } catch (error) {
      if (error instanceof ConnectionReset) note(0)
      throw error
    }
  }

  function restoreState(value: unknown): void {
    const state = value as { offset: number; random: number; faults: ActiveFault[] }
    clock.offset = state.offset
    random.state = state.random
    faults.restore(state.faults)
  }
}

/** Faults that concern only some calls leave the others alone, unspent. */
function spares(partner: Partner, call: Call, fault: ActiveFault): boolean {
  if (fault.name === "expired_token") return !partner.paging?.hasToken(call)
  if (fault.name === "repeated_token") return !partner.paging?.asksForPage(call)
  if (fault.name === "poison") return !textOf(call).includes(String(fault.options.marker))
  if (fault.name === "too_large") return partner.refuse(fault, call) === null
  return false
}
