/**
 * Small rows travel in the core row. The platform bills each row written, however short, and nearly every commit writes the core row
 * anyway: the one item of a run that finds one change, and its key, would otherwise be four rows written of twelve.
 */
import type { Store } from "../source/ports.ts"
import type { Changes, OutboxInsert, OutboxMeta, Row, StoredSeen } from "../source/state/changes.ts"

/** A row of more is written by itself. */
export const SMALL_ROW_CHARS = 4_000
/** All of them together: the core row is written often. */
export const SMALL_ROWS_CHARS = 16_000
/** Base64 takes four characters for three bytes. */
const CHARS_A_BYTE = 4 / 3

/** By id. */
interface Small {
  outbox: ReadonlyMap<number, OutboxInsert>
  /** Bodies as base64. */
  seen: ReadonlyMap<number, string>
}

interface StoredSmall {
  outbox: OutboxInsert[]
  seen: [id: number, body: string][]
}

interface Core extends Small {
  /** Without the small rows; null: there is none. */
  text: string | null
}

const NONE: Small = { outbox: new Map(), seen: new Map() }
/** The core row's property that holds them. */
const PROPERTY = "small"

export class PackedStore implements Store {
  readonly #inner: Store
  /** As stored; null: to be read (again). */
  #core: Core | null = null

  constructor(inner: Store) {
    this.#inner = inner
  }

  core(): string | null {
    return this.#stored().text
  }

  seen(): Iterable<StoredSeen> {
    return inOrder(
      this.#inner.seen(),
      [...this.#stored().seen].map(([id, body]) => ({ id, body: bytesOf(body) })),
    )
  }

  seenRow(id: number): ArrayBuffer | null {
    const small = this.#stored().seen.get(id)
    return small === undefined ? this.#inner.seenRow(id) : bytesOf(small)
  }

  outbox(): OutboxMeta[] {
    return [...inOrder(this.#inner.outbox(), [...this.#stored().outbox.values()].map(metaOf))]
  }

  outboxItems(ids: readonly number[]): Row[] {
    const { outbox } = this.#stored()
    const small = ids.flatMap((id) => outbox.get(id) ?? []).map(({ id, body }) => ({ id, body }))
    const others = ids.filter((id) => !outbox.has(id))
    return [...inOrder(others.length > 0 ? this.#inner.outboxItems(others) : [], small)]
  }

  pending(): Row[] {
    return this.#inner.pending()
  }

  runs(): Row[] {
    return this.#inner.runs()
  }

  quarantine(before: number | null, limit: number): Row[] {
    return this.#inner.quarantine(before, limit)
  }

  quarantineByIds(ids: readonly number[]): Row[] {
    return this.#inner.quarantineByIds(ids)
  }

  commit(changes: Changes): void {
    const before = this.#stored()
    const { small, rest } = divide(before, changes)
    const isMoved = small.outbox !== before.outbox || small.seen !== before.seen
    const text = changes.core ?? before.text
    const core = changes.core !== null || isMoved ? text && joined(text, small) : null
    // Until it is known to be written, nothing is known.
    this.#core = null
    this.#inner.commit({ ...rest, core })
    this.#core = { text, ...small }
  }

  erase(core: string): void {
    this.#core = null
    this.#inner.erase(core)
  }

  #stored(): Core {
    this.#core ??= parted(this.#inner.core())
    return this.#core
  }
}

// ---------------------------------------------------------------------------------------------------------- the core row

function joined(text: string, { outbox, seen }: Small): string {
  if (outbox.size === 0 && seen.size === 0) return text
  const small: StoredSmall = { outbox: [...outbox.values()], seen: [...seen] }
  return `${text.slice(0, -1)},"${PROPERTY}":${JSON.stringify(small)}}`
}

function parted(stored: string | null): Core {
  if (!stored?.includes(`"${PROPERTY}":`)) return { text: stored, ...NONE }
  const { [PROPERTY]: small, ...core } = JSON.parse(stored) as { [PROPERTY]?: StoredSmall }
  if (!small) return { text: stored, ...NONE }
  return {
    text: JSON.stringify(core),
    outbox: new Map(small.outbox.map((row) => [row.id, row])),
    seen: new Map(small.seen),
  }
}

// ------------------------------------------------------------------------------------------------------------ the commit

/** Which rows the core row holds after the commit, and what is left to write by itself. */
function divide(before: Small, changes: Changes): { small: Small; rest: Changes } {
  // A commit that leaves the core row alone puts nothing into it.
  let room = changes.core === null ? 0 : SMALL_ROWS_CHARS
  const outbox = new Map(before.outbox)
  const seen = new Map(before.seen)
  for (const id of changes.outbox.remove) outbox.delete(id)
  for (const id of changes.seen.remove) seen.delete(id)
  for (const { id } of changes.seen.put) seen.delete(id)
  for (const { body, objects } of outbox.values()) room -= body.length + objects.length
  for (const body of seen.values()) room -= body.length
  const fits = (chars: number) => {
    if (chars > SMALL_ROW_CHARS || chars > room) return false
    room -= chars
    return true
  }
  const insert = changes.outbox.insert.filter((row) => {
    if (!fits(row.body.length + row.objects.length)) return true
    outbox.set(row.id, row)
    return false
  })
  const removed = new Set(changes.seen.remove)
  const put = changes.seen.put.filter(({ id, body }) => {
    if (removed.has(id)) return false
    if (!fits(Math.ceil(body.byteLength * CHARS_A_BYTE))) return true
    seen.set(id, textOf(body))
    return false
  })
  const update = changes.outbox.update.filter(({ id, ...change }) => {
    const row = outbox.get(id)
    if (row) outbox.set(id, { ...row, ...change })
    return !row
  })
  const rest = {
    ...changes,
    outbox: { insert, update, remove: changes.outbox.remove.filter((id) => !before.outbox.has(id)) },
    seen: { put, remove: movedOut(before, seen, changes) },
  }
  return { small: { outbox: same(before.outbox, outbox), seen: same(before.seen, seen) }, rest }
}

/** Rows that are gone, and those that the core row holds from now on: they may have had a row of their own. */
function movedOut(before: Small, seen: ReadonlyMap<number, string>, { seen: { remove } }: Changes): number[] {
  const taken = [...seen.keys()].filter((id) => !before.seen.has(id))
  return [...remove.filter((id) => !before.seen.has(id)), ...taken]
}

/** The one before where nothing differs. */
function same<T>(before: ReadonlyMap<number, T>, after: ReadonlyMap<number, T>): ReadonlyMap<number, T> {
  const isSame = before.size === after.size && [...after].every(([id, row]) => before.get(id) === row)
  return isSame ? before : after
}

// -------------------------------------------------------------------------------------------------------------- the rows

/** Two lists that are each in the order of their ids. */
function* inOrder<T extends { id: number }>(rows: Iterable<T>, small: readonly T[]): Iterable<T> {
  const waiting = [...small].sort((a, b) => a.id - b.id)
  for (const row of rows) {
    while (waiting[0] && waiting[0].id < row.id) yield waiting.shift() as T
    yield row
  }
  yield* waiting
}

function metaOf({ body: _body, ...meta }: OutboxInsert): OutboxMeta {
  return meta
}

function textOf(body: ArrayBuffer): string {
  return btoa(String.fromCharCode(...new Uint8Array(body)))
}

function bytesOf(text: string): ArrayBuffer {
  return Uint8Array.from(atob(text), (char) => char.charCodeAt(0)).buffer
}
