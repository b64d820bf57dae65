/** A source's engine over memory: a clock that stands still, wake-ups on record. */
import { z } from "zod"
import { type AnyConnector, defineConnector, type Item, type Stream } from "../../src/connectors/kit/define.ts"
import { ALIAS } from "../../src/connectors/kit/item.ts"
import { PendingKeys } from "../../src/source/dedupe/pending-keys.ts"
import { SEEN_ROW_ENTRIES, SeenIndex } from "../../src/source/dedupe/seen.ts"
import { Outbox } from "../../src/source/delivery/outbox.ts"
import { SourceEngine } from "../../src/source/engine/engine.ts"
import type { QueueName, Store, Tokens, TryAnswer } from "../../src/source/ports.ts"
import type { Configuration } from "../../src/source/protocol/configuration.ts"
import type { Checkpoint, Lane, Outcome, Task } from "../../src/source/protocol/fetching.ts"
import type { ForwardTask, PostResult } from "../../src/source/protocol/forwarding.ts"
import { PROTOCOL } from "../../src/source/protocol/source.ts"
import type { SourceView } from "../../src/source/protocol/views.ts"
import type { State } from "../../src/source/state/state.ts"
import { freshState } from "../../src/source/state/stored.ts"
import type { Transaction } from "../../src/source/transaction.ts"
import { encodedAll, itemsOf } from "./encoded.ts"
import { limitedCalls } from "./platform/limits.ts"
import { type MemoryStore, memoryStore } from "./platform/memory-store.ts"

export const MINUTE = 60_000
export const HOUR = 3_600_000
export const DAY = 86_400_000
/** Our clock and the partner's agree unless a test says otherwise. */
export const START = Date.UTC(2026, 10, 1, 12)
export const START_DATE = Date.UTC(2025, 10, 1)
export const LOOKBACK = 10 * MINUTE
export const RETENTION_DAYS = 30

// ------------------------------------------------------------------------------------------------------ the partner

export const event = (name: string) => ({
  name,
  title: name,
  description: "",
  kind: "event" as const,
  default: true,
  schema: z.object({}),
})

export function stream(
  declared: Partial<Stream<unknown>> & Pick<Stream<unknown>, "name" | "mode" | "collections">,
): Stream<unknown> {
  return {
    title: declared.name,
    pageSize: 100,
    lookbackSeconds: 0,
    request: () => ({ path: "/" }),
    page: () => ({ records: [], next: null }),
    normalize: () => ({ drafts: [] }),
    ...declared,
  }
}

/** A shop: one feed that tells everything, and three lists. Nothing tells the past of `Visits`. */
export const shop = defineConnector<unknown>({
  name: "shop",
  title: "Shop",
  docs: "https://shop.test",
  config: z.unknown(),
  auth: [],
  baseUrl: () => "https://shop.test",
  headers: {},
  limits: { callsPerSecond: 10, docs: "" },
  account: { request: () => ({ path: "/" }), read: () => ({ id: "acct_1", name: "Shop", mode: "test" }) },
  collections: [event("Orders"), event("Refunds"), event("Visits"), { ...event("People"), kind: "object" }],
  streams: [
    stream({
      name: "feed",
      mode: "live",
      collections: ["Orders", "Refunds", "Visits", "People"],
      lookbackSeconds: LOOKBACK / 1000,
      retentionDays: RETENTION_DAYS,
    }),
    stream({ name: "orders", mode: "backfill", collections: ["Orders", "Refunds"], reach: { days: 5 } }),
    stream({ name: "people", mode: "backfill", collections: ["People"], reach: "all" }),
  ],
  pendingForDays: 60,
  classify: () => null,
  templates: { metrics: [], segments: [] },
})

// ------------------------------------------------------------------------------------------------------ configuration

export function configurationOf(changes: Partial<Configuration> = {}): Configuration {
  return {
    org: "o",
    project: "p",
    source: "src_1",
    version: 1,
    connector: "shop",
    config: {},
    account: { id: "acct_1", name: "Shop", mode: "test" },
    identity: "email",
    collections: choose("Orders", "People"),
    startDate: START_DATE,
    intervalHours: 1,
    active: true,
    credential: "sealed:key_1",
    credentialVersion: 1,
    destination: { org: "o", project: "p", sourceId: "1", key: "sealed:dest_1", owner: "" },
    destinationVersion: 1,
    connectedAt: START,
    ...changes,
  }
}

export function choose(...names: string[]): Configuration["collections"] {
  return names.map((name) => ({ name, fields: {} }))
}

// -------------------------------------------------------------------------------------------------------------- items

