/**
 * The body of an outbox row: two lines an item, its header and its text. JSON has no line breaks of its own, so that a row is cut into
 * items, and joined from them, without being parsed.
 */
import { utf8Bytes } from "../../lib/bytes.ts"
import type { Encoded, OutboxItem } from "./encoded-item.ts"

type Header = [
  entry: string,
  kind: OutboxItem["kind"],
  collection: string,
  key: string,
  time: number,
  version: number,
  announcedAt: number,
]

/** One item's share of a body. */
export interface Lines {
  lines: string
  bytes: number
}

export function linesOf(item: OutboxItem): Lines {
  const { entry, kind, collection, key, time, version, announcedAt, text } = item
  const header = JSON.stringify([entry, kind, collection, key, time, version, announcedAt] satisfies Header)
  return { lines: `${header}\n${text}\n`, bytes: utf8Bytes(header) + item.bytes + 2 }
}

/** As much as a POST takes. */
export function encodedIn(body: string): Encoded[] {
  return eachItem(body, ([entry], text) => ({ entry, text }))
}

export function itemsIn(body: string): OutboxItem[] {
  return eachItem(body, ([entry, kind, collection, key, time, version, announcedAt], text) => {
    return { collection, kind, key, time, version, announcedAt, entry, text, bytes: utf8Bytes(text) }
  })
}

function eachItem<Read>(body: string, read: (header: Header, text: string) => Read): Read[] {
  const lines = body.split("\n")
  const items: Read[] = []
  for (let line = 0; line + 1 < lines.length; line += 2)
    items.push(read(JSON.parse(lines[line] ?? "") as Header, lines[line + 1] ?? ""))
  return items
}
