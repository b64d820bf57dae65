/** A source of a simulated partner's account, connected through the public API, and what its destination holds of it. */
import { env } from "cloudflare:workers"
import { expect } from "vitest"
import type { PublicSource } from "../../../src/api/views.ts"
import { objectName } from "../../../src/source/protocol/configuration.ts"
import type { SourceObject } from "../../../src/worker/source-object.ts"
import { type Told, toldOf } from "../../oracle/oracle.ts"
import { call, json, ORG } from "../../support/api.ts"
import { now } from "./clock.ts"
import type { World } from "./world.ts"

declare global {
  namespace Cloudflare {
    interface Env {
      SOURCES: DurableObjectNamespace<SourceObject>
    }
  }
}

/** How much has happened in an account; see each partner's figures. */
export type Size =
  /** Several pages of every list, and little enough for a sync of a second. */
  | "pages"
  /** Enough to be hit by three faults, and little enough for a sync of half a second. */
  | "some"
  /** Where each item is tried by itself before the end is reached. */
  | "few"

export interface Wanted {
  name: string
  /** Null: nothing has happened in the account yet. */
  history?: Size | null
  sync?: { startDate?: string; intervalHours?: number }
  /** Renewals, captures and the like go on by themselves. */
  autopilot?: boolean
  /** What happened before the source was connected, beside its history. */
  prepare?(business: Business): void
}

/** What a test of any partner's source may do in its account. */
export interface Business {
  /** Things happen by chance, all in one moment: a fact and the ledger's note of it never fall into two seconds. */
  evolve(steps: number): void
  /** More than a page of one kind in one second. */
  crowd(): void
  /** Right after so many more requests. */
  between(afterRequests: number, change: () => void): void
  /** Field by field, what the destination holds against what happened. None: nothing missing, nothing twice. */
  differences(told: readonly Told[], source: Source, startDate: number): string[]
}

export interface Source {
  id: string
  /** A project of its own: the destination's faults and counters are told apart by it. The partner's account has its name too. */
  project: string
  /** The partner's host that is asked. */
  host: string
  business: Business
  credentials: Record<string, string>
  startDate: number
  connectedAt: number
  /** When the partner's feed was first read to its far edge: by then it had forgotten what was older than it keeps. */
  feedReadAt: number
  /** When its last sync began. */
  syncedAt: number
}

/** A simulated partner, as far as its sources can be tested alike. */
export interface Partner {
  connector: string
  connect(world: World, wanted: Wanted): Promise<Source>
  /** Calls that reading an account of several pages takes, with a few to spare. */
  callsAtMost: number
  /** Of some of its people. */
  firstName: string
}

/** What the public API asks for, beside name and schedule. */
export interface Access {
  connector: string
  credentials: Record<string, string>
  config?: Record<string, string>
}

export async function openSource(
  world: World,
  { name, sync = {} }: Wanted,
  { connector, credentials, config }: Access,
): Promise<Omit<Source, "host" | "business">> {
  await openDestination(world, name)
  const wish = { connector, credentials, name, sync, ...(config && { config }) }
  const made = await json<PublicSource>(call("POST", "/sources", { project: name, body: wish }), 201)
  return { ...opened(made, name), credentials }
}

export async function openDestination(world: World, name: string): Promise<void> {
  world.intempt.addKey({ prefix: name, secret: "secret", org: ORG, project: name })
  const target = { org: ORG, project: name, sourceId: "1845392017263548901", key: `${name}.secret` }
  await json(call("PUT", "/destination", { project: name, body: target }))
}

export function opened(made: PublicSource, project: string): Omit<Source, "host" | "business" | "credentials"> {
  const startDate = Date.parse(`${made.sync?.startDate}T00:00:00Z`)
  const connectedAt = made.connectedAt ?? now()
  return { id: made.id, project, startDate, connectedAt, feedReadAt: connectedAt, syncedAt: connectedAt }
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

/** Requests that the partner was sent for the source. */
export function calls(world: World, { host, project }: Source): number {
  return world.counters.calls({ host, account: project })
}

// ------------------------------------------------------------------------------------------------------ equality

/** The source's items at the destination, in the order of arrival. */
export function received(world: World, source: Source): Told[] {
  return toldOf(world.intempt.items().filter(({ eventId }) => eventId?.startsWith(`${source.id}/`)))
}

export function differences(world: World, source: Source, startDate = source.startDate): string[] {
  return source.business.differences(received(world, source), source, startDate)
}

export function expectEqual(world: World, source: Source): void {
  expect(differences(world, source)).toEqual([])
  expect(received(world, source).length).toBeGreaterThan(0)
}

/** Only what was taken without an answer can have been sent twice, and no more of it than the source says. */
export function expectEqualButRepeats(world: World, source: Source, maybeRepeated: number): void {
  const found = differences(world, source)
  expect(found.filter((difference) => !/^(twice|too many|older after newer)/.test(difference))).toEqual([])
  // A change that is one too many of its moment is among what arrived twice already.
  const tooMany = found.filter((difference) => difference.startsWith("too many"))
  expect(tooMany.length).toBeLessThanOrEqual(found.filter((difference) => difference.startsWith("twice")).length)
  expect(found.length - tooMany.length).toBeLessThanOrEqual(maybeRepeated)
}