/** A fact; it stands in its feed where it happened unless said otherwise. */
export function fact(key: string, time: number, changes: Partial<Item> = {}): Item {
  return {
    userId: "ada@example.com",
    collection: "Orders",
    kind: "event",
    key,
    time,
    version: time,
    announcedAt: time,
    data: { key },
    ...changes,
  }
}

export function person(key: string, version: number, name = "Ada", changes: Partial<Item> = {}): Item {
  return {
    userId: key,
    collection: "People",
    kind: "object",
    key,
    time: version,
    version,
    announcedAt: version,
    userAttributes: { name },
    ...changes,
  }
}

export function alias(from: string, to: string, time: number): Item {
  return { ...fact(`${from}:${to}`, time, { collection: ALIAS, userId: to }), anotherUserId: from }
}

/** So many facts of one moment: they fill a row of `seen`, so that what comes later is kept, and pruned, apart. */
export function crowd(time: number): Item[] {
  return Array.from({ length: SEEN_ROW_ENTRIES }, (_, index) => fact(`crowd${index}`, time))
}

// --------------------------------------------------------------------------------------------------------------- transaction

/** A transaction of its own for a decision under test: of a fresh source unless the state says otherwise. */
export function transactionOf(changes: Partial<State> = {}, now = START, store: Store = memoryStore()): Transaction {
  const live = { feed: { cursor: START, slice: null, completed: [], perHour: null } }
  return {
    state: { ...freshState(configurationOf()), live, ...changes },
    now,
    random: { next: () => 0.5, id: (prefix) => `${prefix}_1` },
    connector: shop,
    seen: new SeenIndex(memoryStore(), 0),
    pending: new PendingKeys([], 0),
    outbox: new Outbox([]),
    stored: store,
    staged: { quarantinePut: [], quarantineRemove: [], runsPut: [], runsRemove: [] },
  }
}

// -------------------------------------------------------------------------------------------------------------- world

export type Page = { items?: Item[] } & Partial<
  Pick<
    Checkpoint,
    | "rejects"
    | "pending"
    | "closed"
    | "edge"
    | "lowest"
    | "next"
    | "records"
    | "asked"
    | "ageMs"
    | "page"
    | "denied"
    | "digest"
    | "answerMs"
  >
>

export interface World {
  store: MemoryStore
  wakes: QueueName[]
  published: string[]
  lines: string[]
  /** The partner's token endpoint. */
  refresh: Tokens["refresh"]
  /** Access tokens whose grants were given back, as sealed. */
  revoked: string[]
  /** Whether the partner answers when a grant is given back. */
  takesBack: boolean
  /** Credentials that a stopped source tried, and what the partner says of them. */
  tried: string[]
  accepts: TryAnswer
  now(): number
  advance(ms: number): void
  /** The engine: a new one after `restart`, as after an eviction. */
  engine: SourceEngine
  restart(): void
  configure(changes?: Partial<Configuration>): Promise<SourceView>
  view(): Promise<SourceView>
  state(): State
  /** Lets time pass from alarm to alarm until then. */
  until(time: number): Promise<void>
  lease(lane: Lane): Promise<Task>
  /** What the lease is answered when none is granted. */
  refusedLease(lane: Lane): Promise<{ kind: string; at?: number; reason?: string }>
  page(task: Task, page?: Page): Promise<string>
  settle(task: Task, outcome: Outcome): Promise<void>
  /** Reads what is to be read of the lane, every window empty. */
  drain(lane: Lane): Promise<void>
  claim(): Promise<ForwardTask>
  report(
    claim: ForwardTask,
    outcome: PostResult["outcome"],
    changes?: Partial<PostResult> & { done?: boolean },
  ): Promise<string>
  /** Delivers all that waits. */
  deliver(): Promise<Item[]>
}

