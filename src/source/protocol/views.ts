/** What may be seen of a source: its status, runs, collections and quarantine. */
import type { JsonValue } from "../../connectors/kit/define.ts"
import type { SourceRef } from "./configuration.ts"
import type { PassKind } from "./pass.ts"

export type SourceStatus = "connected" | "syncing" | "paused" | "error"

/** What went wrong, and the way out, in the user's words. */
export interface SourceError {
  code: string
  message: string
  remedy: string
  at: number
}

export type RunKind = "live" | PassKind
export type RunState = "reading" | "delivering" | "succeeded" | "partial" | "failed"

export interface CollectionCounts {
  /** Items taken into the outbox. */
  taken: number
  /** Repeats and older states that were dropped. */
  dropped: number
  /** Of the taken: facts that came more than a day late, of records that kept changing while they were read. */
  late: number
  quarantined: number
}

export interface RunView {
  id: string
  kind: RunKind
  trigger: "schedule" | "manual"
  state: RunState
  startedAt: number
  /** When its window had been read; null while reading. */
  readAt: number | null
  endedAt: number | null
  /** Why it failed or is partial, or what it waits for; null otherwise. */
  reason: string | null
  calls: number
  pages: number
  records: number
  /** Of the range, 0..1; null where it cannot be told. */
  share: number | null
  collections: Record<string, CollectionCounts>
  denied: { collection: string; reason: string }[]
  /** Streams that could not be read although others were, with the collections they feed: tried again by the next run. */
  failed: { stream: string; collections: string[]; reason: string }[]
  /** What no list can tell for the range (history older than the feed), by collection. */
  untold: { collection: string; reason: string }[]
  /** Keys of what was sent that had to be forgotten for lack of room while it ran: read again, it is sent again. */
  forgotten?: number
  waits: { until: number; reason: string } | null
}

export interface CollectionView {
  name: string
  chosen: boolean
  taken: number
  delivered: number
  waiting: number
  quarantined: number
  dropped: number
  late: number
  /** Why the partner does not let us read it; null when it does. */
  denied: string | null
  /** Why reading it does not go on, although every run tries, and since when (partner time); null where it goes on. */
  failing: { since: number; reason: string } | null
  /** Rows came before, and none in the last runs. */
  lastItemAt: number | null
}

export interface SourceView {
  ref: SourceRef
  configVersion: number
  status: SourceStatus
  error: SourceError | null
  nextRunAt: number | null
  /** The live run being read or delivered, and the passes under way. */
  current: RunView[]
  lastRun: RunView | null
  collections: CollectionView[]
  delivery: {
    state: "ok" | "retrying" | "paused" | "no_destination"
    reason: string | null
    waiting: number
    retryAt: number | null
    maybeRepeated: number
  }
  /** The source waits, by no fault of its user's, until our OAuth client is put right: why, and since when (our clock). */
  operatorWait: { since: number; reason: string } | null
  /** Keys of what was sent, kept to tell repeats; and those that had to be forgotten for lack of room, since the beginning. */
  keys: { kept: number; forgotten: number }
  /** Ids of the vault keys that its secrets are sealed with. */
  keyIds: string[]
  /** The partner refused the credentials once: why, and when the call that confirms it is due (our clock). Nothing is read before. */
  checking: { since: number; until: number; reason: string } | null
  /** Human-readable cursors by live stream: how far each has been read (partner time). */
  cursors: Record<string, number>
}

export interface QuarantineEntry {
  id: number
  collection: string
  key: string
  reason: string
  at: number
  /**
   * `record`: could not be normalized. `item`: refused by the destination. `skipped`: the place of a record that the partner never
   * showed; a resync reads it.
   */
  kind: "record" | "item" | "skipped"
  body: JsonValue
}
