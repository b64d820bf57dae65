/** Keyset paging, newest first: a row's place is its time of creation and its id. */
import { base64url } from "oslo/encoding"
import { z } from "zod"
import { badField, type Problem } from "../errors.ts"

export interface PageQuery {
  limit: number
  cursor: string | null
}

export interface Page<T> {
  rows: T[]
  /** Opaque; null on the last page. */
  cursor: string | null
}

export interface Place {
  createdAt: number
  id: string
}

const placeSchema = z.object({ createdAt: z.int(), id: z.string() })

/** The problem of a cursor that no list returned: named, rather than taken for the first page or for an empty one. */
export const badCursor = (): Problem => badField("cursor", "is not one that this list returned.")

export function placeOf(cursor: string): Place {
  try {
    const text = new TextDecoder().decode(base64url.decode(cursor, { strict: false }))
    const place = placeSchema.parse(JSON.parse(text))
    // Only what `cursorOf` writes, to the letter.
    if (cursorOf(place) === cursor) return place
  } catch {
    // Refused below, as every cursor that is none.
  }
  throw badCursor()
}

/** A cursor that is a row's number, as audit trail and quarantine have it. */
export function numberOf(cursor: string): number {
  if (!/^[1-9]\d{0,15}$/.test(cursor)) throw badCursor()
  return Number(cursor)
}

/** Cuts a page out of `limit + 1` rows: the one too many tells that there is more. */
export function cutPage<T extends Place>(rows: T[], limit: number): Page<T> {
  const kept = rows.slice(0, limit)
  const last = kept.at(-1)
  return { rows: kept, cursor: last && rows.length > limit ? cursorOf(last) : null }
}

function cursorOf({ createdAt, id }: Place): string {
  const bytes = new TextEncoder().encode(JSON.stringify({ createdAt, id }))
  return base64url.encode(bytes, { includePadding: false })
}
