/** The right to work until a time, with a number: a lease (of a slice) or a claim (of the outbox). */
export interface Lease {
  number: number
  until: number
  /** The asker's nonce: repeated, it gets the same lease. */
  nonce: string
}

/** A lease in force: nobody else may be given the work. */
export function inForce<L extends Lease>(lease: L | null, now: number): lease is L {
  return lease !== null && lease.until > now
}

/** Past its end a lease still holds, until the work is given to another consumer or the lease is taken away. */
export function holds(lease: Lease | null, number: number): boolean {
  return lease !== null && lease.number === number
}
