/** A source of a simulated Stripe account, connected through the public API, and what its destination holds of it. */
import { env } from "cloudflare:workers"
import { expect } from "vitest"
import type { PublicSource } from "../../../src/routes/kit/public.ts"
import { objectName } from "../../../src/source/rpc.ts"
import type { SourceObject } from "../../../src/source/source.do.ts"
import { type Account, type AccountOptions, at } from "../../sandbox/stripe/account.ts"
import { seedAccount } from "../../sandbox/stripe/seed.ts"
import { call, json, ORG } from "../../support/api.ts"
import { compare, expectationOf, type Told, toldOf } from "../../support/oracle.ts"
import { DAY, HOUR, now, SECOND } from "./clock.ts"
import type { World } from "./world.ts"

declare global {
  namespace Cloudflare {
    interface Env {
      SOURCES: DurableObjectNamespace<SourceObject>
    }
  }
}

/** Enough for several pages of every list, and little enough for a sync of a second. */
export const HISTORY = { customers: 60, days: 400, seed: 3 }
const FEED_KEPT_MS = 30 * DAY

export interface Source {
  id: string
  /** A project of its own: the destination's faults and counters are told apart by it. */
  project: string
  account: Account
  apiKey: string
  startDate: number
  connectedAt: number
}

export interface Wanted {
  name: string
  /** Null: nothing has happened in the account yet. */
  history?: { customers: number; days: number; seed: number } | null
  options?: Partial<AccountOptions>
  sync?: { startDate?: string; intervalHours?: number }
  /** What happened before the source was connected. */
  prepare?(account: Account): void
}

export async function connect(world: World, wanted: Wanted): Promise<Source> {
  const { name, history = HISTORY, options = {}, sync = {}, prepare } = wanted
  const { account, key: apiKey } = world.stripe.create({ name, options })
  if (history) seedAccount(account, history)
  if (prepare) happen({ account }, prepare)
  world.intempt.addKey({ prefix: name, secret: "secret", org: ORG, project: name })
  const target = { org: ORG, project: name, sourceId: "1845392017263548901", key: `${name}.secret` }
  await json(call("PUT", "/destination", { project: name, body: target }))
  const wish = { connector: "stripe", credentials: { apiKey }, name, sync }
  const made = await json<PublicSource>(call("POST", "/sources", { project: name, body: wish }), 201)
  const startDate = Date.parse(`${made.sync?.startDate}T00:00:00Z`)
  return { id: made.id, project: name, account, apiKey, startDate, connectedAt: made.connectedAt ?? now() }
}

/** Things happen in the account, all in one moment: an event and the ledger's note of it never fall into two seconds. */
export function happen<T>({ account }: Pick<Source, "account">, work: (account: Account) => T): T {
  return at(account, now(), () => work(account))
}

/** A request to the source's own part of the API. */
export function ask(source: Source, method: string, path = "", body?: unknown): Promise<Response> {
  return call(method, `/sources/${source.id}${path}`, {
    project: source.project,
    ...(body === undefined ? {} : { body }),
  })
}

export function view(source: Source): Promise<PublicSource> {
  return json<PublicSource>(ask(source, "GET"))
}

/** Anew each time: a stub to an object that was torn down stays broken. */
export function stubOf(source: Source): DurableObjectStub<SourceObject> {
  return env.SOURCES.getByName(objectName({ org: ORG, project: source.project, source: source.id }))
}

// ------------------------------------------------------------------------------------------------------ equality

/** The source's items at the destination, in the order of arrival. */
export function received(world: World, source: Source): Told[] {
  return toldOf(world.intempt.items().filter(({ eventId }) => eventId?.startsWith(`${source.id}/`)))
}

/** Field by field, what the destination holds against what happened in the account. None: nothing missing, nothing twice. */
export function differences(world: World, source: Source, startDate = source.startDate): string[] {
  const { account, connectedAt } = source
  // What no list remembers is told by a feed that forgets, and its far edge moves while it is read: an hour of doubt.
  const changesFrom = connectedAt - FEED_KEPT_MS + HOUR
  const span = { from: startDate, until: now() + SECOND, changesFrom, customersFrom: connectedAt }
  const isInDoubt = ({ collection, key, time }: Told) => isOfFeed(collection, key) && time < changesFrom
  const told = received(world, source).filter((item) => !isInDoubt(item))
  return compare(expectationOf(account, span), told)
}

function isOfFeed(collection: string, key: string): boolean {
  return (collection === "Subscription change" || collection === "Invoice") && key.startsWith("evt_")
}

export function expectEqual(world: World, source: Source): void {
  expect(differences(world, source)).toEqual([])
  expect(received(world, source).length).toBeGreaterThan(0)
}

/** Pages of lists that were asked for more than once. The feed's newest pages are: its last minutes are read again each time. */
export function pagesReadTwice(world: World, { project }: Source): string[] {
  const asked = world.counters.log.filter(({ account, status }) => account === `${project}/test` && status === 200)
  const pages = asked
    .map(({ path, query }) => path + query)
    .filter((page) => /created%5Blt%5D|starting_after/.test(page))
  expect(pages.length).toBeGreaterThan(0)
  return pages.filter((page, index) => pages.indexOf(page) !== index)
}
