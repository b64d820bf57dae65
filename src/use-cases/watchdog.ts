/**
 * The cron's work, bounded per tick: looks after sources whose appointment has passed, erases what was deleted, lets drafts
 * expire. It heals every crash between D1 and a Durable Object, since each change makes an appointment in the same statement.
 */

import {
  bringDraftsBack,
  dueSources,
  expiredDrafts,
  forgetDeletedStatement,
  moveCheck,
  noteAble,
  noteUnable,
} from "../db/across-tenants.ts"
import { forgetAuditStatement, SYSTEM } from "../db/audit.ts"
import { forgetFormersStatement } from "../db/former-sources.ts"
import {
  bringGrantsBack,
  expiredGrants,
  expireStatement,
  forgetGrantStatement,
  type GrantRow,
  isAccountInUse,
  postpone,
} from "../db/grants.ts"
import { forgetOldStatement } from "../db/idempotency.ts"
import { forgetStatesStatement } from "../db/oauth-states.ts"
import { forgetSource, type SourceRow } from "../db/sources.ts"
import { inParallel } from "../lib/parallel.ts"
import type { Tokens } from "../source/ports.ts"
import type { ApiPorts } from "../worker/platform.ts"
import { configureOrWhy } from "./configure.ts"
import { eraseSource } from "./delete-source.ts"
import { grantRef, INSTALL_LIFE_MS } from "./finish-oauth.ts"
import { DRAFT_KEPT_MS } from "./finish-source.ts"
import { reseal } from "./reseal.ts"

/** Six hours: a lost alarm is found before a day's schedule is. */
const CHECK_EVERY_MS = 6 * 60 * 60 * 1000
/** A source that could not be reached makes way for the others. */
const CHECK_AGAIN_MS = 5 * 60 * 1000
/** What two Workers' clocks may be apart. */
const CLOCK_SLACK_MS = 5 * 60 * 1000
/**
 * D1 takes 1,000 statements an invocation (`D1_QUERIES_MAX`): five for a source at most, six for a draft, four for a grant, and some for
 * lists and for what is forgotten. A hundred and fifty a minute look after 54,000 sources in six hours; what is overdue comes first.
 */
export const SOURCES_A_TICK = 150
export const DRAFTS_A_TICK = 15
export const GRANTS_A_TICK = 20
/** Some fifty statements: a vault key that is being replaced goes on slowly beside everything else. */
const RESEALED_A_TICK = { rows: 4, objects: 15 }
/** A grant that cannot be given back in so many attempts is left to lapse. */
const REVOKE_TRIES_MAX = 5
const REVOKE_AGAIN_MS = 60 * 60 * 1000
const PARALLEL = 10

/** The watchdog gives back what no Durable Object holds. */
export interface WatchPorts extends ApiPorts {
  tokens: Tokens
}

/**
 * `scheduledAt`: when the cron was to run, by the platform's own clock. What expires is deleted, or given back to the partner, for good:
 * only while this Worker's clock agrees with it. Sources are looked after whatever the clock says, since that does no harm.
 */
export async function watch(ports: WatchPorts, scheduledAt: number): Promise<void> {
  const now = ports.clock.now()
  const due = await dueSources(ports.db, now, CHECK_EVERY_MS + CLOCK_SLACK_MS, SOURCES_A_TICK)
  await eachOf(due, (row) => lookAfter(ports, row))
  const offMs = now - scheduledAt
  const expired = Math.abs(offMs) <= CLOCK_SLACK_MS ? await forgetExpired(ports, now) : 0
  if (Math.abs(offMs) > CLOCK_SLACK_MS) ports.log("watchdog.clock", { offMs })
  await reseal(ports, RESEALED_A_TICK)
  if (due.length + expired > 0) ports.log("watchdog", { due: due.length, expired })
}

/** What is over. Answers how many drafts were. */
async function forgetExpired(ports: WatchPorts, now: number): Promise<number> {
  await bringDraftsBack(ports.db, now + DRAFT_KEPT_MS + CLOCK_SLACK_MS)
  await bringGrantsBack(ports.db, now + INSTALL_LIFE_MS + CLOCK_SLACK_MS)
  const expired = await expiredDrafts(ports.db, now, DRAFTS_A_TICK)
  await eachOf(expired, (row) => expireDraft(ports, row))
  await eachOf(await expiredGrants(ports.db, now, GRANTS_A_TICK), (grant) => giveGrantBack(ports, grant))
  await forgetOldStatement(ports.db, now)
  await forgetStatesStatement(ports.db, now)
  await forgetFormersStatement(ports.db, now)
  await forgetDeletedStatement(ports.db, now)
  // The database has a clock of its own to say what is old: where the two differ, it is tried again with the next tick.
  await forgetAuditStatement(ports.db, now).catch(() => undefined)
  return expired.length
}

/** One source's failure stays its own. */
async function eachOf<Row>(rows: readonly Row[], work: (row: Row) => Promise<void>): Promise<void> {
  const waiting = rows.values()
  await inParallel(
    PARALLEL,
    () => waiting.next().value,
    (row) => work(row).catch(() => undefined),
  )
}

async function lookAfter(ports: ApiPorts, row: SourceRow): Promise<void> {
  const told = row.deletedAt === null ? await configureOrWhy(ports, row) : null
  const done = told ? told.view !== null : await eraseSource(ports, row)
  const now = ports.clock.now()
  if (told?.unable) await noteUnable(ports.db, row, told.unable, now)
  if (told?.view) await noteAble(ports.db, row, told.view, now)
  await moveCheck(ports.db, row, nextCheck(row, done, now), told?.view?.keyIds)
}

function nextCheck(row: SourceRow, done: boolean, now: number): number | null {
  if (!done) return now + CHECK_AGAIN_MS
  return row.deletedAt === null ? now + CHECK_EVERY_MS : null
}

async function expireDraft(ports: ApiPorts, row: SourceRow): Promise<void> {
  const at = ports.clock.now()
  const entry = { at, actor: SYSTEM, action: "source.expired" as const, subject: row.id, detail: {} }
  await forgetSource(ports.db, row, entry, [expireStatement(ports.db, row, at)])
}

/** Installs that nobody claimed, drafts that were not finished, accounts that were not the right ones. */
async function giveGrantBack(ports: WatchPorts, grant: GrantRow): Promise<void> {
  const now = ports.clock.now()
  const { connector, config, tokens } = grant
  const isOwed = tokens !== null && grant.tries < REVOKE_TRIES_MAX && !(await isAccountInUse(ports.db, grant, now))
  const isDone = !isOwed || (await ports.tokens.revoke({ ref: grantRef(grant), connector, config, tokens }))
  if (isDone) await forgetGrantStatement(ports.db, grant.id)
  else await postpone(ports.db, grant, now + REVOKE_AGAIN_MS)
}
