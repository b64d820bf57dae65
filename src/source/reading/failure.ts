/** What follows from a reading that did not succeed: one owner each, and only here is anything retried. */
import { assign } from "../../lib/assign.ts"
import { backoffMs } from "../../lib/backoff.ts"
import { noteAccepted } from "../credentials/checking.ts"
import { credentialRefused } from "../credentials/credentials.ts"
import { QUARANTINE_MAX } from "../delivery/quarantine.ts"
import type { Outcome, Settlement } from "../protocol/reading.ts"
import { PROTOCOL } from "../protocol/source.ts"
import { addDenied } from "../runs/run.ts"
import { holds } from "../state/grant.ts"
import type { Slice } from "../state/reading.ts"
import type { Run } from "../state/state.ts"
import { slicesOf } from "../state/state.ts"
import type { Turn } from "../turn.ts"
import { abort, deny } from "./ending.ts"
import { isQuarantineFull, LEASE_MS, runOf } from "./lease.ts"
import { isOldestFirst, type Order, orderOf } from "./slice.ts"
import { giveUp, probed, searchPlace, smallerPage } from "./stepover.ts"
import { askToWait, scopeOf } from "./waits.ts"

/** Failures in a row without progress, after which the run ends; the next one goes on. */
export const ATTEMPTS_MAX = 8
/** Leases in a row that ran out without a checkpoint: the run hangs. */
export const LAPSES_MAX = 5
const READ_RETRY_BASE_MS = 5_000
export const READ_RETRY_MAX_MS = 300_000

export function settle(turn: Turn, { protocol, lease: { slice: id, number }, outcome, calls }: Settlement): void {
  // Let go of in words that may have another meaning here: the lease runs out, and the work is handed out again.
  if (protocol !== PROTOCOL) return
  const slice = slicesOf(turn.state).find((one) => one.id === id)
  if (!slice?.lease || !holds(slice.lease, number)) return
  const run = runOf(turn, slice)
  if (run) run.calls += calls
  // Whoever lets go is alive: only leases that run out are counted as hanging.
  if (calls > 0 && !SAYS_NOTHING.has(outcome.kind)) noteAccepted(turn, slice.lease)
  assign(slice, { lease: null, lapses: 0 })
  if (calls === 0 || (calls === 1 && NOT_SERVED.has(outcome.kind))) slice.mayHaveMoved = false
  apply(turn, slice, run, outcome, number)
}

type Apply<Kind extends Outcome["kind"]> = (
  turn: Turn,
  slice: Slice,
  run: Run | null,
  outcome: Extract<Outcome, { kind: Kind }>,
  /** Of the lease that was let go of. */
  lease: number,
) => void

/** After these nothing is known of the credential: the partner did not answer, or not as the partner. Nor where nobody asked it. */
const SAYS_NOTHING: ReadonlySet<Outcome["kind"]> = new Set(["release", "limited", "transient", "probed", "auth"])

/** After these the partner has not given the page: a scroll stands where it stood. */
const NOT_SERVED: ReadonlySet<Outcome["kind"]> = new Set(["limited", "auth", "denied"])

const CONSEQUENCES: { [Kind in Outcome["kind"]]: Apply<Kind> } = {
  release: () => undefined,
  limited: (turn, { stream }, _run, { until, reason, scope }) =>
    askToWait(turn, scopeOf(turn, stream, scope), { until, reason }),
  transient: (turn, slice, _run, { reason, unreached }) => {
    if (!unreached) smallerPage(turn, slice)
    retry(turn, slice, reason)
  },
  probed: (turn, slice, run, { found, reason }) => probed(turn, slice, run, found, reason, retry),
  too_large: (turn, slice) => shrink(turn, slice),
  token_refused: (turn, slice, _run, { reason }) => rewind(turn, slice, reason),
  auth: (turn, _slice, _run, { reason, credentialVersion }, number) =>
    credentialRefused(turn, number, reason, credentialVersion),
  denied: (turn, slice, run, { collections, reason }) => {
    noteDenied(turn, run, collections, reason)
    deny(turn, slice, reason)
  },
  fault: (turn, slice, _run, { reason }) => abort(turn, slice, reason),
}

