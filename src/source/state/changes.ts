/** What one commit of a source's Durable Object changes: rows by table, and the alarm. Plain data, so that it can be simulated. */

/** A stored row: `id` is the primary key, `body` JSON; of the outbox, lines (`protocol/outbox-body.ts`). */
export interface Row {
  id: number
  body: string
}

/** A row of `seen`: packed entries. Text: as an earlier version kept them. */
export interface StoredSeen {
  id: number
  body: ArrayBuffer | string
}

export interface SeenChanges {
  put: { id: number; body: ArrayBuffer }[]
  /** As in `RowChanges`. */
  remove: number[]
}

/** An outbox row without its items. */
export interface OutboxMeta {
  id: number
  /** The run that took the items. */
  run: string
  items: number
  bytes: number
  attempts: number
  /** Our clock, ms: not to be sent before. */
  notBefore: number
  /** Space-separated key hashes of the object items in it; empty where it holds facts only. */
  objects: string
  /** JSON: items by collection, so that what waits can be shown without reading the items. */
  counts: string
}

export interface OutboxInsert extends Omit<OutboxMeta, "id"> {
  /** Given where a row is replaced, so that its place in line is kept; else the next free one. */
  id: number
  body: string
}

export interface Changes {
  /** Null: the core row stays as it is. */
  core: string | null
  /** Epoch ms to set, or null to leave the alarm as it is. */
  alarm: number | null
  outbox: {
    insert: OutboxInsert[]
    /** Carried out before the inserts: a row that is replaced keeps its id. */
    remove: number[]
    update: (Pick<OutboxMeta, "id"> & Partial<Pick<OutboxMeta, "attempts" | "notBefore">>)[]
  }
  seen: SeenChanges
  pending: RowChanges
  quarantine: RowChanges
  runs: RowChanges
}

export interface RowChanges {
  put: Row[]
  /** Carried out after the puts: a row put and removed in one transaction is gone. */
  remove: number[]
}

export const NO_CHANGES: Omit<Changes, "core" | "alarm"> = {
  outbox: { insert: [], remove: [], update: [] },
  seen: { put: [], remove: [] },
  pending: { put: [], remove: [] },
  quarantine: { put: [], remove: [] },
  runs: { put: [], remove: [] },
}
