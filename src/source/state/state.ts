/**
 * The core row: everything about a source's syncing that is small and moves together, as one JSON value. Schedule, live windows,
 * cursors, throttle, grants, passes and the runs under way are saved with one row written.
 */
import type { Window } from "../../connectors/kit/define.ts"
import { freshClock, type PartnerClock } from "../clocks/skew.ts"
import type { Bookmark } from "../control/bookmark.ts"
import type { Checking } from "../credentials/checking.ts"
import type { TokenState } from "../credentials/token.ts"
import type { Lanes, TokenAsk } from "../ports.ts"
import type { Completed } from "../protocol/completed.ts"
import type { CollectionCounts, Configuration, Lane, RunKind, RunView, SourceError } from "../protocol/source.ts"
import type { Probe } from "../reading/probe.ts"
import type { Sighted, SteppedOver } from "../reading/stepover.ts"
import type { Wait } from "../reading/waits.ts"
import type { Grant } from "./grant.ts"

/**
 * Grows when older code would misread what this code writes, in the core row or any other. A new field alone needs no new number: it
 * gets its default in `upgrade`.
 */
export const STATE_SCHEMA = 2

export interface Slice {
  /** `live:events`, `p3:charges`. */
  id: string
  stream: string
  lane: Lane
  collections: string[]
  /** Passes: the fact times it is for, half-open, partner time. Null on live slices. */
  range: { from: number; to: number } | null
  /** The stream's order field, narrowed when the window is read again from its edge. */
  window: Window
  /** The window's bounds before any narrowing. */
  top: number | null
  bottom: number | null
  /** Distinguishes this window from every other: ties are decided by the first read of one window. */
  no: number
  /** Live: partner time up to which the window has been read once it is read whole; fixed by its first page. */
  bound: number | null
  token: string | null
  /** What the page held that named the token (`Checkpoint.digest`); null where nothing is known of it. */
  digest: string | null
  /** Scrolls: a page was asked for that did not come to a checkpoint, so that the token may stand behind it. */
  mayHaveMoved: boolean
  page: number
  pageSize: number
  /**
   * How far it has been read, down or up as the stream's order is: the order-field time of the last record, and the partner time at which the first page that
   * held a record of that time was asked for. Read again from here, nothing is missed and `seen` knows the repeats.
   */
  edge: { time: number; since: number } | null
  records: number
  /** Failures since the last progress. */
  attempts: number
  /** Leases in a row that ran out without a checkpoint. */
  lapses: number
  /** Our clock: not to be leased before. */
  notBefore: number
  waiting: string | null
  lease: (Grant & { lapsed: boolean }) | null
  /**
   * Set aside until it may go on: `denied` by the partner, `failed` until the next run, `off` while the user does not want its
   * collection. Window, token and edge are kept.
   */
  state: "reading" | "read" | "denied" | "failed" | "off"
  /** Partner time at which it was set aside with no page read since; null once one is. */
  asideAt: number | null
  /**
   * Since when it could not be read (partner time), over all runs that tried, and why last; on how many days that failed, and when
   * the last of them began (our clock). Null once it could be read.
   */
  stuck: { since: number; reason: string; days: number; dayAt: number } | null
  /** The page is smaller than a full one since the partner failed, not since an answer was too large. */
  shrunkByFailures?: boolean
  /** A page of one row fails: the search for the record's place, as far as it has come. */
  probe?: Probe | null
  /** Where the last searches found it. */
  sighted?: Sighted | null
}

export interface LiveStream {
  /** Partner time up to which the stream has been read. The lookback is never stored into it. */
  cursor: number
  slice: Slice | null
  /** Feed records above the floor that took further calls to complete: an idle sync must not ask for them again. */
  completed: Completed[]
  /**
   * Facts from here on are still to come, though they lie below the window: their records may have moved out of the windows before
   * while these were read. Never later than the window before began, never more than a day below the cursor.
   */
  movedFrom?: number | null
  /** Where the first of these windows began, however long ago. A fact from between the two comes too late. */
  movedSince?: number | null
  /** Records an hour in the last windows; null before the first. Only for cutting long spans. */
  perHour: number | null
}

/** What is kept of a run; what a view adds is reckoned when it is looked at. */
export type Run = Omit<RunView, "share" | "waits">

export interface Pass {
  id: string
  kind: Exclude<RunKind, "live">
  slices: Slice[]
  /** The run the user sees it as; null while it waits to go on after a failure. */
  run: string | null
  trigger: "schedule" | "manual"
  /** Places in the live feed whose facts were taken already although they are of the pass's range. */
  overlap: Span | null
}

