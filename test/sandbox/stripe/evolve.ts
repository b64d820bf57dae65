/** Random but repeatable life at the present moment: each step is one thing that one person does now. */
import { type Account, atOnce, now, prune } from "./account.ts"
import { mayCapture } from "./charges.ts"
import { createCustomer, deleteCustomer, updateCustomer } from "./customers.ts"
import type { Kind, Row, Rows, SubscriptionRow } from "./model.ts"
import { arrive, buy, buyAsGuest, changeMind, PEOPLE, subscribe, writeInvoice } from "./people.ts"
import type { Table } from "./table.ts"

type Step = (account: Account) => void

/** Weight, and what is done. A step that finds nobody to act on does nothing. */
const STEPS: readonly (readonly [number, string, Step])[] = [
  [14, "arrive", (account) => void arrive(account)],
  [
    20,
    "buy",
    (account) =>
      void buy(
        account,
        anyOf(account, "customer", (row) => !row.deleted),
      ),
  ],
  [8, "guest", (account) => void buyAsGuest(account)],
  [
    8,
    "subscribe",
    (account) =>
      on(
        account,
        "customer",
        (row) => !row.deleted,
        (row) => subscribe(account, row),
      ),
  ],
  [
    14,
    "change_mind",
    (account) =>
      on(
        account,
        "subscription",
        (row) => row.endedAt === null && !isOverdue(account, row),
        (row) => changeMind(account, row.id),
      ),
  ],
  [
    8,
    "refund",
    (account) =>
      on(
        account,
        "charge",
        (row) => row.captured,
        (row) => task(account, "refund", row.id),
      ),
  ],
  [
    2,
    "refund_fails",
    (account) =>
      on(
        account,
        "refund",
        (row) => row.status === "succeeded",
        (row) => task(account, "refund_fails", row.id),
      ),
  ],
  [
    3,
    "settle_refund",
    (account) =>
      on(
        account,
        "refund",
        (row) => row.status === "pending",
        (row) => task(account, "settle_refund", row.id),
      ),
  ],
  [
    5,
    "settle_charge",
    (account) =>
      on(
        account,
        "charge",
        (row) => row.status === "pending",
        (row) => task(account, "settle_charge", row.id),
      ),
  ],
  [
    3,
    "capture",
    (account) =>
      on(
        account,
        "charge",
        (row) => mayCapture(account, row),
        (row) => task(account, "capture", row.id),
      ),
  ],
  [
    1,
    "dispute",
    (account) =>
      on(
        account,
        "charge",
        (row) => row.captured,
        (row) => task(account, "dispute", row.id),
      ),
  ],
  [
    4,
    "change_email",
    (account) =>
      on(
        account,
        "customer",
        (row) => !row.deleted,
        (row) => task(account, "change_email", row.id),
      ),
  ],
  [
    6,
    "touch_customer",
    (account) =>
      on(
        account,
        "customer",
        (row) => !row.deleted,
        (row) => task(account, "touch_customer", row.id),
      ),
  ],
  [1, "swap_email", swapEmail],
  [
    1,
    "delete_customer",
    (account) =>
      on(
        account,
        "customer",
        (row) => !row.deleted,
        (row) => void deleteCustomer(account, row.id),
      ),
  ],
  [
    4,
    "write_invoice",
    (account) =>
      on(
        account,
        "customer",
        (row) => !row.deleted,
        (row) => writeInvoice(account, row.id),
      ),
  ],
  [
    8,
    "invoice_outcome",
    (account) =>
      on(
        account,
        "invoice",
        (row) => row.status !== "paid" && row.subscription === null,
        (row) => task(account, "invoice_outcome", row.id),
      ),
  ],
  [
    5,
    "trial_end",
    (account) =>
      on(
        account,
        "subscription",
        (row) => row.status === "trialing",
        (row) => task(account, "trial_end", row.id, row.trialEnd ?? 0),
      ),
  ],
  [
    6,
    "renew",
    (account) =>
      on(
        account,
        "subscription",
        (row) => row.status === "active",
        (row) => task(account, "renew", row.id, row.periodEnd),
      ),
  ],
  [
    6,
    "collect_invoice",
    (account) =>
      on(
        account,
        "invoice",
        (row) => row.status === "draft" && row.subscription !== null,
        (row) => task(account, "collect_invoice", row.id),
      ),
  ],
  [
    2,
    "retry_invoice",
    (account) =>
      on(
        account,
        "invoice",
        (row) => row.status === "open" && row.subscription !== null,
        (row) => task(account, "retry_invoice", row.id),
      ),
  ],
]
const TOTAL = STEPS.reduce((sum, [weight]) => sum + weight, 0)

/** Returns the names of what was done. */
export function evolve(account: Account, steps: number): string[] {
  prune(account)
  const done: string[] = []
  for (let left = steps; left > 0; left--) {
    let roll = account.random.next() * TOTAL
    for (const [weight, name, step] of STEPS) {
      roll -= weight
      if (roll >= 0) continue
      atOnce(account, () => step(account))
      done.push(name)
      break
    }
  }
  return done
}

/** Stripe ends a trial within moments of its time; only here nobody may have done so yet. */
function isOverdue(account: Account, { status, trialEnd }: SubscriptionRow): boolean {
  return status === "trialing" && trialEnd !== null && trialEnd <= now(account)
}

/** Somebody takes over an address that another person gave up: two customers, one email, at different times. */
function swapEmail(account: Account): void {
  on(
    account,
    "customer",
    (row) => !row.deleted && row.email !== null,
    (row) => {
      const { email } = row
      updateCustomer(account, row.id, { email: null })
      createCustomer(account, { email, name: "Second Owner" })
    },
  )
}

function task(account: Account, name: string, id: string, at = 0): void {
  PEOPLE[name]?.(account, { at, no: 0, name, id })
}

function on<K extends Kind>(
  account: Account,
  kind: K,
  fits: (row: Rows[K]) => boolean,
  act: (row: Rows[K]) => void,
): void {
  const row = anyOf(account, kind, fits)
  if (row) act(row)
}

function anyOf<K extends Kind>(account: Account, kind: K, fits: (row: Rows[K]) => boolean): Rows[K] | undefined {
  const { order } = account.tables[kind] as Table<Rows[K] & Row>
  for (let tries = 12; tries > 0 && order.length > 0; tries--) {
    const row = account.random.pick(order)
    if (!row.raw && fits(row)) return row
  }
  return undefined
}
