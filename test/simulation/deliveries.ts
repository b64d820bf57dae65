/**
 * Which items may arrive again, item by item: those whose POST the destination took without a report of it having been committed. Any
 * other fact that is taken in or arrives twice was read twice. An object's state may be told again, by a list after the feed: the
 * destination has it already.
 */

import type { Checkpoint } from "../../src/source/protocol/fetching.ts"
import type { Report } from "../../src/source/protocol/forwarding.ts"
import { itemsIn } from "../../src/source/protocol/outbox-body.ts"
import type { Changes } from "../../src/source/state/changes.ts"
import type { State } from "../../src/source/state/state.ts"
import type { Received } from "../sandbox/intempt/track.ts"
import type { JsonObject } from "../sandbox/json.ts"
import type { Left, Told } from "./again.ts"
import { type Story, Violation } from "./story.ts"

/** Two ids of a person are joined by whichever record tells it, so a join may be told twice (see the ledgers). */
const JOINS = "alias"

export interface Deliveries {
  /** A commit, and the call that made it; null: an alarm's. `held`: the claim that was held before. */
  committed(changes: Changes, call: Call | null, held: State["claim"]): void
  /** The destination took a POST. */
  taken(body: string): void
  /** Event id -> how often it arrived again with a reason. */
  excused: Map<string, number>
  /** How a fact was taken in, by its collection and key; undefined: it was not. */
  told(fact: string): Told | undefined
  /** The destination took it. */
  hasArrived(fact: string): boolean
  /** Whether a list told an object's state that arrived. */
  wasListed(arrival: Received): boolean
}

interface Call {
  method: string
  args: readonly unknown[]
}

/** The deleted source that this one goes on from. */
export interface Former {
  left: Left
  deliveries: Pick<Deliveries, "told" | "hasArrived">
}

export interface DeliveryParts {
  /** The last part of every event id's first segment: whose items these are. */
  scope: string
  /** Whether the user had the collection read again, and so accepted repeats. */
  isReadAgain(collection: string): boolean
  /** Whether a POST with the item is on its way; by event id. */
  isUnderWay(id: string): boolean
  former: Former | null
  story: Story
}

export function createDeliveries({ scope, isReadAgain, isUnderWay, former, story }: DeliveryParts): Deliveries {
  /** Outbox row -> its items. */
  const rows = new Map<number, string[]>()
  const deduped = new Map<string, Told>()
  /** Told by a list, whatever told them since. */
  const listed = new Set<string>()
  /** Taken by the destination at least once. */
  const arrived = new Set<string>()
  /** Taken, and no report of it was committed: may be sent again. */
  const unreported = new Set<string>()
  /** Reported while the next POST with them was on its way already: that one may be taken, too. */
  const sentBefore = new Set<string>()
  const excused = new Map<string, number>()

  return {
    ...{ committed, taken, excused },
    told: (fact) => deduped.get(`${scope}/${fact}`),
    hasArrived: (fact) => arrived.has(`${scope}/${fact}`),
    wasListed: ({ eventId, item }) => listed.has(stateName(String(eventId), item)),
  }

  function committed({ outbox, quarantine }: Changes, call: Call | null, held: State["claim"]): void {
    const method = call?.method ?? null
    const inserted = outbox.insert.map((row) => [row.id, namesIn(row.body)] as const)
    const removed = outbox.remove.flatMap((id) => rows.get(id) ?? [])
    const number = call && method === "report" ? (call.args[0] as Report).number : null
    // Another consumer has them in hand by now, and sends them before it hears of this report.
    const inHand = new Set(held && held.number !== number ? held.rows.flatMap((id) => rows.get(id) ?? []) : [])
    for (const id of outbox.remove) rows.delete(id)
    for (const [id, names] of inserted) rows.set(id, names)
    const again = inserted.flatMap(([, names]) => names)
    if (method === "checkpoint") dedupe(again, call?.args[0] as Checkpoint)
    if (method !== "report" || removed.length === 0) return
    // Halved rows come back in the same commit; what was refused for good is in quarantine.
    const kept = new Set(again)
    for (const { body } of quarantine.put) kept.add(nameOfEntry(entryBody(body)))
    for (const name of removed) {
      if (kept.has(name)) continue
      if (unreported.has(name) && (inHand.has(name) || isUnderWay(idOf(name)))) sentBefore.add(name)
      else unreported.delete(name)
    }
  }

  function dedupe(names: readonly string[], { lease, edge, lowest: least, items }: Checkpoint): void {
    const places = new Map(
      items.map(({ collection, key, announcedAt }) => [`${scope}/${collection}/${key}`, announcedAt]),
    )
    const lowest = least ?? edge
    const isLive = lease.slice.startsWith("live:")
    for (const name of names) {
      if (isFact(name) && deduped.has(name) && !mayComeAgain(name)) throw new Violation(`${name} was taken in twice`)
      const told = { place: isLive ? (places.get(name) ?? 0) : null, slice: lease.slice, edge, lowest }
      if (isFact(name)) compareWithFormer(name, told)
      deduped.set(name, told)
      if (!isLive) listed.add(name)
    }
  }

  /** What the deleted source had told already. */
  function compareWithFormer(name: string, now: Told): void {
    const fact = name.slice(scope.length + 1)
    const told = former?.deliveries.told(fact)
    if (!former || !told) return
    if (former.left.mayRepeat(fact, told, now)) {
      excused.set(name, (excused.get(name) ?? 0) + 1)
      story.tell(() => `${fact} is taken in again by the source made again, as it may be`)
    } else if (former.deliveries.hasArrived(fact) && !mayComeAgain(name))
      throw new Violation(`${name} had been delivered by the deleted source, and there is no reason to read it again`)
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
      if (sentBefore.delete(name)) unreported.delete(name)
      else unreported.add(name)
    }
  }

  function mayComeAgain(name: string): boolean {
    const collection = name.split("/")[1] ?? ""
    return collection === JOINS || isReadAgain(collection)
  }

  function nameOfEntry(item: EntryItem): string {
    const id = `${scope}/${item.collection}/${item.key}`
    return item.kind === "event" ? id : stateName(`${id}@${item.version}`, item)
  }
}

