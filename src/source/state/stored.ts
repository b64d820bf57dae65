/** Reading the core row back, whichever version wrote it, and the row of a source that is new. */
import type { Configuration } from "../protocol/configuration.ts"
import { RENAMED_SCHEMA, renamedRun, renamedState } from "./renamed.ts"
import type { Backfill, Slice } from "./slices.ts"
import { coarse, type PartnerClock, type Run, type State, type TokenState, type Tombstone, type Wait } from "./state.ts"

/**
 * Grows when older code would misread what this code writes, in the core row or any other. A new field alone needs no new number: it
 * gets its default in `upgrade`.
 */
export const STATE_SCHEMA = 5

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
    throw new StateError(`Stored by a newer version (schema ${core.schema}, not ${STATE_SCHEMA}): deploy it again.`)
  if ("erased" in core) return core
  return upgrade(core.schema < RENAMED_SCHEMA ? (renamedState(core) as unknown as Stored) : core)
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
type Stored = Omit<State, Added | "backfills"> & Partial<Pick<State, Added>> & Former
type Former = { wait?: Wait | null; skewMs?: number; backfills: StoredBackfill[] }
type StoredBackfill = Omit<Backfill, "share"> & Partial<Pick<Backfill, "share">>
type StoredToken = Omit<TokenState, AddedToToken> & Partial<Pick<TokenState, AddedToToken>>
type AddedToToken = "sentAt" | "isOver" | "renewedAt"
type Added = "token" | "waits" | "operatorWait" | "clock" | "checking" | "triedAt" | "answerMs"
type StoredSlice = Omit<Slice, AddedToSlice> & Partial<Pick<Slice, AddedToSlice>>
type AddedToSlice = "bottom" | "isPart" | "stuck" | "digest" | "mayHaveMoved"
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
    answerMs: stored.answerMs ?? null,
    waits,
    clock: stored.clock ?? { ...freshClock(), skewMs },
    live: Object.fromEntries(live),
    backfills: stored.backfills.map(({ share = null, ...backfill }) => ({
      ...backfill,
      share,
      slices: backfill.slices.map((slice) => upgradeSlice(slice) as Slice),
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
  const { bottom = slice.window.from, isPart = false, stuck = null, digest = null, mayHaveMoved = false } = slice
  return { ...slice, bottom, isPart, stuck, digest, mayHaveMoved }
}

/** A run as stored, in the core or in history. */
export function upgradeRun(stored: StoredRun): Run {
  const run = renamedRun(stored)
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
    answerMs: null,
    waits: {},
    leases: 0,
    windows: 0,
    ids: { run: 0, backfill: 0, outbox: 0, quarantine: 0, seen: 0, pending: 0 },
    live: {},
    run: null,
    others: [],
    backfills: [],
    liveFrom: {},
    backfillSpans: {},
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

export function freshClock(): PartnerClock {
  return { skewMs: 0, readings: [], offSince: null, believedAt: null }
}
