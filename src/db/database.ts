import type { BatchItem } from "drizzle-orm/batch"
import { drizzle } from "drizzle-orm/d1"

export type Database = ReturnType<typeof openDatabase>
/** One statement of an atomic batch. */
export type Statement = BatchItem<"sqlite">

/** Whose rows: part of every query. */
export interface Tenant {
  org: string
  project: string
}

export function openDatabase(d1: D1Database) {
  return drizzle(d1)
}

/** True for the error of a broken constraint, in SQLite's words: `UNIQUE constraint failed: sources.org`. */
export function isViolation(error: unknown, words: string): boolean {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if (cause.message.includes(words)) return true
  }
  return false
}
