/** What follows from a reading that did not succeed: one owner each, and only here is anything retried. */
import { assign } from "../../lib/assign.ts"
import { backoffMs } from "../../lib/backoff.ts"
import { noteAccepted } from "../credentials/checking.ts"
import { credentialRefused } from "../credentials/refusal.ts"
import { QUARANTINE_MAX } from "../delivery/quarantine.ts"
import type { Outcome, Settlement } from "../protocol/fetching.ts"
import { PROTOCOL } from "../protocol/source.ts"
import { addDenied } from "../runs/run.ts"
import { holds } from "../state/lease.ts"
import type { Slice } from "../state/slices.ts"
import type { Run } from "../state/state.ts"
import { slicesOf } from "../state/state.ts"
import type { Transaction } from "../transaction.ts"
import { abort, deny } from "./ending.ts"
import { isQuarantineFull, LEASE_MS, runOf } from "./lease.ts"
import { isOldestFirst, type Order, orderOf } from "./slice.ts"
import { giveUp, probed, searchPlace, smallerPage } from "./step-over.ts"
import { askToWait, scopeOf } from "./waits.ts"

/** Failures in a row without progress, after which the run ends; the next one goes on. */
export const ATTEMPTS_MAX = 8
/** Leases in a row that ran out without a checkpoint: the run hangs. */
export const LAPSES_MAX = 5
const READ_RETRY_BASE_MS = 5_000
export const READ_RETRY_MAX_MS = 300_000

export function settle(tx: Transaction, { protocol, lease: { slice: id, number }, outcome, calls }: Settlement): void {
  // From a consumer of another deploy, whose words may mean something else here: the lease runs out, and the work is handed out again.
  if (protocol !== PROTOCOL) return
  const slice = slicesOf(tx.state).find((one) => one.id === id)
  if (!slice?.lease || !holds(slice.lease, number)) return
  const run = runOf(tx, slice)
  if (run) run.calls += calls
  // Whoever lets go is alive: only leases that run out are counted as hanging.
  if (calls > 0 && !SAYS_NOTHING.has(outcome.kind)) noteAccepted(tx, slice.lease)
  assign(slice, { lease: null, lapses: 0 })
  if (calls === 0 || (calls === 1 && NOT_SERVED.has(outcome.kind))) slice.mayHaveMoved = false
  apply(tx, slice, run, outcome, number)
}

type Apply<Kind extends Outcome["kind"]> = (
  tx: Transaction,
  slice: Slice,
  run: Run | null,
  outcome: Extract<Outcome, { kind: Kind }>,
  leaseNumber: number,
) => void

/** After these nothing is known of the credential: the partner did not answer, or not as the partner. Nor where nobody asked it. */
const SAYS_NOTHING: ReadonlySet<Outcome["kind"]> = new Set(["release", "limited", "transient", "probed", "auth"])

/** After these the partner has not given the page: a scroll stands where it stood. */
const NOT_SERVED: ReadonlySet<Outcome["kind"]> = new Set(["limited", "auth", "denied"])

const CONSEQUENCES: { [Kind in Outcome["kind"]]: Apply<Kind> } = {
  release: () => undefined,
  limited: (tx, { stream }, _run, { until, reason, scope }) =>
    askToWait(tx, scopeOf(tx, stream, scope), { until, reason }),
  transient: (tx, slice, _run, { reason, unreached }) => {
    if (!unreached) smallerPage(tx, slice)
    retry(tx, slice, reason)
  },
  probed: (tx, slice, run, { found, reason }) => probed(tx, slice, run, found, reason, retry),
  too_large: (tx, slice) => shrink(tx, slice),
  token_refused: (tx, slice, _run, { reason }) => rewind(tx, slice, reason),
  auth: (tx, _slice, _run, { reason, credentialVersion }, number) =>
    credentialRefused(tx, number, reason, credentialVersion),
  denied: (tx, slice, run, { collections, reason }) => {
    noteDenied(tx, run, collections, reason)
    deny(tx, slice, reason)
  },
  fault: (tx, slice, _run, { reason }) => abort(tx, slice, reason),
}

