/** What should have arrived of a simulated Paddle account. */
import type { JsonObject } from "../../sandbox/json.ts"
import { type Books, idsIn, type Row, statesOf } from "../../sandbox/rest/books.ts"
import { type Expected, type Ledger, type Outcome, unionOf } from "../oracle.ts"

const NAMES: Readonly<Record<string, (data: JsonObject, timestamp: number) => string>> = {
  "New trial": ({ subscription }) => `trial ${subscription}`,
  "Trial expired": ({ subscription }) => `trial expired ${subscription}`,
  "Trial cancelled": ({ subscription }) => `cancelled ${subscription}`,
  "Subscription cancelled": ({ subscription }) => `cancelled ${subscription}`,
  Charge: ({ type, status, transaction, refund }, timestamp) => {
    if (type === "refund") return `refunded ${refund}`
    return status === "failed" ? `failed ${transaction}@${timestamp}` : `paid ${transaction}`
  },
}

export function paddleLedger(books: Books): Ledger {
  return {
    objects: "Customers",
    expected: () =>
      books.facts.map(
        ({ at, person, ...fact }): Expected => ({ ...fact, times: [at], person, customer: person, isDue: () => true }),
      ),
    nameOf: (collection, data, timestamp) => NAMES[collection]?.(data, timestamp) ?? null,
    people: () =>
      idsIn(books, "customers").map((id) => {
        const states = statesOf(books, "customers", id)
        return {
          id,
          states: states.map((row) => JSON.stringify(stateOf(row))),
          // Of several changes of one moment nothing says which was the last.
          seconds: states.map(({ updated_at }) => Date.parse(String(updated_at))),
          isDue: () => true,
        }
      }),
    customerIn: ({ paddle_customerId }) => String(paddle_customerId),
    stateIn: ({ email, name, paddle_status }) => ({
      email: String(email),
      name: String(name),
      status: String(paddle_status),
    }),
    repeatedJoins: () => [],
    faults: (outcome) => identityFaults(books, outcome),
  }
}

function stateOf({ email, name, status }: Row): JsonObject {
  return { email: String(email), name: String(name), status: String(status) }
}

/** Each customer is under the email, and the email is joined to the id by which everything else names it. */
function identityFaults(books: Books, { received, identity, chosen }: Outcome): string[] {
  if (identity === "partnerId") return []
  const root = unionOf(received)
  const told = new Map(
    received
      .filter(({ name }) => name === "Customers")
      .map((item) => [String(item.userAttributes.paddle_customerId), item.userId]),
  )
  return idsIn(books, "customers").flatMap((id) => {
    const under = told.get(id)
    if (!chosen.has("Customers") || under === undefined || under === null || root(under) === root(id)) return []
    return [`${under} is not joined to ${id}`]
  })
}