/** By their texts, which are what the destination gets; the source decides by what stands before them. */
function namesIn(rowBody: string): string[] {
  return itemsIn(rowBody).map(({ collection, kind, key, time, version, text }) => {
    const payload = JSON.parse(text) as Payload & { timestamp: number }
    const id = `/${collection}/${key}${kind === "object" ? `@${version}` : ""}`
    if (!payload.eventId.endsWith(id) || payload.timestamp !== time)
      throw new Violation(
        `the outbox holds ${id} of ${time} with the text of ${payload.eventId} of ${payload.timestamp}`,
      )
    return kind === "event" ? payload.eventId : stateName(payload.eventId, payload)
  })
}

interface EntryItem {
  collection: string
  kind: "event" | "object"
  key: string
  version: number
  userAttributes?: JsonObject
  accountAttributes?: JsonObject
}

/** Two states of one object may carry one time, and so one event id. What was cleared is told with it, as an empty value. */
function stateName(
  id: string,
  {
    userAttributes,
    accountAttributes,
  }: { userAttributes?: object | undefined; accountAttributes?: object | undefined },
) {
  return `${id} ${JSON.stringify([userAttributes, accountAttributes].map(filled))}`
}

function filled(attributes: object | undefined): [string, unknown][] {
  return Object.entries(attributes ?? {}).filter(([, value]) => !["", "[]", "null"].includes(String(value)))
}

/** The event id, of a state's name too. */
function idOf(name: string): string {
  return isFact(name) ? name : name.slice(0, name.indexOf(" ["))
}

function isFact(name: string): boolean {
  return !name.includes(" [")
}

const NO_ITEM: EntryItem = { collection: "", kind: "event", key: "", version: 0 }

function entryBody(row: string): EntryItem {
  const { kind, body } = JSON.parse(row) as { kind: string; body: EntryItem }
  return kind === "item" ? body : NO_ITEM
}

type Payload = Pick<EntryItem, "userAttributes" | "accountAttributes"> & { eventId: string }

function payloads(body: string): [id: string, name: string][] {
  const { track } = JSON.parse(body) as { track: { type: string; payload: Payload[] }[] }
  return track.flatMap(({ type, payload }) =>
    payload.map((one): [string, string] => [
      one.eventId,
      type === "identify" || type === "group" ? stateName(one.eventId, one) : one.eventId,
    ]),
  )
}
