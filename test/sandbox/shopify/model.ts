/** What a simulated shop consists of. Times are epoch ms, amounts whole numbers of the shop currency's smallest unit. */

export const KINDS = ["customer", "order", "draft", "checkout"] as const
export type Kind = (typeof KINDS)[number]

/** Every listed row: Shopify's numeric id, when it was made and last changed, and from when on lists and searches show it so. */
export interface Row {
  id: number
  created: number
  updated: number
  visibleAt: number
  /** The change before the last one: as of this they show it until then. Left out: they do not show it until then. */
  shownAsOf?: number
  /** What was otherwise then, of rows whose former content matters. */
  shownAs?: object
}

export interface CustomerRow extends Row {
  firstName: string | null
  lastName: string | null
  email: string | null
  phone: string | null
  city: string
  province: string
  zip: string
  country: string
  tags: string[]
  locale: string
  isSubscribed: boolean
  isVerified: boolean
  orders: number
  spent: number
}

/** What a discount takes off a line: one of the line itself, the line's share of one of the whole cart, or of a code. */
export interface Allocation {
  of: "line" | "cart" | "code"
  amount: number
}

export interface Line {
  id: number
  /** A tip is a line without a product, and a gift card one that Shopify marks. */
  kind: "product" | "giftCard" | "tip"
  /** Null for a custom item, or a product that was deleted. */
  product: number | null
  title: string
  variant: string | null
  sku: string | null
  vendor: string | null
  quantity: number
  /** Before discounts. */
  total: number
  allocations: Allocation[]
  /** Part of the total where prices include taxes, else on top of it. */
  tax: number
}

/** What a cart asks for: whatever is left out is an ordinary line. */
export type NewLine = Omit<Line, "id" | "kind" | "allocations" | "tax"> &
  Partial<Pick<Line, "kind" | "allocations" | "tax">>

/** A line, or more of one, that was sold, or taken back again. */
export interface Sale {
  id: number
  line: number
  action: "ORDER" | "RETURN"
  quantity: number
  /** With taxes and after discounts. */
  amount: number
  tax: number
}

/** What shop and customer agreed on: when the order was placed, and with each edit, refund and return. */
export interface Agreement {
  id: number
  happened: number
  reason: "ORDER" | "ORDER_EDIT" | "REFUND" | "RETURN"
  sales: Sale[]
}

export type TransactionKind = "AUTHORIZATION" | "CAPTURE" | "CHANGE" | "REFUND" | "SALE" | "VOID"
export type TransactionStatus = "ERROR" | "FAILURE" | "PENDING" | "SUCCESS"

export interface Transaction {
  id: number
  kind: TransactionKind
  status: TransactionStatus
  gateway: string
  error: string | null
  amount: number
  created: number
  processed: number | null
}

export interface RefundRow {
  id: number
  created: number
  /** Ids of the transactions that give the money back; their amounts make up its own. */
  transactions: number[]
  note: string | null
}

export interface OrderRow extends Row {
  number: number
  customer: number | null
  email: string | null
  isTest: boolean
  source: string
  presentment: string
  processed: number
  cancelled: number | null
  cancelReason: string | null
  discountCodes: string[]
  /** As ordered. */
  total: number
  isEdited: boolean
  lines: Line[]
  agreements: Agreement[]
  transactions: Transaction[]
  refunds: RefundRow[]
}

export interface DraftRow extends Row {
  number: number
  customer: number | null
  email: string | null
  status: "OPEN" | "INVOICE_SENT" | "COMPLETED"
  completed: number | null
  total: number
  quantity: number
}

export interface CheckoutRow extends Row {
  customer: number | null
  completed: number | null
  total: number
  lines: Line[]
}

export interface Rows {
  customer: CustomerRow
  order: OrderRow
  draft: DraftRow
  checkout: CheckoutRow
}

export interface Product {
  id: number
  title: string
  vendor: string
  price: number
  variants: readonly string[]
}

/** Decimal digits of the currencies the sandbox knows. */
export const DIGITS: Readonly<Record<string, number>> = { CAD: 2, EUR: 2, GBP: 2, JPY: 0, KWD: 3, USD: 2 }

/** What one US dollar comes to; exact enough for made-up prices. */
export const RATES: Readonly<Record<string, number>> = { CAD: 1.4, EUR: 0.9, GBP: 0.8, JPY: 150, KWD: 0.3, USD: 1 }
