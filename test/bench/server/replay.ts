/** A request to a partner as far as an answer depends on it, and what answers it without any work of a simulation. */

export interface Asked {
  method: string
  path: string
  /** Without the question mark. */
  query: string
  body: string
}

export interface Recorded {
  /** Rows of lists that the body holds. */
  rows: number
  /** The same for the same body. */
  key: string
  body(): string
}

/** Null: nothing recorded answers it. */
export type Replay = (asked: Asked) => Recorded | null

/** The same request gets the same answer, as long as nothing changes in the account. */
export function askedKey({ method, path, query, body }: Asked): string {
  return `${method} ${path}?${query} ${body}`
}
