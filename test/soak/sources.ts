/** The sources of a soak: connected through the public API, asked to sync, and watched until they are quiet. */

import { type Expectation, expectationOf } from "../oracle/oracle.ts"
import { shopExpectationOf } from "../oracle/shopify.ts"
import type { Sandbox } from "../sandbox/sandbox.ts"
import * as shops from "../sandbox/shopify/people.ts"
import { evolve } from "../sandbox/stripe/evolve.ts"
import { seedAccount } from "../sandbox/stripe/seed.ts"
import { AnswerError, apiClient } from "../stack/clients.ts"
import type { Stack } from "../stack/stack.ts"

const ORG = "soak"
const PROJECT = "soak"
const DESTINATION = { org: ORG, project: PROJECT, sourceId: "1845392017263548901", key: "soak.secret" }
const CUSTOMERS = 12
const ORDERS = 60
const DAYS = 400
/** Every so many-th source reads a shop. */
const SHOP_EVERY = 5
/** Points of a Plus shop. */
const BUCKET = { maximum: 20_000, rate: 1_000 }
/** The events feed goes back this far from the moment a source is connected. */
const FEED_MS = 30 * 86_400_000
/** Fifty sources are looked at by one caller, who may ask twenty times a second. */
const POLL_MS = 5_000
const TELL_EVERY_MS = 30_000
/** Wake-ups lost with the process are sent again after two minutes, doubling; waits and retries come on top. */
const QUIET_WITHIN_MS = 20 * 60_000
/** Longer than the feed shows events late and Sync now is throttled. */
const BETWEEN_ROUNDS_MS = 65_000

export interface Soaked {
  account: string
  id: string
  /** Lets so many things happen to the account now. */
  evolve(steps: number): void
  /** What should have arrived of it, where the last sync began at that time: a checkout shows minutes after it was left. */
  expectation(lastSyncAt: number): Expectation
}

/** An account with a history, before it is connected. */
interface Business extends Pick<Soaked, "evolve"> {
  connector: string
  credentials: { apiKey: string }
  config: Record<string, unknown>
  /** Times in epoch ms: of the start date, the connection, and the last sync's beginning. */
  expectation(from: number, connectedAt: number, lastSyncAt: number): Expectation
}

interface Source {
  id: string
  connectedAt: number
  status: string
  sync: { startDate: string }
  error: { message: string } | null
  live: { current: unknown[]; delivery: { waiting: number; maybeRepeated: number; state: string } } | null
}

export async function connectAll(stack: Stack, sandbox: Sandbox, count: number): Promise<Soaked[]> {
  const api = await apiClient(stack, ORG, PROJECT)
  sandbox.intempt.addKey({ prefix: "soak", secret: "secret", org: ORG, project: PROJECT, source: null })
  await api("PUT", "/destination", DESTINATION)
  const soaked: Soaked[] = []
  for (let index = 0; index < count; index++) {
    const account = `soak${index}`
    const { evolve, expectation, ...access } = (index % SHOP_EVERY === 0 ? shop : stripe)(sandbox, account, index)
    const { id, connectedAt, sync } = await api<Source>("POST", "/sources", { name: account, sync: {}, ...access })
    const from = Date.parse(sync.startDate)
    soaked.push({ account, id, evolve, expectation: (lastSyncAt) => expectation(from, connectedAt, lastSyncAt) })
  }
  return soaked
}

function stripe(sandbox: Sandbox, name: string, seed: number): Business {
  const { account, key } = sandbox.stripe.create({ name, mode: "live" })
  seedAccount(account, { customers: CUSTOMERS, days: DAYS, seed })
  return {
    connector: "stripe",
    credentials: { apiKey: key },
    config: {},
    evolve: (steps) => void evolve(account, steps),
    expectation(from, connectedAt) {
      const live = { changesFrom: connectedAt - FEED_MS, customersFrom: connectedAt }
      return expectationOf(account, { from, until: Number.POSITIVE_INFINITY, ...live })
    },
  }
}

function shop(sandbox: Sandbox, name: string, seed: number): Business {
  const { shop, token } = sandbox.shopify.create({ name, options: { bucket: BUCKET } })
  shops.seedShop(shop, { customers: CUSTOMERS, orders: ORDERS, days: DAYS, seed })
  return {
    connector: "shopify",
    credentials: { apiKey: token },
    config: { shop: `${name}.myshopify.com` },
    evolve: (steps) => void shops.evolve(shop, steps),
    expectation: (from, _, lastSyncAt) => shopExpectationOf(shop, { from, shownBy: lastSyncAt }),
  }
}

/** A source that syncs already, or did so less than a minute ago, says so; that is fine. */
export async function syncSome(stack: Stack, soaked: readonly Soaked[]): Promise<void> {
  const api = await apiClient(stack, ORG, PROJECT)
  for (const { id } of soaked) {
    try {
      await api("POST", `/sources/${id}/sync`)
    } catch (error) {
      if (!(error instanceof AnswerError) || (error.status !== 409 && error.status !== 429)) throw error
    }
  }
}

/** What a user does once credits are bought: delivery that was paused is tried at once, not at the next probe. */
export async function saveDestination(stack: Stack): Promise<void> {
  const api = await apiClient(stack, ORG, PROJECT)
  await api("PUT", "/destination", DESTINATION)
}

/** Two rounds: what one run leaves to the next (an event shown late) the second one reads. Answers when the last one began. */
export async function untilQuiet(
  stack: Stack,
  soaked: readonly Soaked[],
  say: (text: string) => void,
): Promise<number> {
  let beganAt = 0
  for (const round of [1, 2]) {
    await new Promise((resolve) => setTimeout(resolve, BETWEEN_ROUNDS_MS))
    beganAt = Date.now()
    await syncSome(stack, soaked)
    await allQuiet(stack, soaked, say)
    say(`round ${round}: all quiet`)
  }
  return beganAt
}

async function allQuiet(stack: Stack, soaked: readonly Soaked[], say: (text: string) => void): Promise<void> {
  const deadline = Date.now() + QUIET_WITHIN_MS
  let toldAt = Date.now()
  for (const { id, account } of soaked) {
    for (;;) {
      const source = await readSource(stack, id)
      if (source.error) throw new Error(`${account}: ${source.error.message}`)
      if (source.live && source.live.current.length === 0 && source.live.delivery.waiting === 0) break
      if (Date.now() > deadline) throw new Error(`${account} does not come to rest: ${JSON.stringify(source.live)}`)
      if (Date.now() - toldAt > TELL_EVERY_MS) {
        toldAt = Date.now()
        say(
          `still waiting for ${account}: ${JSON.stringify(source.live?.delivery)}, ${source.live?.current.length} runs`,
        )
      }
      await new Promise((resolve) => setTimeout(resolve, POLL_MS))
    }
  }
}

export async function readSource(stack: Stack, id: string): Promise<Source> {
  return (await apiClient(stack, ORG, PROJECT))<Source>("GET", `/sources/${id}`)
}
