/**
 * The shapes of ready-made metrics and segments, as the destination's product knows them. Users edit them, so the same schemas
 * check a connector's templates and a user's changes.
 */
import { z } from "zod"

export const COMPARISONS = ["=", "!=", ">", ">=", "<", "<=", "contains", "exists", "not exists"] as const

const filter = z.strictObject({
  attribute: z.string().min(1),
  operator: z.enum(COMPARISONS),
  value: z.union([z.string(), z.number(), z.boolean()]).optional(),
})

const format = z.strictObject({
  kind: z.enum(["number", "percentage", "time"]),
  decimals: z.int().min(0).max(5),
})

export const metric = z.discriminatedUnion("type", [
  z.strictObject({
    type: z.literal("collection"),
    collection: z.string().min(1),
    field: z.string().min(1),
    function: z.enum(["sum", "total", "average", "median", "min", "max", "unique"]),
    filters: z.array(filter),
    format,
  }),
  z.strictObject({ type: z.literal("event"), collection: z.string().min(1), filters: z.array(filter), format }),
  /** `terms` names other metrics by the letters that `expression` uses; a term is a template's key until it has been created. */
  z.strictObject({
    type: z.literal("formula"),
    expression: z
      .string()
      .regex(
        /^[a-z0-9\s()+\-*/.]+$/,
        "may hold the letters of its terms in lower case, numbers, + - * / and brackets.",
      ),
    terms: z.record(z.string().regex(/^[a-z]$/), z.string().min(1)),
    format,
  }),
  z.strictObject({ type: z.literal("user"), filters: z.array(filter), format }),
])

const within = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("last"), days: z.int().min(1) }),
  z.strictObject({ kind: z.literal("between"), from: z.iso.date(), to: z.iso.date() }),
  z.strictObject({ kind: z.literal("any time") }),
])

const condition = z.discriminatedUnion("on", [
  z.strictObject({ on: z.literal("attribute"), ...filter.shape }),
  z.strictObject({
    on: z.literal("event"),
    collection: z.string().min(1),
    filters: z.array(filter),
    has: z.enum(["done", "not done"]),
    within,
    /** How often, or what the field adds up to; left out: at least once. */
    measure: z
      .strictObject({
        function: z.enum(["count", "sum"]),
        field: z.string().min(1).optional(),
        operator: z.enum(["=", "!=", ">", ">=", "<", "<="]),
        value: z.number(),
      })
      .optional(),
  }),
  z.strictObject({ on: z.literal("segment"), segment: z.string().min(1), is: z.enum(["in", "not in"]) }),
])

const group = z.strictObject({ join: z.enum(["all", "any"]), conditions: z.array(condition).min(1) })

/** Conditions joined by all or any, nested one level. */
export const segment = z.strictObject({
  over: z.enum(["users", "accounts"]),
  join: z.enum(["all", "any"]),
  conditions: z.array(z.union([condition, group])).min(1),
})

export type Filter = z.infer<typeof filter>
export type Metric = z.infer<typeof metric>
export type Segment = z.infer<typeof segment>
