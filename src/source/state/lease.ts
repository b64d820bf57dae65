/** The right to work until a time, with a number: a lease (of a slice) or a claim (of the outbox). */
export interface Lease {
  number: number
  until: number
  /** The asker's nonce: repeated, it gets the same lease. */
  nonce: string
}

/** A lease in force: nobody else may be given the work. */
export function inForce<G extends Lease>(grant: G | null, now: number): grant is G {
  return grant !== null && grant.until > now
}

/** A lease is voided only by a higher one: past its end it still holds as long as nobody else was given the work. */
export function holds(grant: Lease | null, number: number): boolean {
  return grant !== null && grant.number === number
}