/** Partner times, both ends included. */
export interface Span {
  from: number
  to: number
}

export interface WakeUp {
  /** Our clock: without an answer by then it is sent again. */
  deadline: number
  tries: number
}

export interface Claim extends Grant {
  rows: number[]
}

export interface Delivery {
  state: "ok" | "retrying" | "paused"
  reason: string | null
  retryAt: number | null
  attempts: number
  /** Ids of single items refused in a row with none accepted between: not the items' fault once there are too many. */
  refused: number[]
  /** Rows whose POST may have been taken although no acceptance was reported. */
  unsure: number[]
  maybeRepeated: number
}

/** A finished run that found nothing, kept short: most runs of most sources. */
export type IdleRun = [id: string, manual: 0 | 1, startedAt: number, endedAt: number, calls: number, records: number]

export interface State {
  schema: number
  configuration: Configuration
  error: SourceError | null
  /** The OAuth grant's tokens; null where a pasted key is used. */
  token: TokenState | null
  /**
   * Our own OAuth client is missing or not accepted by the partner: nothing is read until its operator, or the project's admin, has
   * put it right. Our clock.
   */
  operatorWait: { since: number; reason: string } | null
  /** The credential was refused once, and the call that confirms it is still to come. */
  checking: Checking | null
  /** Our clock: when a source that stopped for its credential last tried it; null: not since it stopped. */
  triedAt: number | null
  nextRunAt: number | null
  /** Our clock: the alarm as last set; null: none. */
  alarmAt: number | null
  lastSyncNowAt: number | null
  /** Our clock: when the last live run started; null: none did. */
  lastLiveAt: number | null
  /** What the partner's answers say of its clock. */
  clock: PartnerClock
  /** The partner asked to wait, by scope: with the whole source, one bucket of its limits, or one stream. */
  waits: Record<string, Wait>
  grants: number
  windows: number
  ids: { run: number; pass: number; outbox: number; quarantine: number; seen: number; open: number }
  live: Record<string, LiveStream>
  run: Run | null
  /** Runs whose reading is over and whose items are not all delivered, and the runs of passes. */
  others: Run[]
  passes: Pass[]
  /** Facts from here on are live reading's, earlier ones the passes'. By collection, partner time. */
  liveFrom: Record<string, number>
  /** Spans above it, half-open, that are the passes' too: while a collection was off, or the feed could not be read. */
  passSpans: Record<string, Span[]>
  /** Where live reading of a collection stopped when the user turned it off: from its floor to how far it may have read. */
  offAt: Record<string, Span>
  /** `stream|collection` -> fact times from here on have been read or are planned. */
  covered: Record<string, number>
  denied: Record<string, string>
  claim: Claim | null
  delivery: Delivery
  wakes: Partial<Record<Lanes, WakeUp>>
  /** `refused`: of the quarantined, those that were items taken before: delivered = taken - waiting - refused. */
  counts: Record<string, CollectionCounts & { refused: number; lastItemAt: number | null }>
  idle: IdleRun[]
  /** Keys that `seen` had to forget for lack of room, since the beginning. */
  forgotten?: number
  /** Key hash -> quarantine id of refused object items, which a newer state replaces. */
  quarantinedObjects: Record<string, number>
  /** The coarse status D1 was last told. */
  published: string
  /** What was stepped over lately, by stream. */
  steppedOver?: Record<string, SteppedOver[]>
  /** Decisions that threw in a row; the alarm is set apart further each time. */
  trouble: number
}

/** What remains of a deleted source. */
export interface Tombstone {
  schema: number
  erased: true
  /** The grant that is still to be given back, and how often that was tried. */
  revoke?: { ask: TokenAsk; tries: number } | null
  /** Where reading stopped, until somebody else keeps it. */
  bookmark?: Bookmark
}

export class StateError extends Error {
  override name = "StateError"
}

export function isTombstone(core: State | Tombstone): core is Tombstone {
  return "erased" in core
}

/** Reads the stored core. A shape newer than this code is not touched: the deploy that wrote it will come back to it. */
export function readState(text: string): State | Tombstone {
  const core = JSON.parse(text) as Stored | Tombstone
  if (core.schema > STATE_SCHEMA)
    throw new StateError(`stored state has schema ${core.schema}, this code knows ${STATE_SCHEMA}`)
  return "erased" in core ? core : upgrade(core)
}

