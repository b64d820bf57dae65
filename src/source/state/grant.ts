/** The right to work until a time, with a number: a lease (of a slice) or a claim (of the outbox). */
export interface Grant {
  number: number
  until: number
  /** The asker's nonce: repeated, it gets the same grant. */
  nonce: string
}

/** A grant in force: nobody else may be given the work. */
export function inForce<G extends Grant>(grant: G | null, now: number): grant is G {
  return grant !== null && grant.until > now
}

/** A grant is voided only by a higher one: past its end it still holds as long as nobody else was given the work. */
export function holds(grant: Grant | null, number: number): boolean {
  return grant !== null && grant.number === number
}
