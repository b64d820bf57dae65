/** What lies in which bundle (`bundles.ts`), what a commit changes of it, and how rows are cut out of a bundle's body. */
import { utf8Bytes } from "../../lib/bytes.ts"
import type { Changes, OutboxInsert, OutboxMeta, Row } from "../../source/state/changes.ts"

/**
 * Of a bundle's rows, with what is said of them: half of what a stored row may take (`STORED_ROW_BYTES_MAX`). A single row may be
 * larger. As long as one row of a bundle waits, the bodies of all are kept.
 */
export const BUNDLE_BYTES_MAX = 1_000_000

/** A bundle without the rows' items. `metas`: JSON of those rows that still wait, each with its place in the body. */
export interface BundleMetas {
  /** Its own: a half of a row that was refused has the id of the whole, which may lie in another bundle. */
  id: number
  metas: string
}

export interface Bundle extends BundleMetas {
  /** The bodies of all its rows, one after the other. */
  body: string
}

export interface BundleChanges {
  insert: Bundle[]
  update: BundleMetas[]
  remove: number[]
}

/** Characters of the text as it is read back. */
export interface Placed extends OutboxMeta {
  start: number
  end: number
}

export interface BundleIndex {
  /** Bundle -> row -> where it is. */
  bundles: Map<number, Map<number, Placed>>
  /** Row -> its bundle. */
  bundleOf: Map<number, number>
  nextId: number
}

export function indexOf(stored: readonly BundleMetas[]): BundleIndex {
  const index: BundleIndex = { bundles: new Map(), bundleOf: new Map(), nextId: 1 }
  for (const { id, metas } of stored) place(index, id, JSON.parse(metas) as Placed[])
  return index
}

function place(index: BundleIndex, bundle: number, rows: readonly Placed[]): void {
  index.bundles.set(bundle, new Map(rows.map((row) => [row.id, row])))
  for (const { id } of rows) {
    // Of two with one id, one would be lost.
    if (index.bundleOf.has(id)) throw new Error(`outbox row ${id} exists already`)
    index.bundleOf.set(id, bundle)
  }
  index.nextId = Math.max(index.nextId, bundle + 1)
}

// ------------------------------------------------------------------------------------------------------------ the commit

/** Changes the index, and says what is to be written of it. */
export function changed(index: BundleIndex, { insert, remove, update }: Changes["outbox"]): BundleChanges {
  const { bundles, bundleOf } = index
  const touched = new Set<number>()
  for (const id of remove) {
    const bundle = bundleOf.get(id)
    if (bundle === undefined) continue
    bundles.get(bundle)?.delete(id)
    bundleOf.delete(id)
    touched.add(bundle)
  }
  const bodies = new Map(bundlesOf(insert).map((rows) => putIn(index, rows)))
  for (const { id, attempts, notBefore } of update) {
    const bundle = bundleOf.get(id)
    const row = bundle === undefined ? undefined : bundles.get(bundle)?.get(id)
    if (bundle === undefined || row === undefined) continue
    row.attempts = attempts ?? row.attempts
    row.notBefore = notBefore ?? row.notBefore
    if (!bodies.has(bundle)) touched.add(bundle)
  }
  const metasOf = (id: number) => JSON.stringify([...(bundles.get(id)?.values() ?? [])])
  const empty = [...touched].filter((id) => bundles.get(id)?.size === 0)
  for (const id of empty) bundles.delete(id)
  return {
    insert: [...bodies].map(([id, body]) => ({ id, metas: metasOf(id), body })),
    update: [...touched].filter((id) => bundles.has(id)).map((id) => ({ id, metas: metasOf(id) })),
    remove: empty,
  }
}

/** One bundle, or as many as they fill. */
function bundlesOf(rows: readonly OutboxInsert[]): OutboxInsert[][] {
  const bundles: OutboxInsert[][] = []
  let room = 0
  for (const row of rows) {
    const { body: _body, ...meta } = row
    const bytes = row.bytes + utf8Bytes(JSON.stringify(meta))
    if (bytes > room) {
      bundles.push([])
      room = BUNDLE_BYTES_MAX
    }
    bundles.at(-1)?.push(row)
    room -= bytes
  }
  return bundles
}

/** A bundle's id and body. */
function putIn(index: BundleIndex, rows: readonly OutboxInsert[]): [id: number, body: string] {
  const id = index.nextId
  let start = 0
  const placed = rows.map(({ body, ...meta }) => {
    const row = { ...meta, start, end: start + body.length }
    start = row.end
    return row
  })
  place(index, id, placed)
  return [id, rows.map(({ body }) => body).join("")]
}

// ------------------------------------------------------------------------------------------------------------- the items

/** A piece cut out of a text keeps all of it in memory: where little of it is wanted, the piece is copied. */
export function cut(body: string, rows: readonly Placed[]): Row[] {
  const chars = rows.reduce((sum, { start, end }) => sum + end - start, 0)
  const kept = chars < body.length / 2 ? copied : (piece: string) => piece
  return rows.map(({ id, start, end }) => ({ id, body: kept(body.slice(start, end)) }))
}

function copied(text: string): string {
  return new TextDecoder("utf-8", { fatal: false, ignoreBOM: true }).decode(new TextEncoder().encode(text))
}