function apply<Kind extends Outcome["kind"]>(
  turn: Turn,
  slice: Slice,
  run: Run | null,
  outcome: Extract<Outcome, { kind: Kind }>,
  lease: number,
): void {
  const consequence = CONSEQUENCES[outcome.kind as Kind] as Apply<Kind>
  consequence(turn, slice, run, outcome, lease)
}

export function retry(turn: Turn, slice: Slice, reason: string): void {
  slice.attempts++
  if (slice.attempts >= ATTEMPTS_MAX) {
    giveUp(turn, slice, reason, "outage")
    return
  }
  slice.notBefore = turn.now + backoffMs(slice.attempts, READ_RETRY_BASE_MS, READ_RETRY_MAX_MS, turn.random.next())
  slice.waiting = reason
}

/** Half the page; a single record that is too large cannot be read at all. */
function shrink(turn: Turn, slice: Slice): void {
  if (slice.pageSize > 1) slice.pageSize = Math.max(1, Math.floor(slice.pageSize / 2))
  else if (!searchPlace(turn, slice)) giveUp(turn, slice, `${slice.stream}: one record is larger than can be read`)
}

/** The window is read again from its edge, the boundary itself included: `seen` drops what was read of it. */
function rewind(turn: Turn, slice: Slice, reason: string): void {
  if (slice.token === null) {
    retry(turn, slice, reason)
    return
  }
  slice.token = null
  slice.digest = null
  slice.probe = null
  slice.page++
  slice.attempts++
  // Read upwards, the later of two states in one second is the newer, unless they are read again.
  if (slice.lane === "live" && isOldestFirst(turn, slice.stream)) slice.no = ++turn.state.windows
  if (slice.edge) slice.window = leftOf(slice, slice.edge.time, orderOf(turn, slice.stream))
  if (slice.attempts >= ATTEMPTS_MAX) abort(turn, slice, reason, "outage")
}

/** What of the window may not have been read; in no order, that is all of it. */
export function leftOf({ window, top, bottom }: Slice, edge: number, order: Order): Slice["window"] {
  if (order === "none") return { from: bottom, to: top }
  return order === "oldest" ? { from: edge, to: window.to } : { from: window.from, to: edge + 1 }
}

/** A collection the credentials may not read is reported; the others go on. */
function noteDenied(turn: Turn, run: Run | null, collections: readonly string[], reason: string): void {
  for (const name of collections) {
    turn.state.denied[name] = reason
    if (run) addDenied(run, { collection: name, reason })
  }
}

/** Streams that feed a collection with too many bad records stop, and say so: the fault is not a single record's. */
export function stopFull(turn: Turn): void {
  for (const slice of slicesOf(turn.state)) {
    if (slice.state !== "reading" || !isQuarantineFull(turn, slice) || !runOf(turn, slice)) continue
    abort(
      turn,
      slice,
      `${QUARANTINE_MAX} items of one collection are in quarantine: look at their reasons before reading on`,
    )
  }
}

/** Leases that ran out without a checkpoint; a slice that hangs again and again takes its run with it. */
export function expireLeases(turn: Turn): void {
  for (const slice of slicesOf(turn.state)) {
    if (!slice.lease || slice.lease.lapsed || slice.lease.until > turn.now) continue
    slice.lease.lapsed = true
    slice.lapses++
    if (slice.lapses >= LAPSES_MAX)
      abort(
        turn,
        slice,
        `${slice.stream} hung: ${LAPSES_MAX} attempts of ${LEASE_MS / 60_000} minutes brought nothing`,
        "outage",
      )
  }
}
