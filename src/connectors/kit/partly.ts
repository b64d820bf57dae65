/** Several facts of one record: one that cannot be read does not take the others with it. */
import { type Draft, type Normalized, RecordError } from "./define.ts"

export interface Teller {
  collection: string
  tell(): Draft
}

/** What can be told is told; of the rest, why not. */
export function tellEach(tellers: readonly Teller[]): Pick<Normalized, "drafts" | "unreadable"> {
  const drafts: Draft[] = []
  const unreadable: { collection: string; reason: string }[] = []
  for (const { collection, tell } of tellers) {
    try {
      drafts.push(tell())
    } catch (error) {
      if (!(error instanceof RecordError)) throw error
      unreadable.push({ collection, reason: error.message })
    }
  }
  return unreadable.length > 0 ? { drafts, unreadable } : { drafts }
}
