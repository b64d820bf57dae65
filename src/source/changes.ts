/** What one commit of a source's Durable Object changes: rows by table, and the alarm. Plain data, so that it can be simulated. */

/** A stored row: `id` is the primary key, `body` JSON. */
export interface Row {
  id: number
  body: string
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
  /** Grant number of the last claim that handed it out and got no report; 0: none. */
  claimed: number
}

export interface OutboxInsert extends Omit<OutboxMeta, "id"> {
  /** Given where a row is replaced, so that its place in line is kept; else the next free one. */
  id: number
  body: string
}

export interface Changes {
  core: string
  /** Epoch ms to set, or null to leave the alarm as it is. */
  alarm?: number | null
  outbox?: {
    insert?: OutboxInsert[]
    remove?: number[]
    update?: (Pick<OutboxMeta, "id"> & Partial<Pick<OutboxMeta, "attempts" | "notBefore" | "claimed">>)[]
  }
  seen?: { put?: Row[]; remove?: number[] }
  open?: { put?: Row[]; remove?: number[] }
  quarantine?: { put?: Row[]; remove?: number[] }
  runs?: { put?: Row[]; remove?: number[] }
}
