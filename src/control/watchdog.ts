/**
 * The cron's work, bounded per tick: looks after sources whose appointment has passed, erases what was deleted, lets drafts
 * expire. It heals every crash between D1 and a Durable Object, since each change makes an appointment in the same statement.
 */
import { SYSTEM } from "../db/audit.ts"
import { forgetOldStatement } from "../db/idempotency.ts"
import { forgetSource, type SourceRow } from "../db/sources.ts"
import { dueSources, expiredDrafts, moveCheck } from "../db/watch.ts"
import { inParallel } from "../pipeline/parallel.ts"
import type { ApiPorts } from "../platform.ts"
import { configure, refOf } from "./configure.ts"

/** Six hours: a lost alarm is found before a day's schedule is. */
const CHECK_EVERY_MS = 6 * 60 * 60 * 1000
/** A source that could not be reached makes way for the others. */
const CHECK_AGAIN_MS = 5 * 60 * 1000
/** Four hundred a minute look after 144,000 sources in six hours. */
const SOURCES_A_TICK = 400
const DRAFTS_A_TICK = 50
const PARALLEL = 10

export async function watch(ports: ApiPorts): Promise<void> {
  const now = ports.clock.now()
  const due = await dueSources(ports.db, now, SOURCES_A_TICK)
  await eachOf(due, (row) => lookAfter(ports, row))
  const expired = await expiredDrafts(ports.db, now, DRAFTS_A_TICK)
  await eachOf(expired, (row) => expire(ports, row))
  await forgetOldStatement(ports.db, now)
  if (due.length + expired.length > 0) ports.log("watchdog", { due: due.length, expired: expired.length })
}

/** One source's failure stays its own. */
async function eachOf(rows: readonly SourceRow[], work: (row: SourceRow) => Promise<void>): Promise<void> {
  const waiting = rows.values()
  await inParallel(
    PARALLEL,
    () => waiting.next().value,
    (row) => work(row).catch(() => undefined),
  )
}

async function lookAfter(ports: ApiPorts, row: SourceRow): Promise<void> {
  const done = row.deletedAt === null ? (await configure(ports, row)) !== null : await erase(ports, row)
  await moveCheck(ports.db, row, nextCheck(row, done, ports.clock.now()))
}

function nextCheck(row: SourceRow, done: boolean, now: number): number | null {
  if (!done) return now + CHECK_AGAIN_MS
  return row.deletedAt === null ? now + CHECK_EVERY_MS : null
}

/** True once the Durable Object holds nothing but its tombstone. */
export async function erase(ports: ApiPorts, row: SourceRow): Promise<boolean> {
  try {
    await ports.source(refOf(row)).erase()
    return true
  } catch (error) {
    ports.log("erase_failed", { source: row.id, error: error instanceof Error ? error.name : "unknown" })
    return false
  }
}

async function expire(ports: ApiPorts, row: SourceRow): Promise<void> {
  const at = ports.clock.now()
  await forgetSource(ports.db, row, { at, actor: SYSTEM, action: "source.expired", subject: row.id, detail: {} })
}
