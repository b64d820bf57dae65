/** Any number of Stripe customers without holding them: each is written from one customer's text when it is asked for. */
import type { Rows } from "./rows.ts"

/** Fields that differ from customer to customer. */
type Own = "id" | "name" | "email" | "created"

const MARK = /"@(id|name|email|created)@"/
const MARKED: Record<Own, string> = { id: "@id@", name: "@name@", email: "@email@", created: "@created@" }
/** As long as Stripe's own ids. */
const ID_DIGITS = 14
const ID = /^cus_(\d+)$/

/** `like`: a customer as Stripe shows it. The newest was created at `until`, the others evenly over the time before. */
export function manyCustomers(count: number, like: object, { until, days }: { until: number; days: number }): Rows {
  const parts = JSON.stringify({ ...like, ...MARKED }).split(MARK)
  const stepMs = (days * 86_400_000) / count
  const timeAt = (index: number) => 1000 * Math.floor((until - index * stepMs) / 1000)
  const own: Record<Own, (index: number) => string> = {
    id: (index) => `"${idOf(index)}"`,
    name: (index) => `"Customer ${index}"`,
    email: (index) => `"customer.${index}@example.com"`,
    created: (index) => String(timeAt(index) / 1000),
  }
  return {
    length: count,
    timeAt,
    textAt: (index) => parts.map((part, at) => (at % 2 === 0 ? part : own[part as Own](index))).join(""),
    indexOf: (id) => placeOf(id, count),
  }
}

function idOf(index: number): string {
  return `cus_${String(index).padStart(ID_DIGITS, "0")}`
}

function placeOf(id: string, count: number): number {
  const place = Number(ID.exec(id)?.[1] ?? -1)
  return place < count ? place : -1
}
