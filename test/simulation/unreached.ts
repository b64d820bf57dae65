/**
 * Shipped lines that the simulator's seeds do not reach, each with the reason. Everything else is reached by
 * `npm run simulate -- --seeds 10000 --coverage`, which prints what is missing here and what stands here in vain.
 */
export interface Unreached {
  file: string
  why: string
  /** Functions that nobody calls there. */
  functions?: readonly string[]
  /** How single lines begin. */
  lines?: readonly string[]
}

const DEFAULTS = "A default, or an early way out, for what the types let be absent and the state never lacks."
const CONTRACT =
  "Against a connector, a partner or a platform that breaks its contract, as no shipped one does; tables show it."
const PEOPLE =
  "Asked by people through the console, or by the watchdog, and not a part of syncing; tables and routes show it."
const SIZE =
  "Takes more than a simulated account holds (megabytes in a row, a million keys, a thousand bad items); tables show it."
const WEBHOOKS = "For webhooks, which are not yet received; tables show it."
const UNREADABLE = "Simulated partners send no record that cannot be read; tables and the contract suite show it."
const MEANT = "Both simulated partners say themselves what these statuses mean; tables show it for one that does not."
const SEALS = "The simulated cipher opens all that it sealed; tables show what follows where it cannot."

export const UNREACHED: readonly Unreached[] = [
  // ------------------------------------------------------------------------------------------------- the destination
  { file: "src/destinations/intempt.ts", why: PEOPLE, functions: ["checkDestination", "toCheck"] },
  {
    file: "src/destinations/intempt.ts",
    why: PEOPLE,
    lines: ["if (fault !== null) return { outcome", 'return "An Intempt API key is written'],
  },
  {
    file: "src/source/protocol/track.ts",
    why: "No shipped collection describes accounts rather than people.",
    lines: ['return item.userAttributes ? "identify" : "group"'],
  },

  {
    file: "src/source/reading/checkpoint.ts",
    why: "For readers that ask for the next page before the last one is saved, and of deploys that knew of no cuts; tables show it.",
    lines: [
      "if (reachesBelow(tx, slice, page)) {",
      "assign(slice, { lease: null, lapses: 0 })",
      'return { kind: "stop", reason: "the list was cut',
    ],
  },

  // ---------------------------------------------------------------------------------------------------- the pipeline
  {
    file: "src/pipeline/claim.ts",
    why: SIZE,
    lines: ["claim.waiting.unshift(rows.splice", "return bodyOf(destination"],
  },
  {
    file: "src/pipeline/consume.ts",
    why: "Simulated queues deliver one wake-up at a time, and only sound ones; the tests in workerd show batches.",
    lines: [
      "const source = wakeUp.safeParse",
      "if (mine) mine.push(message)",
      'if (source === null) return { end: "unreadable" }',
    ],
  },
  {
    file: "src/pipeline/consume.ts",
    why: CONTRACT,
    lines: ["} catch (error) {", 'return { end: "failed", error'],
  },
  {
    file: "src/pipeline/fetch.ts",
    why: "Simulated deploys differ in their protocol, not in their connectors; tables show it.",
    lines: ["if (!opened.ok) return settle"],
  },
  { file: "src/pipeline/normalize.ts", why: UNREADABLE, lines: ["for (const reject of rejects)"] },
  {
    file: "src/pipeline/pack.ts",
    why: "The outbox hands out no two rows with states of one object; tables show that packing would keep them apart.",
    lines: ["if (!claimObjects(objects", "if (hashes.some((hash) => taken.has(hash))) return false"],
  },
  { file: "src/pipeline/page.ts", why: CONTRACT, functions: ["thrown", "fault"] },
  { file: "src/lib/frames.ts", why: CONTRACT, functions: ["framesOf"] },
  {
    file: "src/pipeline/page.ts",
    why: CONTRACT,
    lines: [
      "if (refused !== null) return { kind",
      "if (utf8Bytes(next) > TOKEN_BYTES_MAX)",
      'return { kind: "token_refused"',
      "if (requests.length > LOOKUPS_MAX)",
      "} catch (error) {",
      'return { kind: "settle", outcome: thrown(',
    ],
  },
  {
    file: "src/pipeline/leased-slice.ts",
    why: "Simulated deploys differ in their protocol, not in their connectors; tables show it.",
    functions: ["refuse"],
    lines: ['return refuse("transient"', 'return refuse("fault"'],
  },
  {
    file: "src/http/partner.ts",
    why: CONTRACT,
    lines: [
      'if (!request.path.startsWith("/")',
      "return url.origin === new URL(baseUrl).origin",
      'return { method: request.method ?? "POST"',
    ],
  },
  {
    file: "src/http/partner.ts",
    why: MEANT,
    lines: ["if (status === 429)", "if (status === 503 &&", "if (status < 400)", 'return { kind: "fault", reason: `'],
  },
  {
    file: "src/pipeline/rpc.ts",
    why: "The simulated object is lost, late or evicted, never overloaded; tables show it.",
    lines: [
      "const second = isOverloaded(first.error)",
      "const message = second.error",
      'return typeof error === "object"',
    ],
  },

  // ------------------------------------------------------------------------------------------------------ the source
  { file: "src/source/dedupe/dedupe.ts", why: WEBHOOKS, lines: ['if (!before && reading.by === "webhook"'] },
  { file: "src/source/dedupe/dedupe.ts", why: DEFAULTS, lines: ["return item.time >= (reading.liveFrom"] },
  {
    file: "src/source/reading/checkpoint.ts",
    why: DEFAULTS,
    lines: ['if (!run) return { kind: "stale" }', "const full = connector.streams.find("],
  },
  {
    file: "src/source/reading/checkpoint.ts",
    why: CONTRACT,
    lines: ["abort(tx, slice, `", 'return { kind: "stop", reason: "the partner repeats'],
  },
  {
    file: "src/source/reading/checkpoint.ts",
    why: SIZE,
    lines: ["return isQuarantineFull("],
  },
  { file: "src/source/control/commands.ts", why: DEFAULTS, lines: ["if (!live) continue"] },
  {
    file: "src/source/control/commands.ts",
    why: PEOPLE,
    functions: ["discardEntry"],
    lines: [
      "if (from !== null && from >= partnerNow(tx))",
      'return { ok: false, code: "out_of_range"',
      'if (!run) return { ok: false, code: "unknown_collection"',
    ],
  },
  {
    file: "src/source/delivery/delivery.ts",
    why: DEFAULTS,
    lines: [
      "state.delivery.retryAt = Math.max(nextSendable",
      "number: held?.number ?? 0,",
      "until: held?.until ?? 0,",
      'return { kind: "stop", reason: state.delivery.reason ??',
      "if (!row) continue",
      "else for (const id of rows) tx.outbox.update(id, { attempts: Math.max(",
    ],
  },
  { file: "src/source/reading/ending.ts", why: DEFAULTS, lines: ["if (run && failed) failRun("] },
  { file: "src/source/reading/settlement.ts", why: CONTRACT, lines: ["retry(tx, slice, reason)", "return"] },
  {
    file: "src/source/reading/settlement.ts",
    why: SIZE,
    lines: ['if (slice.state !== "reading" || !isQuarantineFull', "abort(", "tx,", "slice,", "`$"],
  },
  {
    file: "src/source/reading/lease.ts",
    why: DEFAULTS,
    lines: ["lease: { slice: slice.id", "until: slice.lease?.until ?? 0,"],
  },
  {
    file: "src/source/reading/live.ts",
    why: DEFAULTS,
    lines: [
      "if (!live || chosen(tx.state, stream).length === 0) continue",
      "if (!live || !stream) return",
      "if (!slice) return",
      "return cut >= partnerNow(tx) - UNCUT_MS",
      "const hours = Math.max(",
    ],
  },
  { file: "src/source/engine/engine.ts", why: PEOPLE, functions: ["run", "discard", "access"] },
  {
    file: "src/source/engine/engine.ts",
    why: SEALS,
    lines: [
      "const credential = await openCredential(",
      'const outcome = { kind: "fault" as const',
      "await this.settle({ protocol: PROTOCOL, lease: decision.task.lease",
      'return { kind: "later", at: this.#ports.clock.now() + LATER_MS, reason',
      "const destination = await openDestination(",
      'const reason = "The stored key of the destination',
      "const rows = claim.rows.map",
      'const result = { rows, outcome: "rejected"',
      "const { number, destinationVersion } = claim",
      "await this.report({ protocol: PROTOCOL, number",
    ],
  },
  { file: "src/source/engine/trouble.ts", why: SEALS, lines: ["log(event, { reason"] },
  { file: "src/source/engine/engine.ts", why: DEFAULTS, lines: ["const at = later ??"] },
  {
    file: "src/source/engine/transactions.ts",
    why: DEFAULTS,
    lines: ["const core = text === null ? null : readState(text)"],
  },
  {
    file: "src/source/engine/trouble.ts",
    why: DEFAULTS,
    lines: ['log("source.trouble"', "if (text === null) return", "const trouble = (core.trouble ?? 0) + 1"],
  },
  {
    file: "src/source/engine/secrets.ts",
    why: DEFAULTS,
    lines: [
      "if (!state) return null",
      "if (configuration.credential === null) return null",
      "if (!configuration?.destination) return null",
    ],
  },
  {
    file: "src/source/engine/transactions.ts",
    why: "Simulated deploys differ in their protocol, not in their connectors; tables show it.",
    lines: ["if (!connector) throw new Error("],
  },
  { file: "src/source/dedupe/pending-keys.ts", why: "Read by tests.", functions: ["get size"] },
  { file: "src/source/delivery/outbox.ts", why: SIZE, lines: ["if (bytes > ROW_BYTES && end > start) break"] },
  {
    file: "src/source/delivery/outbox.ts",
    why: DEFAULTS,
    lines: ["if (!meta) return", "return free.length === 0 ? null"],
  },
  {
    file: "src/source/backfill/backfill.ts",
    why: "Every collection of both simulated partners is told by a list too; tables show one that is not.",
    functions: ["rangeInWords"],
    lines: ["const run = plans.length > 0"],
  },
  {
    file: "src/source/backfill/backfill.ts",
    why: DEFAULTS,
    lines: ["const to = covered ??"],
  },
  {
    file: "src/source/runs/plan.ts",
    why: SIZE,
    lines: ["} else if (state.run === null && (watermarkRunAt"],
  },
  {
    file: "src/source/runs/watermark-run.ts",
    why: SIZE,
    functions: ["nextWatermarkRunAt", "longestLookback"],
    lines: [
      "if (Object.values(live).some(",
      "const place = tx.seen.placeToPass",
      "if (place === null) return null",
      "const soonest =",
      "return Math.max(soonest",
    ],
  },
  {
    file: "src/source/runs/plan.ts",
    why: DEFAULTS,
    lines: ["isRenewing(tx) ? (state.token?.intent"],
  },
  {
    file: "src/source/delivery/quarantine.ts",
    why: UNREADABLE,
    lines: [
      "const hash = keyHash(`!",
      "if (tx.seen.get(hash)) continue",
      'put(tx, { kind: "record"',
      "countQuarantined(tx, collection, run.id)",
    ],
  },
  { file: "src/source/delivery/quarantine.ts", why: PEOPLE, functions: ["discard"] },
  { file: "src/source/protocol/entry.ts", why: SIZE, lines: ["return utf8Bytes(text) <= ENTRY_BYTES"] },
  {
    file: "src/source/protocol/configuration.ts",
    why: "Names the object in workerd; the simulator has but one.",
    functions: ["objectName"],
  },
  { file: "src/source/runs/run.ts", why: DEFAULTS, lines: ["return /^run_", "return [run.id, run.trigger"] },
  {
    file: "src/source/reading/checkpoint.ts",
    why: SIZE,
    lines: ["state.forgotten =", "run.forgotten ="],
  },
  { file: "src/source/dedupe/hash-table.ts", why: SIZE, functions: ["#grow"] },
  { file: "src/source/dedupe/seen.ts", why: "Rows of a version before; tables show it.", functions: ["#convert"] },
  { file: "src/source/dedupe/seen.ts", why: SIZE, functions: ["bytes", "placeToPass"] },
  { file: "src/source/dedupe/seen-row.ts", why: SIZE, functions: ["bytes", "most"] },
  { file: "src/source/dedupe/packed-entries.ts", why: SIZE, functions: ["bytes"] },
  { file: "src/source/dedupe/stored-rows.ts", why: SIZE, functions: ["bytes"] },
  { file: "src/source/control/view.ts", why: SIZE, functions: ["heldUntil", "lastLiveFailure"] },
  {
    file: "src/source/reading/slice.ts",
    why: DEFAULTS,
    lines: ["return 1000 * (tx.connector.streams.find", "return watermarks.length > 0"],
  },
  {
    file: "src/source/control/start-date.ts",
    why: PEOPLE,
    functions: ["chooseStartDate", "earliestStartDate", "parseDay"],
  },
  {
    file: "src/source/state/stored.ts",
    why: "There is one schema of stored state so far; tables show a newer one.",
    lines: ['override name = "StateError"', "throw new StateError("],
  },
  {
    file: "src/source/credentials/token.ts",
    why: "A grant is not replaced by a pasted key, and both partners say when tokens run out; tables show the others.",
    lines: ["if (token) state.token = null", "const ahead = Math.min(KEEP_AHEAD_MS", "return now >= expiresAt -"],
  },
  {
    file: "src/source/control/view.ts",
    why: "A source is connected once its project has a destination; tables show one that has none.",
    lines: ["return {", "...common,", 'state: "no_destination"', 'reason: "This project has no destination'],
  },
  { file: "src/source/control/view.ts", why: DEFAULTS, lines: ["lastRun: history(tx)[0] ?? null,"] },
  {
    file: "src/source/control/view.ts",
    why: PEOPLE,
    lines: ["const before = cursor === null", "return { ok: true, runs, cursor", "return { ok: true, entries, cursor"],
  },
]
