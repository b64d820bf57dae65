/** A connector of an ordinary partner: what can be said as data is said so, and becomes a `Connector` here. */
import { z } from "zod"
import type { ApiKeyAuth, Connector, Stream } from "../define.ts"
import { countTestPayments } from "../test-money.ts"
import { classifierOf, type Errors } from "./errors.ts"
import { type EventFeed, feedStream } from "./feed.ts"
import type { PeopleRule } from "./people.ts"
import { type Frame, type Resource, streamsOf } from "./resource.ts"
import { collectionsOf } from "./tells.ts"

const GRANULARITY_MS = 1_000
const PENDING_DAYS = 30

export interface Rest<Config>
  extends Pick<Connector<Config>, "name" | "title" | "docs" | "auth" | "baseUrl" | "limits" | "account" | "templates"> {
  /** What the user states beside the credentials. Left out: nothing. */
  config?: z.ZodObject
  headers?: Record<string, string>
  people: PeopleRule
  /** The collection that tells payments, where there is one. */
  payments?: string
  /** What the partner's times are cut to. Left out: a second. */
  granularityMs?: number
  feed?: EventFeed
  resources: readonly Resource[]
  pendingForDays?: number
  errors: Errors
}

export function restConnector<Config = Record<string, unknown>>(rest: Rest<Config>): Connector<Config> {
  const {
    name,
    title,
    docs,
    auth,
    baseUrl,
    limits,
    account,
    templates,
    payments,
    granularityMs = GRANULARITY_MS,
  } = rest
  const frame: Frame = { connector: name, title, people: rest.people, payments: payments ?? null, granularityMs }
  const told = [...Object.values(rest.feed?.tells ?? {}).flat(), ...rest.resources.flatMap(({ tells }) => tells)]
  const streams = [
    ...(rest.feed ? [feedStream(rest.feed, frame)] : []),
    ...rest.resources.flatMap((one) => streamsOf(one, frame)),
  ]
  const stated = rest.config ?? z.strictObject({})
  return {
    name,
    title,
    docs,
    config: (payments === undefined ? stated : stated.extend({ countTestPayments })) as unknown as z.ZodType<Config>,
    auth,
    baseUrl,
    headers: rest.headers ?? {},
    limits,
    ...(granularityMs !== GRANULARITY_MS && { clock: { granularityMs } }),
    account,
    ...(payments !== undefined && { changeable: ["countTestPayments"], payments: paymentsIn(payments) }),
    collections: collectionsOf(told),
    streams: streams as Stream<Config>[],
    pendingForDays: rest.pendingForDays ?? PENDING_DAYS,
    classify: classifierOf(title, rest.errors),
    templates,
  }
}

function paymentsIn<Config>(collection: string): NonNullable<Connector<Config>["payments"]> {
  return { collection, countsTests: (config) => (config as { countTestPayments: boolean }).countTestPayments }
}

/** A key that the user pastes, of a form that can be told. `unlike`: keys of the same partner that are no good, and why. */
export function pastedKey({
  form,
  fault,
  unlike = [],
  isOwn = true,
  ...declared
}: Pick<ApiKeyAuth, "label" | "help" | "headers"> & {
  form: RegExp
  /** What the user reads of a key of another form. */
  fault: string
  unlike?: readonly (readonly [RegExp, string])[]
  /** False: keys of other partners may have this form. */
  isOwn?: boolean
}): ApiKeyAuth {
  const faultOf = (key: string) => unlike.find(([pattern]) => pattern.test(key))?.[1] ?? fault
  const schema = z
    .string()
    .trim()
    .superRefine((key, ctx) => {
      if (!form.test(key)) ctx.addIssue({ code: "custom", message: faultOf(key) })
    })
  return { kind: "apiKey", ...declared, schema, ...(isOwn && { shape: form }) }
}