export function sourceWorld(skewMs = 0, partner: AnyConnector = shop): World {
  let now = START
  let ids = 0
  const store = memoryStore()
  const engineOf = () => limitedCalls(newEngine())
  const newEngine = () =>
    new SourceEngine({
      clock: { now: () => now },
      random: { next: () => 0.5, id: (prefix) => `${prefix}_${++ids}` },
      store,
      wake: async (lane) => void world.wakes.push(lane),
      publish: async ({ status }) => void world.published.push(status),
      cipher: {
        open: async (sealed) => {
          if (!sealed.startsWith("sealed:")) throw new Error("not sealed with a key of ours")
          return sealed.replace("sealed:", "")
        },
      },
      tokens: {
        refresh: (ask) => world.refresh(ask),
        revoke: async (ask) => world.takesBack && world.revoked.push(ask.tokens.access) > 0,
      },
      tryCredential: async ({ credential }) => {
        world.tried.push(credential.value)
        return world.accepts
      },
      connector: (name) => (name === partner.name ? partner : undefined),
      log: (name) => void world.lines.push(name),
    })
  let configuration = configurationOf({ connector: partner.name })
  const ask = (lane: Lane) => ({ lane, nonce: `n${++ids}`, protocol: PROTOCOL })
  const world: World = {
    store,
    wakes: [],
    published: [],
    lines: [],
    refresh: async () => ({ kind: "later", reason: "no token endpoint", retryAfterMs: null }),
    revoked: [],
    takesBack: true,
    tried: [],
    accepts: "refused",
    now: () => now,
    advance: (ms) => {
      now += ms
    },
    engine: engineOf(),
    restart: () => {
      world.engine = engineOf()
    },
    configure: async (changes = {}) => {
      const version = store.core() === null ? configuration.version : configuration.version + 1
      configuration = { ...configuration, version, ...changes }
      const answer = await world.engine.configure(configuration)
      if (!answer.ok) throw new Error(answer.message)
      return answer.view
    },
    view: async () => {
      const answer = await world.engine.view()
      if (!answer.ok) throw new Error(answer.message)
      return answer.view
    },
    state: () => JSON.parse(store.core() ?? "{}") as State,
    until: async (time) => {
      for (let turns = 0; store.alarmAt !== null && store.alarmAt <= time; turns++) {
        if (turns > 1000) throw new Error("the alarm rings without end")
        now = Math.max(now, store.alarmAt)
        store.alarmAt = null
        await world.engine.alarm()
      }
      now = time
    },
    lease: async (lane) => {
      const answer = await world.engine.lease(ask(lane))
      if (answer.kind !== "given") throw new Error(`no lease: ${JSON.stringify(answer)}`)
      return answer.task
    },
    refusedLease: async (lane) => {
      const answer = await world.engine.lease(ask(lane))
      if (answer.kind === "given") throw new Error(`granted: ${answer.task.lease.slice}`)
      return answer
    },
    page: async (task, { items = [], ...page } = {}) => {
      const answer = await world.engine.checkpoint({
        protocol: PROTOCOL,
        lease: task.lease,
        page: task.page,
        asked: now + skewMs,
        spreadMs: 0,
        ageMs: 0,
        records: items.length,
        items: encodedAll(items),
        rejects: [],
        pending: [],
        closed: [],
        edge: items.at(-1)?.announcedAt ?? null,
        next: null,
        calls: 1,
        completed: [],
        ...page,
      })
      task.page++
      return answer.kind
    },
    settle: (task, outcome) => world.engine.settle({ protocol: PROTOCOL, lease: task.lease, outcome, calls: 1 }),
    drain: async (lane) => {
      for (;;) {
        const answer = await world.engine.lease(ask(lane))
        if (answer.kind !== "given") return
        await world.page(answer.task)
      }
    },
    claim: async () => {
      const answer = await world.engine.claim({ nonce: `n${++ids}`, protocol: PROTOCOL })
      if (answer.kind !== "given") throw new Error(`no claim: ${JSON.stringify(answer)}`)
      return answer.claim
    },
    report: async (claim, outcome, { done = true, ...changes } = {}) => {
      const rows = claim.rows.map(({ id }) => id)
      const status = { delivered: 200, refused: 400, too_large: 413, later: 503, rejected: 401 }[outcome]
      const result = { rows, outcome, status, reason: outcome, retryAt: null, ...changes }
      const { number, destinationVersion } = claim
      return (await world.engine.report({ protocol: PROTOCOL, number, destinationVersion, results: [result], done }))
        .kind
    },
    deliver: async () => {
      const delivered: Item[] = []
      for (;;) {
        const answer = await world.engine.claim({ nonce: `n${++ids}`, protocol: PROTOCOL })
        if (answer.kind !== "given") return delivered
        delivered.push(...answer.claim.rows.flatMap(itemsOf))
        await world.report(answer.claim, "delivered")
      }
    },
  }
  return world
}

/** A source that has begun, and read nothing yet. */
export async function begunWorld(changes: Partial<Configuration> = {}): Promise<World> {
  const world = sourceWorld()
  await world.configure(changes)
  return world
}

/** A source that has read all there was at START. */
export async function readWorld(changes: Partial<Configuration> = {}): Promise<World> {
  const world = await begunWorld(changes)
  await world.drain("live")
  await world.drain("backfill")
  return world
}
