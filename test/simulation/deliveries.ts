/**
 * Which items may arrive again, item by item: those whose POST the destination took without a report of it having been committed. Any
 * other fact that is taken in or arrives twice was read twice. An object's state may be told again, by a list after the feed: the
 * destination has it already.
 */
import type { Changes } from "../../src/source/changes.ts"
import { isObject, type JsonObject } from "../sandbox/json.ts"
import { type Story, Violation } from "./story.ts"

/** Two ids of a person are joined by whichever record tells it, so a join may be told twice (see the ledgers). */
const JOINS = "alias"

export interface Deliveries {
  /** A commit; `method`: the call that made it, null for an alarm's. */
  committed(changes: Changes, method: string | null): void
  /** The destination took a POST. */
  taken(body: string): void
  /** Event id -> how often it arrived again with a reason. */
  excused: Map<string, number>
}

export interface DeliveryParts {
  /** The last part of every event id's first segment: whose items these are. */
  scope: string
  /** Whether the user had the collection read again, and so accepted repeats. */
  isReadAgain(collection: string): boolean
  story: Story
}

export function createDeliveries({ scope, isReadAgain, story }: DeliveryParts): Deliveries {
  /** Outbox row -> its items. */
  const rows = new Map<number, string[]>()
  const admitted = new Set<string>()
  /** Taken by the destination at least once. */
  const arrived = new Set<string>()
  /** Taken, and no report of it was committed: may be sent again. */
  const unreported = new Set<string>()
  const excused = new Map<string, number>()

  return { committed, taken, excused }

  function committed({ outbox, quarantine }: Changes, method: string | null): void {
    const inserted = outbox.insert.map((row) => [row.id, namesIn(row.body)] as const)
    const removed = outbox.remove.flatMap((id) => rows.get(id) ?? [])
    for (const id of outbox.remove) rows.delete(id)
    for (const [id, names] of inserted) rows.set(id, names)
    const again = inserted.flatMap(([, names]) => names)
    if (method === "checkpoint") admit(again)
    if (method !== "report" || removed.length === 0) return
    // Halved rows come back in the same commit; what was refused for good is in quarantine.
    const kept = new Set(again)
    for (const { body } of quarantine.put)
      for (const name of namesIn(`[${JSON.stringify(entryBody(body))}]`)) kept.add(name)
    for (const name of removed) if (!kept.has(name)) unreported.delete(name)
  }

  function admit(names: readonly string[]): void {
    for (const name of names) {
      if (isFact(name) && admitted.has(name) && !mayComeAgain(name)) throw new Violation(`${name} was taken in twice`)
      admitted.add(name)
    }
  }

  function taken(body: string): void {
    for (const [id, name] of payloads(body)) {
      if (!id.startsWith(`${scope}/`)) throw new Violation(`${id} was sent for ${scope}`)
      if (arrived.has(name) && unreported.has(name)) {
        excused.set(id, (excused.get(id) ?? 0) + 1)
        story.tell(() => `${name} arrives again: nobody had reported it`)
      } else if (arrived.has(name) && isFact(name) && !mayComeAgain(name))
        throw new Violation(`${name} was sent again, though its delivery had been reported`)
      arrived.add(name)
      unreported.add(name)
    }
  }

  function mayComeAgain(name: string): boolean {
    const collection = name.split("/")[1] ?? ""
    return collection === JOINS || isReadAgain(collection)
  }

  function namesIn(rowBody: string): string[] {
    return (JSON.parse(rowBody) as StoredItem[]).map((item) => {
      const id = `${scope}/${item.collection}/${item.key}`
      return item.kind === "event" ? id : stateName(`${id}@${item.version}`, item)
    })
  }
}

interface StoredItem {
  collection: string
  kind: "event" | "object"
  key: string
  version: number
  userAttributes?: JsonObject
  accountAttributes?: JsonObject
}

/** Two states of one object may carry one time, and so one event id. */
function stateName(
  id: string,
  { userAttributes, accountAttributes }: Pick<StoredItem, "userAttributes" | "accountAttributes">,
) {
  return `${id} ${JSON.stringify([userAttributes, accountAttributes])}`
}

function isFact(name: string): boolean {
  return !name.includes(" [")
}

function entryBody(row: string): unknown {
  const { kind, body } = JSON.parse(row) as { kind: string; body: unknown }
  return kind === "item" && isObject(body as JsonObject) ? body : { collection: "", kind: "event", key: "", version: 0 }
}

function payloads(body: string): [id: string, name: string][] {
  type Payload = Pick<StoredItem, "userAttributes" | "accountAttributes"> & { eventId: string }
  const { track } = JSON.parse(body) as { track: { type: string; payload: Payload[] }[] }
  return track.flatMap(({ type, payload }) =>
    payload.map((one): [string, string] => [
      one.eventId,
      type === "identify" || type === "group" ? stateName(one.eventId, one) : one.eventId,
    ]),
  )
}
