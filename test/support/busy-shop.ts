/**
 * A shop that is never idle, over the shipped engine: so many orders change an hour, and every window takes several pages. Orders are placed
 * and paid, and most come again within three days (packed, sent, refunded), telling all their facts anew, as a shop's orders do. Says day by
 * day what the source keeps.
 */
import { SeenIndex } from "../../src/source/dedupe/seen.ts"
import type { Changes } from "../../src/source/state/changes.ts"
import { DAY, fact, HOUR, person, shop, sourceWorld, type World } from "./source-world.ts"

export interface Day {
  day: number
  /** Of the last run of the day. */
  keys: number
  bytes: number
  rows: number
  largestRow: number
  coreChars: number
  /** The most that a run of the day wrote: rows of `seen`, removed ones too, and all rows. */
  seenWritten: number
  written: number
  /** Since the beginning. */
  delivered: number
  late: number
  forgotten: number
}

export interface BusyShop {
  days: Day[]
  /** Facts that happened, were delivered more than once, and were not delivered. */
  facts: number
  repeated: number
  lost: number
}

interface Order {
  id: number
  facts: { name: string; at: number }[]
  changedAt: number
}

const PAGE = 100
const PAGE_MS = 1_000
/** Of the orders that change in an hour, those that are new. */
const NEW_SHARE = 0.4
const COMES_AGAIN_WITHIN_MS = 3 * DAY

export async function busyShop(
  days: number,
  changesAnHour: number,
  told: (day: Day) => void = () => undefined,
): Promise<BusyShop> {
  const moving = {
    ...shop,
    streams: shop.streams.map((one) => ({ ...one, ...(one.mode === "live" && { sortedByUpdate: true as const }) })),
  }
  const world = sourceWorld(0, moving)
  const written = watchRows(world)
  await world.configure()
  await world.drain("live")
  await world.drain("backfill")
  const orders = changing(changesAnHour)
  const sent = new Map<string, number>()
  const result: Day[] = []
  let last = world.now()
  for (let day = 1; day <= days; day++) {
    let [seenWritten, rowsWritten] = [0, 0]
    for (let hour = 0; hour < 24; hour++) {
      await world.until(world.state().nextRunAt ?? 0)
      orders.change(last, world.now())
      last = world.now()
      written.reset()
      await readFeed(world, orders.changedSince)
      ;[seenWritten, rowsWritten] = [Math.max(seenWritten, written.seen()), Math.max(rowsWritten, written.all())]
      for (const { kind, key } of await world.deliver()) if (kind === "event") sent.set(key, (sent.get(key) ?? 0) + 1)
    }
    world.restart()
    result.push(await dayOf(world, day, { seenWritten, written: rowsWritten, delivered: sent.size }))
    told(result.at(-1) as Day)
  }
  const all = orders.facts()
  const repeated = [...sent.values()].filter((times) => times > 1).length
  return { days: result, facts: all.length, repeated, lost: all.filter((key) => !sent.has(key)).length }
}

async function readFeed(world: World, changedSince: (from: number) => Order[]): Promise<void> {
  const task = await world.lease("live")
  const changed = changedSince(task.window.from ?? 0)
  for (let start = 0; ; start += PAGE) {
    const page = changed.slice(start, start + PAGE)
    const isLast = start + PAGE >= changed.length
    const items = page.flatMap((order) => [
      ...order.facts.map(({ name, at }) => fact(`${order.id}:${name}`, at)),
      person(`buyer${order.id % 5_000}`, order.changedAt, `Buyer ${order.changedAt}`),
    ])
    await world.page(task, { items, edge: page.at(-1)?.changedAt ?? null, next: isLast ? null : `t${start}` })
    if (isLast) return
    world.advance(PAGE_MS)
  }
}

/** The shop's orders: the same each time. */
function changing(changesAnHour: number) {
  const draw = randomOf(1)
  let recent: Order[] = []
  const facts: string[] = []
  let ids = 0
  const tell = (order: Order, name: string, at: number) => {
    order.facts.push({ name, at })
    order.changedAt = at
    facts.push(`${order.id}:${name}`)
  }
  return {
    change(from: number, to: number) {
      recent = recent.filter(({ facts: [first] }) => (first?.at ?? 0) > to - COMES_AGAIN_WITHIN_MS - DAY)
      const changes = Math.round((changesAnHour * (to - from)) / HOUR)
      for (let change = 0; change < changes; change++) {
        const at = from + 1 + Math.floor(((to - from) * change) / changes)
        const old = recent[Math.floor(draw() * recent.length)]
        if (old && draw() > NEW_SHARE) tell(old, `sent${old.facts.length}`, at)
        else {
          const order: Order = { id: ++ids, facts: [], changedAt: at }
          recent.push(order)
          for (const name of ["placed", "paid"]) tell(order, name, at)
        }
      }
    },
    changedSince: (from: number) =>
      recent.filter(({ changedAt }) => changedAt >= from).sort((a, b) => b.changedAt - a.changedAt),
    facts: () => facts,
  }
}

async function dayOf(
  world: World,
  day: number,
  counted: Pick<Day, "seenWritten" | "written" | "delivered">,
): Promise<Day> {
  const { keys, collections } = await world.view()
  const index = new SeenIndex(world.store, 0)
  const sizes = [...world.store.seen()].map(({ body }) => (typeof body === "string" ? body.length : body.byteLength))
  return {
    day,
    keys: keys.kept,
    bytes: index.bytes,
    rows: sizes.length,
    largestRow: Math.max(...sizes),
    coreChars: world.store.core()?.length ?? 0,
    ...counted,
    late: collections.reduce((sum, { late }) => sum + late, 0),
    forgotten: keys.forgotten,
  }
}

function watchRows({ store }: World) {
  let seen = 0
  const commit = store.commit
  store.commit = (changes: Changes) => {
    seen += changes.seen.put.length + changes.seen.remove.length
    commit(changes)
  }
  return {
    seen: () => seen,
    all: () => store.written.reduce((sum, { core, alarm, rows }) => sum + rows + Number(core) + Number(alarm), 0),
    reset: () => {
      seen = 0
      store.written.length = 0
    },
  }
}

function randomOf(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
}