function apply<Kind extends Outcome["kind"]>(
  tx: Transaction,
  slice: Slice,
  run: Run | null,
  outcome: Extract<Outcome, { kind: Kind }>,
  lease: number,
): void {
  const consequence = CONSEQUENCES[outcome.kind as Kind] as Apply<Kind>
  consequence(tx, slice, run, outcome, lease)
}

export function retry(tx: Transaction, slice: Slice, reason: string): void {
  slice.attempts++
  if (slice.attempts >= ATTEMPTS_MAX) {
    giveUp(tx, slice, reason, "outage")
    return
  }
  slice.notBefore = tx.now + backoffMs(slice.attempts, READ_RETRY_BASE_MS, READ_RETRY_MAX_MS, tx.random.next())
  slice.waiting = reason
}

/** Half the page; a single record that is too large cannot be read at all. */
function shrink(tx: Transaction, slice: Slice): void {
  if (slice.pageSize > 1) slice.pageSize = Math.max(1, Math.floor(slice.pageSize / 2))
  else if (!searchPlace(tx, slice))
    giveUp(
      tx,
      slice,
      `${tx.connector.title} sends one record that is larger than can be read. If this lasts, tell our support.`,
    )
}

/** The window is read again from its edge, the boundary itself included: `seen` drops what was read of it. */
function rewind(tx: Transaction, slice: Slice, reason: string): void {
  if (slice.pageToken === null) {
    retry(tx, slice, reason)
    return
  }
  slice.pageToken = null
  slice.digest = null
  slice.probe = null
  slice.page++
  slice.attempts++
  // Read upwards, the later of two states in one second is the newer, unless they are read again.
  if (slice.lane === "live" && isOldestFirst(tx, slice.stream)) slice.no = ++tx.state.windows
  if (slice.edge) slice.window = leftOf(slice, slice.edge.time, orderOf(tx, slice.stream))
  if (slice.attempts >= ATTEMPTS_MAX) abort(tx, slice, reason, "outage")
}

/** What of the window may not have been read; in no order, that is all of it. */
export function leftOf({ window, top, bottom }: Slice, edge: number, order: Order): Slice["window"] {
  if (order === "none") return { from: bottom, to: top }
  return order === "oldest" ? { from: edge, to: window.to } : { from: window.from, to: edge + 1 }
}

/** A collection the credentials may not read is reported; the others go on. */
function noteDenied(tx: Transaction, run: Run | null, collections: readonly string[], reason: string): void {
  for (const name of collections) {
    tx.state.denied[name] = reason
    if (run) addDenied(run, { collection: name, reason })
  }
}

/** Streams that feed a collection with too many bad records stop, and say so: the fault is not a single record's. */
export function stopFull(tx: Transaction): void {
  for (const slice of slicesOf(tx.state)) {
    if (slice.state !== "reading" || !isQuarantineFull(tx, slice) || !runOf(tx, slice)) continue
    abort(
      tx,
      slice,
      `${QUARANTINE_MAX} items of one collection are in quarantine, so its reading stopped. Look at their reasons, then replay or discard them.`,
    )
  }
}

/** Leases that ran out without a checkpoint; a slice that hangs again and again takes its run with it. */
export function expireLeases(tx: Transaction): void {
  for (const slice of slicesOf(tx.state)) {
    if (!slice.lease || slice.lease.lapsed || slice.lease.until > tx.now) continue
    slice.lease.lapsed = true
    slice.lapses++
    if (slice.lapses >= LAPSES_MAX)
      abort(
        tx,
        slice,
        `Reading hung: ${LAPSES_MAX} attempts of ${LEASE_MS / 60_000} minutes brought nothing. If this lasts, tell our support.`,
        "outage",
      )
  }
}
