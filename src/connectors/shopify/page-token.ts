/** Where a reading of several connections stands between two pages. */
import { z } from "zod"

const connection = z.enum(["customers", "orders", "draftOrders", "abandonedCheckouts"])

const progress = z.strictObject({
  /** Shopify's cursor. */
  after: z.string().nullable(),
  /** Read since the connection was last begun, and the time it was begun at. */
  rows: z.number(),
  below: z.number().nullable(),
})

/** Parts of an order that its page does not hold: the cursor of its next lines, or which of the lengths its transactions are asked for in. */
const lines = z.strictObject({ id: z.string(), lines: z.string() })
const money = z.strictObject({ id: z.string(), money: z.enum(["few", "many"]) })
/**
 * An order's agreements after a cursor; where one of them has more sales than fit, from which of its sales on. `alone`: the search for
 * several orders has not found it.
 */
const agreements = z.strictObject({
  id: z.string(),
  agreements: z.string().nullable(),
  sales: z.string().nullable(),
  alone: z.literal(true).optional(),
})
const part = z.union([lines, money, agreements])

const token = z.strictObject({
  /** Connections that have more. */
  open: z.partialRecord(connection, progress),
  /** Read before anything else, newest order first. */
  rest: z.array(part),
  /** Epoch ms: where the page stood whose orders are being completed. All their pages stand there, until nothing is left. */
  edge: z.number().nullable(),
  /** Connections that the credential may not read. */
  denied: z.array(connection),
})

export type Progress = z.infer<typeof progress>
export type Part = z.infer<typeof part>
export type LinesPart = z.infer<typeof lines>
export type MoneyPart = z.infer<typeof money>
export type AgreementsPart = z.infer<typeof agreements>
export type Token = z.infer<typeof token>

export const BEGINNING: Progress = { after: null, rows: 0, below: null }

/** Null where a text is no token of ours. */
export function readToken(text: string): Token | null {
  try {
    const read = token.safeParse(JSON.parse(text))
    return read.success ? read.data : null
  } catch {
    return null
  }
}

export function writeToken(place: Token): string | null {
  const isDone = Object.keys(place.open).length === 0 && place.rest.length === 0
  return isDone ? null : JSON.stringify(place)
}