/** False for a state that this code may not write to: a newer deploy's, or no state at all. */
export function isReadable(text: string): boolean {
  try {
    readState(text)
    return true
  } catch {
    return false
  }
}

/** What is stored may be of any older schema: what came later is missing. */
type Stored = Omit<State, Added> & Partial<Pick<State, Added>> & { wait?: Wait | null; skewMs?: number }
type StoredToken = Omit<TokenState, AddedToToken> & Partial<Pick<TokenState, AddedToToken>>
type AddedToToken = "sentAt" | "isOver" | "renewedAt"
type Added = "token" | "waits" | "operatorWait" | "clock" | "checking" | "triedAt"
type StoredSlice = Omit<Slice, AddedToSlice> & Partial<Pick<Slice, AddedToSlice>>
type AddedToSlice = "bottom" | "stuck" | "digest" | "mayHaveMoved"
type StoredRun = Omit<Run, "failed"> & Partial<Pick<Run, "failed">>

/** An older shape becomes the present one: what it lacks gets its default here, and nowhere else. */
export function upgrade({ wait, skewMs = 0, ...stored }: Stored): State {
  const waits = stored.waits ?? (wait ? { source: wait } : {})
  const live = Object.entries(stored.live).map(([name, one]) => [name, { ...one, slice: upgradeSlice(one.slice) }])
  return {
    ...stored,
    schema: STATE_SCHEMA,
    token: upgradeToken(stored.token ?? null),
    operatorWait: stored.operatorWait ?? null,
    checking: stored.checking ?? null,
    triedAt: stored.triedAt ?? null,
    waits,
    clock: stored.clock ?? { ...freshClock(), skewMs },
    live: Object.fromEntries(live),
    passes: stored.passes.map((pass) => ({
      ...pass,
      slices: pass.slices.map((slice) => upgradeSlice(slice) as Slice),
    })),
    run: stored.run && upgradeRun(stored.run),
    others: stored.others.map(upgradeRun),
  }
}

function upgradeToken(token: StoredToken | null): TokenState | null {
  return (
    token && {
      ...token,
      sentAt: token.sentAt ?? null,
      isOver: token.isOver ?? false,
      renewedAt: token.renewedAt ?? null,
    }
  )
}

function upgradeSlice(slice: StoredSlice | null): Slice | null {
  if (slice === null) return null
  const { bottom = slice.window.from, stuck = null, digest = null, mayHaveMoved = false } = slice
  return { ...slice, bottom, stuck, digest, mayHaveMoved }
}

/** A run as stored, in the core or in history. */
export function upgradeRun(run: StoredRun): Run {
  return { ...run, failed: run.failed ?? [] }
}

export function freshState(configuration: Configuration): State {
  return {
    schema: STATE_SCHEMA,
    configuration,
    error: null,
    token: null,
    operatorWait: null,
    checking: null,
    triedAt: null,
    nextRunAt: null,
    alarmAt: null,
    lastSyncNowAt: null,
    lastLiveAt: null,
    clock: freshClock(),
    waits: {},
    grants: 0,
    windows: 0,
    ids: { run: 0, pass: 0, outbox: 0, quarantine: 0, seen: 0, open: 0 },
    live: {},
    run: null,
    others: [],
    passes: [],
    liveFrom: {},
    passSpans: {},
    offAt: {},
    covered: {},
    denied: {},
    claim: null,
    delivery: { state: "ok", reason: null, retryAt: null, attempts: 0, refused: [], unsure: [], maybeRepeated: 0 },
    wakes: {},
    counts: {},
    idle: [],
    quarantinedObjects: {},
    published: coarse({ error: null, configuration, operatorWait: null }),
    trouble: 0,
  }
}

export function slicesOf(state: State): Slice[] {
  const live = Object.values(state.live).flatMap((stream) => (stream.slice ? [stream.slice] : []))
  return [...live, ...state.passes.flatMap((pass) => pass.slices)]
}

/** What a source that is no error of its user's waits for, in D1's status. */
export const WAITING_FOR_OPERATOR = "waiting_for_operator"

/** The status that lists show, which D1 is told when it changes. */
export function coarse({
  error,
  configuration,
  operatorWait,
}: Pick<State, "error" | "configuration" | "operatorWait">): string {
  if (error) return `error:${error.code}`
  const status = configuration.active ? "connected" : "paused"
  return operatorWait ? `${status}:${WAITING_FOR_OPERATOR}` : status
}
