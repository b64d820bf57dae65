import type { Auth, PartnerName } from "./partners.ts"

/** The planted bugs: each is one that somebody has made in a system of this kind. */
export interface Mutant {
  name: string
  /** Under src. */
  file: string
  /** Found exactly once in the file. */
  from: string
  to: string
  /** Where it is looked for; left out: at Stripe, with a pasted key. */
  at?: { partner: PartnerName; auth: Auth }
}

const SHOPIFY = { partner: "shopify", auth: "either" } as const
const SHOPIFY_TOKENS = { partner: "shopify", auth: "oauth" } as const
const STRIPE_TOKENS = { partner: "stripe", auth: "oauth" } as const

export const MUTANTS: readonly Mutant[] = [
  // ------------------------------------------------------------------------------------------------ windows and cursors
  {
    name: "the floor's own instant is left out by live reading",
    file: "source/admit.ts",
    from: "return item.time >= (reading.liveFrom[item.collection] ?? 0)",
    to: "return item.time > (reading.liveFrom[item.collection] ?? 0)",
  },
  {
    name: "a pass takes its upper bound too",
    file: "source/admit.ts",
    from: "item.time < reading.range.to",
    to: "item.time <= reading.range.to",
  },
  {
    name: "the cursor moves with each page of a newest-first window",
    file: "source/checkpoint.ts",
    from: "  slice.token = next\n  slice.page++\n",
    to: `  const live = turn.state.live[slice.stream]
  if (live && slice.lane === "live") {
    live.cursor = Math.max(live.cursor, slice.bound ?? 0)
    slice.window = { ...slice.window, from: live.cursor - 600_000 }
  }
  slice.token = next
  slice.page++
`,
  },
  {
    name: "a run that fails gives its window up",
    file: "source/ending.ts",
    from: "    if (turn.state.run) failRun(turn, turn.state.run, reason)\n",
    to: `    const live = turn.state.live[slice.stream]
    if (live) Object.assign(live, { slice: null, cursor: Math.max(live.cursor, turn.now + turn.state.skewMs) })
    if (turn.state.run) failRun(turn, turn.state.run, reason)
`,
  },
  {
    name: "the window's upper bound is not fixed by its first page",
    file: "source/live.ts",
    from: "const end = slice.top ?? slice.bound ?? live.cursor",
    to: "const end = slice.top ?? partnerNow(turn) + 0 * (slice.bound ?? 0)",
  },
  {
    name: "the lookback is dropped",
    file: "source/live.ts",
    from: "const from = live.cursor - 1000 * stream.lookbackSeconds",
    to: "const from = live.cursor - 0 * stream.lookbackSeconds",
  },
  {
    name: "the floor is stored as the cursor when nothing was found",
    file: "source/live.ts",
    from: "live.cursor = Math.max(live.cursor, end)",
    to: "live.cursor = slice.records > 0 ? Math.max(live.cursor, end) : (slice.window.from ?? end)",
  },
  {
    name: "a refused token restarts below the boundary second",
    file: "source/failure.ts",
    from: "to: slice.edge.time + 1 }",
    to: "to: slice.edge.time }",
  },
  {
    name: "a refused token ends the window",
    file: "source/failure.ts",
    from: "  slice.token = null\n  slice.page++\n  slice.attempts++\n",
    to: '  slice.token = null\n  slice.page++\n  slice.attempts++\n  slice.state = slice.lane === "backfill" ? "read" : slice.state\n',
  },
  {
    name: "the gap beyond the feed's reach is ignored",
    file: "source/live.ts",
    from: "  if (from >= now - stream.retentionDays * DAY_MS + marginMs) return false\n",
    to: "  if (from >= now - stream.retentionDays * DAY_MS + marginMs || now > 0) return false\n",
  },
  {
    name: "an earlier start date reads again what is covered",
    file: "source/pass.ts",
    from: "const to = covered ?? turn.state.liveFrom[collection] ?? from",
    to: "const to = turn.state.liveFrom[collection] ?? covered ?? from",
  },
  {
    name: "what a feed forgot before it was read is not reported",
    file: "source/pass.ts",
    from: "if (reached > slice.range.from) tellReach",
    to: "if (reached > slice.range.from && reached < 0) tellReach",
  },
  // ------------------------------------------------------------------------------------------------------------- grants
  {
    name: "a lease's number is not compared",
    file: "source/grant.ts",
    from: "return grant !== null && grant.number === number",
    to: "return grant !== null && number > 0",
  },
  {
    name: "a lease in force is given again",
    file: "source/lease.ts",
    from: "return first.filter((slice) => !inForce(slice.lease, now) && slice.notBefore",
    to: "return first.filter((slice) => slice.notBefore",
  },
  {
    name: "a claim in force is given again",
    file: "source/delivery.ts",
    from: "  if (inForce(state.claim, now)) {\n",
    to: "  if (inForce(state.claim, now) && state.claim.nonce === ask.nonce) {\n",
  },
  {
    name: "a claim is said to be renewed, and is not",
    file: "source/delivery.ts",
    from: '  if (state.claim.until - now < RENEW_BELOW_MS) state.claim.until = now + CLAIM_MS\n  return { kind: "go", until: state.claim.until }',
    to: '  return { kind: "go", until: now + CLAIM_MS }',
  },
  {
    name: "a consumer posts on when its claim has ended",
    file: "pipeline/claim.ts",
    from: "until - ports.clock.now() >= CLAIM_REST_MS",
    to: "until - ports.clock.now() >= -1e9 * CLAIM_REST_MS",
  },
  {
    name: "a delivery reported late is not believed",
    file: "source/delivery.ts",
    from: '    if (result.outcome === "delivered") delivered(turn, result.rows)\n',
    to: '    if (result.outcome === "delivered" && current) delivered(turn, result.rows)\n',
  },
  // ---------------------------------------------------------------------------------------------------- alarm and memory
  {
    name: "the alarm is not in the commit",
    file: "source/machine.ts",
    from: "      alarm,\n      outbox: memory",
    to: "      alarm: alarm === null || state.trouble >= 0 ? null : alarm,\n      outbox: memory",
  },
  {
    name: "no alarm for wake-ups without an answer",
    file: "source/plan.ts",
    from: "    ...Object.values(state.wakes).map((wake) => wake.deadline),\n",
    to: "",
  },
  {
    name: "no alarm for the end of a lease",
    file: "source/plan.ts",
    from: "    ...slices.map((slice) => (slice.lease && !slice.lease.lapsed ? slice.lease.until : null)),\n",
    to: "",
  },
  {
    name: "memory survives a commit that failed",
    file: "source/machine.ts",
    from: "    } catch (error) {\n      this.#memory = null\n      throw error\n    }",
    to: "    } catch (error) {\n      throw error\n    }",
  },
  {
    name: "a deleted source is configured anew by a late watchdog",
    file: "source/machine.ts",
    from: "const isNew = this.#ports.store.core() === null",
    to: "const isNew = this.#peek() === null",
  },
  // -------------------------------------------------------------------------------------------------------------- admit
  {
    name: "seen is pruned at the cursor instead of the floor",
    file: "source/checkpoint.ts",
    from: "    floor: lowestFloor(turn),\n    edges",
    to: "    floor: lowestFloor(turn) + 600_000,\n    edges",
  },
  {
    name: "seen is not written for what a pass reads",
    file: "source/admit.ts",
    from: '  seen.put(hash, before ? "live" : classOf(item, reading), entryOf(item, "", reading))\n',
    to: '  if (!reading.range) seen.put(hash, before ? "live" : classOf(item, reading), entryOf(item, "", reading))\n',
  },
  {
    name: "an alias is remembered only while passes are read",
    file: "source/admit.ts",
    from: 'return range && item.time < range.to && item.collection !== ALIAS ? "pass" : "live"',
    to: 'return (range && item.time < range.to) || item.collection === ALIAS ? "pass" : "live"',
  },
  {
    name: "an older state passes",
    file: "source/admit.ts",
    from: 'if (item.version < before.version) return "older"',
    to: 'if (item.version < 0) return "older"',
  },
  {
    name: "of two states of one second the one read last stays",
    file: "source/admit.ts",
    from: 'return by !== "webhook" && before.window === reading.window',
    to: 'return by !== "webhook" && before.window === -1',
  },
  {
    name: "our clock dates what a page shows",
    file: "pipeline/page.ts",
    from: "const normalizing = normalizeContext(slice, followed.answers, asked.asked)",
    to: "const normalizing = normalizeContext(slice, followed.answers, askedLocal)",
  },
  {
    name: "open keys are forgotten",
    file: "source/checkpoint.ts",
    from: "if (!turn.seen.get(hash)) turn.open.add(hash, time)",
    to: "if (turn.seen.get(hash)) turn.open.add(hash, time)",
  },
  {
    name: "a debit begun before its collection was off is nobody's",
    file: "source/pass.ts",
    from: "  if (off === undefined) state.liveFrom[collection] = to\n",
    to: "  state.liveFrom[collection] = to\n",
  },
  {
    name: "a collection switched on again is not read for the time between",
    file: "source/pass.ts",
    from: "if (off === undefined || off.from >= to) return",
    to: "if (off === undefined || off.from < to) return",
  },
  // --------------------------------------------------------------------------------------------------------- forwarding
  {
    name: "a POST without an answer counts as delivered",
    file: "source/delivery.ts",
    from: "if (mayBeTaken(status)) delivery.unsure.push(...rows)",
    to: "if (mayBeTaken(status)) for (const id of rows) turn.outbox.remove(id)",
  },
  {
    name: "rows whose POST had no answer are not counted as possibly repeated",
    file: "source/delivery.ts",
    from: "if (mayBeTaken(status)) delivery.unsure.push(...rows)",
    to: "void mayBeTaken(status)",
  },
  {
    name: "a row is removed when it is claimed",
    file: "source/delivery.ts",
    from: "  noteRepeats(turn, rows)\n  state.claim",
    to: "  noteRepeats(turn, rows)\n  for (const row of rows) if (row.items === 1) outbox.remove(row.id)\n  state.claim",
  },
  {
    name: "halving loses an item",
    file: "source/outbox.ts",
    from: "...rowsOf(items.slice(middle), row.id + middle)]",
    to: "...rowsOf(items.slice(middle + 1), row.id + middle)]",
  },
  {
    name: "the right half goes to another place in line",
    file: "source/outbox.ts",
    from: "...rowsOf(items.slice(middle), row.id + middle)]",
    to: "...rowsOf(items.slice(middle), row.id + items.length)]",
  },
  {
    name: "an object's newer state overtakes a row that is held back",
    file: "source/outbox.ts",
    from: "row.notBefore <= now && !objects.some((hash) => blocked.has(hash))",
    to: 'row.notBefore <= now && !objects.some((hash) => hash === "")',
  },
  {
    name: "everything refused is bisected into quarantine",
    file: "source/delivery.ts",
    from: "if (delivery.refused.length < REFUSED_SINGLES_MAX) return",
    to: "if (delivery.refused.length < 1e9 * REFUSED_SINGLES_MAX) return",
  },
  {
    name: "joined rows that are too large are halved each",
    file: "source/delivery.ts",
    from: "  if (!wereJoined) split(turn, rows, reason)",
    to: "  if (!wereJoined || turn.now > 0) split(turn, rows, reason)",
  },
  {
    name: "a single item is given up for the company it was in",
    file: "source/outbox.ts",
    from: "half.length > 1 ? row.attempts : 1, now)",
    to: "row.attempts, now)",
  },
  // ---------------------------------------------------------------------------------------------------------- the user
  {
    name: "Sync now ignores the run under way",
    file: "source/control.ts",
    from: '  if (state.run)\n    return { ok: false, code: "run_in_progress"',
    to: '  if (state.run && now < 0)\n    return { ok: false, code: "run_in_progress"',
  },
  {
    name: "Sync now may be repeated at once",
    file: "source/control.ts",
    from: "  if (retryAfterSeconds > 0) {",
    to: "  if (retryAfterSeconds > 1e9) {",
  },
  {
    name: "a rejected key does not stop the other slices",
    file: "source/failure.ts",
    from: "if (credentialVersion === credentialVersionOf(turn.state)) failAuth(turn, reason)",
    to: "if (credentialVersion !== credentialVersionOf(turn.state)) failAuth(turn, reason)",
  },
  {
    name: "a new key does not end the error",
    file: "source/control.ts",
    from: "Object.assign(state, { error: null, denied: {}, wait: null })",
    to: "Object.assign(state, { denied: {}, wait: null })",
  },
  // ------------------------------------------------------------------------------------------- several lists at once
  {
    name: "abandoned checkouts are taken to come in the order of their changes",
    file: "connectors/shopify/documents.ts",
    from: 'sortKey: "CREATED_AT", isOrdered: false }',
    to: 'sortKey: "CREATED_AT", isOrdered: true }',
    at: SHOPIFY,
  },
  {
    name: "what changed is searched by when it was created",
    file: "connectors/shopify/documents.ts",
    from: 'field: "updatedAt", filter: "updated_at", isOrdered: true }',
    to: 'field: "updatedAt", filter: "created_at", isOrdered: true }',
    at: SHOPIFY,
  },
  {
    name: "a list that ends takes the next pages of the others along",
    file: "connectors/shopify/pages.ts",
    from: "reads.flatMap(({ asked, next }) => (next ? ",
    to: "reads.flatMap(({ asked, next }) => (next && reads.every((one) => one.next) ? ",
    at: SHOPIFY,
  },
  {
    name: "a limit that is told with 200 is taken for a fault",
    file: "connectors/shopify/answers.ts",
    from: 'return { kind: "limited", retryAfterMs: Math.max(restMs(answer), BACKOFF_MS) }',
    to: 'return { kind: "fault", message: String(restMs(answer) + BACKOFF_MS) }',
    at: SHOPIFY,
  },
  {
    name: "what is left of an order is forgotten with its page",
    file: "connectors/shopify/pages.ts",
    from: "const rest = partsLeft(all, ctx.collections)",
    to: "const rest = partsLeft(all.slice(1), ctx.collections)",
    at: SHOPIFY,
  },
  {
    name: "a record that moved while pages were read counts as read",
    file: "source/live.ts",
    from: "live.movedFrom = stream.moves && slice.page > 0 ? (live.movedFrom ?? slice.window.from) : null",
    to: "live.movedFrom = null",
    at: SHOPIFY,
  },
  {
    name: "live reading begins no earlier than the source",
    file: "source/control.ts",
    from: "- 1000 * (stream.startsBackSeconds ?? 0)",
    to: "- 0 * (stream.startsBackSeconds ?? 0)",
    at: SHOPIFY,
  },
  {
    name: "a fact that came true after a pass is forgotten with the pass",
    file: "source/admit.ts",
    from: 'return range && item.time < range.to && item.collection !== ALIAS ? "pass" : "live"',
    to: 'return range && item.collection !== ALIAS ? "pass" : "live"',
    at: SHOPIFY,
  },
  {
    name: "a collection that may be read again is not read for the time between",
    file: "source/notes.ts",
    from: "  for (const name of regained) switchOn(turn, name)\n",
    to: "  for (const name of regained) delete turn.state.offAt[name]\n  void switchOn\n",
    at: SHOPIFY,
  },
  // ------------------------------------------------------------------------------------------------------------- tokens
  {
    name: "two renewals of a token may be under way",
    file: "source/token.ts",
    from: "  if (token.intent && token.intent.until > turn.now) return { kind",
    to: "  if (token.intent && token.intent.until < 0) return { kind",
    at: SHOPIFY_TOKENS,
  },
  {
    name: "a renewal that a sign-in has overtaken is saved all the same",
    file: "source/token.ts",
    from: "if (!token || token.intent?.id !== intent) return",
    to: 'if (!token || intent === "") return',
    at: SHOPIFY_TOKENS,
  },
  {
    name: "one lost answer ends a grant that could be renewed",
    file: "source/token.ts",
    from: "  if (token.lost < LOST_MAX) return false\n",
    to: "  if (token.lost < LOST_MAX - 2) return false\n",
    at: SHOPIFY_TOKENS,
  },
  {
    name: "a token endpoint that is down is taken to refuse",
    file: "oauth/client.ts",
    from: "  if (status >= 500 || status === 429 || status === 408)\n",
    to: '  if (status >= 500) return { kind: "refused", reason: title }\n  if (status === 429 || status === 408)\n',
    at: SHOPIFY_TOKENS,
  },
  {
    name: "an access token is kept, the refresh token that came with it is not",
    file: "source/token.ts",
    from: "Object.assign(token, { tokens: answer.tokens, version",
    to: "Object.assign(token, { tokens: { ...answer.tokens, refresh: token.tokens.refresh }, version",
    at: STRIPE_TOKENS,
  },
  {
    name: "a token is renewed each time it is needed",
    file: "source/token.ts",
    from: "  if (token.refused) return true\n",
    to: "  if (token.refused || now > 0) return true\n",
    at: STRIPE_TOKENS,
  },
  {
    name: "a grant that could not be given back is forgotten",
    file: "oauth/tokens.ts",
    from: '  return result.kind === "refused" ? access : null\n',
    to: "  return access\n",
    at: SHOPIFY_TOKENS,
  },
  {
    name: "a source that rests lets its grant lapse",
    file: "source/token.ts",
    from: "  return at !== null && at <= turn.now ? begin(turn)",
    to: "  return at !== null && at < 0 ? begin(turn)",
    at: SHOPIFY_TOKENS,
  },
]
