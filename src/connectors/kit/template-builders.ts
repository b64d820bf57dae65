/** Short ways to write a connector's metric and segment templates; their shapes are in templates.ts. */
import type { JsonValue, MetricTemplate, SegmentTemplate } from "./define.ts"
import type { Filter, Metric, Segment } from "./templates.ts"

export const MONEY = { kind: "number", decimals: 2 } as const
export const COUNT = { kind: "number", decimals: 0 } as const
export const SHARE = { kind: "percentage", decimals: 1 } as const

/** Amounts of several currencies cannot be added up: the user sets another one when creating the metric. */
export const USD: Filter = { attribute: "currency", operator: "=", value: "usd" }
/** Of `Charge`. */
export const PAYMENT: Filter = { attribute: "type", operator: "=", value: "payment" }
export const SUCCEEDED: Filter = { attribute: "status", operator: "=", value: "succeeded" }
export const PAID: readonly Filter[] = [PAYMENT, SUCCEEDED]
export const FAILED: Filter = { attribute: "status", operator: "=", value: "failed" }
/** Items that name nobody: each would be somebody new. */
export const KNOWN: Filter = { attribute: "anonymous", operator: "not exists" }

type FieldMetric = Extract<Metric, { type: "collection" }>
type Condition = Extract<Segment["conditions"][number], { on: string }>
export type EventCondition = Extract<Condition, { on: "event" }>

/** How many items of a collection there are. */
export function counted(
  key: string,
  title: string,
  description: string,
  collection: string,
  filters: Filter[] = [],
): MetricTemplate {
  return template(key, title, description, collection, { type: "event", collection, filters, format: COUNT })
}

/** What the values of an attribute come to. */
export function aggregated(
  key: string,
  title: string,
  description: string,
  { collection, ...of }: Omit<FieldMetric, "type">,
): MetricTemplate {
  return template(key, title, description, collection, { type: "collection", collection, ...of })
}

/** Reckoned from other metrics, by the letters that the expression gives them. */
export function formula(
  key: string,
  title: string,
  description: string,
  expression: string,
  of: Record<string, MetricTemplate>,
  format: Metric["format"],
): MetricTemplate {
  const terms = Object.fromEntries(Object.entries(of).map(([letter, { key: term }]) => [letter, term]))
  const collections = [...new Set(Object.values(of).flatMap((term) => term.collections))]
  return { key, title, description, collections, metric: { type: "formula", expression, terms, format } }
}

/** Users for whom all of the conditions are true. `collections`: those that the conditions need; an attribute's it cannot tell. */
export function people(
  key: string,
  title: string,
  description: string,
  conditions: Condition[],
  collections = conditions.flatMap((condition) => ("collection" in condition ? [condition.collection] : [])),
): SegmentTemplate {
  const segment: Segment = { over: "users", join: "all", conditions }
  return { key, title, description, collections: [...new Set(collections)], segment: segment as unknown as JsonValue }
}

/** Null days: at any time. */
export function done(collection: string, days: number | null, filters: Filter[] = []): EventCondition {
  const within = days === null ? ({ kind: "any time" } as const) : ({ kind: "last", days } as const)
  return { on: "event", collection, filters, has: "done", within }
}

export function notDone(collection: string, days: number | null, filters: Filter[] = []): EventCondition {
  return { ...done(collection, days, filters), has: "not done" }
}

function template(key: string, title: string, description: string, collection: string, metric: Metric): MetricTemplate {
  return { key, title, description, collections: [collection], metric: metric as unknown as JsonValue }
}
