/** Several facts of one record: one that cannot be read does not take the others with it. */
import { type Draft, type Normalized, RecordError } from "./define.ts"

export interface Teller {
  collection: string
  tell(): Draft
}

/** As a teller; of a part that may leave something open, or hold several facts. */
export interface PartReader {
  collection: string
  read(): Normalized
}

/** What can be told is told; of the rest, why not. */
export function tellEach(tellers: readonly Teller[]): Pick<Normalized, "drafts" | "unreadable"> {
  const parts = tellers.map(({ collection, tell }) => ({ collection, read: () => ({ drafts: [tell()] }) }))
  const { drafts, unreadable } = readEach(parts)
  return unreadable ? { drafts, unreadable } : { drafts }
}

export function readEach(parts: readonly PartReader[]): Normalized {
  const found: Normalized[] = []
  const unreadable: { collection: string; reason: string }[] = []
  for (const { collection, read } of parts) {
    try {
      found.push(read())
    } catch (error) {
      if (!(error instanceof RecordError)) throw error
      unreadable.push({ collection, reason: error.message })
    }
  }
  return {
    drafts: found.flatMap(({ drafts }) => drafts),
    pending: found.flatMap(({ pending = [] }) => pending),
    closed: found.flatMap(({ closed = [] }) => closed),
    ...(unreadable.length > 0 && { unreadable }),
  }
}
