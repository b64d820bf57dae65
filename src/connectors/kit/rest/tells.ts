/** What a row tells: a person, a company, or something that happened. */
import { z } from "zod"
import type { Collection, Draft, NormalizeContext, Normalized } from "../define.ts"
import { RecordError } from "../define.ts"
import type { JsonValue, PendingKey } from "../item.ts"
import { readEach } from "../tell-each.ts"
import { type CountsTests, payment } from "../test-money.ts"
import { isObject, rows } from "../values.ts"
import { type Condition, isTrueOf } from "./conditions.ts"
import { attributesOf, customValues, type Fields, schemaOf } from "./fields.ts"
import { companyOf, idAt, named, type PeopleRule, themselves, type Who } from "./people.ts"
import { firstTime, type TimeAt, type TimeOf } from "./times.ts"

/** What a reading of one row depends on. */
export interface Telling extends NormalizeContext<unknown> {
  connector: string
  people: PeopleRule
  /** The collection of payments, where the partner reports any. */
  payments: string | null
  /** The live list shows a row again whenever it changes, with all that it told before. */
  isShownAgain: boolean
}

export interface Tells {
  collection: Collection
  /** Its rows join a person's ids. */
  isAboutPeople?: true
  read(row: JsonValue, telling: Telling): Normalized
}

interface Options {
  /** As a person reads it, where that is not the collection's name. */
  title?: string
  /** Off until the user turns it on. */
  isOff?: true
  /** Only rows of which this holds. */
  when?: Condition
}

interface ObjectOptions extends Options {
  /** When the row last changed. Left out: its place in the feed, or when its page was asked for. */
  changed?: TimeAt
  /** A dictionary that the account fills as it likes; its plain values are told as `<connector>_custom_<name>`. */
  custom?: { path: string; prefix: string; about: string }
}

/** A person, with the latest attributes. */
export function user(
  name: string,
  about: string,
  who: Who & { id: string },
  fields: Fields,
  options: ObjectOptions = {},
): Tells {
  const told = object(name, about, fields, options, (row, telling) => {
    const person = themselves(row, who, telling)
    const id = idAt(row, who.id)
    if (person === null || id === null) throw new RecordError(`the record has no ${who.id}`)
    const accountId = who.company && companyOf(row, who.company, telling)
    return { id, ...person, ...(accountId !== undefined && { accountId }), attributes: "userAttributes" }
  })
  return { ...told, isAboutPeople: true }
}

/** A company, with the latest attributes. */
export function account(
  name: string,
  about: string,
  who: Required<Pick<Who, "company">>,
  fields: Fields,
  options: ObjectOptions = {},
): Tells {
  return object(name, about, fields, options, (row, telling) => {
    const accountId = companyOf(row, who.company, telling)
    const id = idAt(row, who.company.id)
    if (accountId === undefined || id === null) throw new RecordError(`the record has no ${who.company.id}`)
    return { id, accountId, attributes: "accountAttributes" }
  })
}

type Subject = Pick<Draft, "id" | "userId" | "accountId" | "formerUserId"> & {
  attributes: "userAttributes" | "accountAttributes"
}

function object(
  name: string,
  about: string,
  fields: Fields,
  { changed, custom, when = {}, ...options }: ObjectOptions,
  subjectOf: (row: JsonValue, telling: Telling) => Subject,
): Tells {
  return {
    collection: described(name, about, "object", schemaOf(fields, custom?.about), options),
    read(row, telling) {
      if (!isTrueOf(when, row)) return { drafts: [] }
      const { attributes, ...subject } = subjectOf(row, telling)
      const version = changed && firstTime(row, [changed])
      const own = custom ? customValues(row, custom.path, custom.prefix) : {}
      const values = { ...own, ...attributesOf(fields, row) }
      return {
        drafts: [
          {
            collection: name,
            ...subject,
            ...(version != null && { version }),
            [attributes]: values,
            cleared: "absent",
            from: row,
          },
        ],
      }
    },
  }
}

export interface Happening {
  /** Dotted path of the record's id. Left out: `id`. */
  id?: string
  /** Which fact of the record it is; with the id, the item's key. */
  fact?: string | ((row: JsonValue) => string)
  /** When it became true: the first of these that the record has. */
  time: TimeOf | readonly TimeOf[]
  who: Who
  /** It is true of rows of which this holds. */
  when?: Condition
  /** Of these it may become true later, whenever that is. */
  pending?: { while: Condition; since: TimeAt }
  /** Of these it never will. */
  never?: Condition
  /**
   * The row holds several, under this path or found so (the payments of an order): all of the above is read from one of them, which has
   * the row itself as `of`.
   */
  each?: string | ((row: JsonValue) => readonly JsonValue[])
  /**
   * The feed may show it again long after it was told (a refund that is changed later), which does not tell it again. So it has to be shown
   * first within the feed's lag, or to have been pending: what is neither, and comes late, is taken for told.
   */
  isShownLater?: true
}

/** Something that happened, told once. */
export function event(name: string, about: string, happening: Happening, fields: Fields, options: Options = {}): Tells {
  const { id: idPath = "id", when = {}, pending, never, each, isShownLater } = happening
  const times = Array.isArray(happening.time) ? happening.time : [happening.time as TimeOf]
  const readOne = (row: JsonValue, telling: Telling): Normalized => {
    const id = idAt(row, idPath)
    if (id === null) throw new RecordError(`the record has no ${idPath}`)
    const fact = typeof happening.fact === "function" ? happening.fact(row) : happening.fact
    const key = fact === undefined ? id : `${id}:${fact}`
    if (never && isTrueOf(never, row)) return { drafts: [], closed: [{ collection: name, key }] }
    if (pending && isTrueOf(pending.while, row))
      return { drafts: [], pending: [pendingKey(name, key, row, pending.since)] }
    if (!isTrueOf(when, row)) return { drafts: [] }
    const time = firstTime(row, times)
    if (time === null) throw new RecordError("the record does not say when it happened")
    const { isAnonymous, ...who } = named(row, happening.who, id, telling)
    const data = { ...attributesOf(fields, row), ...(isAnonymous && { anonymous: true }) }
    const announced = (isShownLater || telling.isShownAgain) && { announcedAt: time }
    return {
      drafts: [
        { collection: name, ...who, id, ...(fact !== undefined && { fact }), time, ...announced, data, from: row },
      ],
    }
  }
  return {
    collection: described(name, about, "event", schemaOf(fields).extend(OF_EVERY_EVENT), options),
    read: (row, telling) =>
      withTests(name, telling, () => {
        if (each === undefined) return readOne(row, telling)
        return readEach(partsOf(row, each).map((part) => ({ collection: name, read: () => readOne(part, telling) })))
      }),
  }
}

function partsOf(row: JsonValue, each: NonNullable<Happening["each"]>): JsonValue[] {
  const parts = typeof each === "function" ? each(row) : rows(row, each)
  return parts.flatMap((part) => (isObject(part) ? [{ ...part, of: row }] : []))
}

/** What every event may carry beside its own fields. */
const OF_EVERY_EVENT = {
  anonymous: z.literal(true).describe("Always true: it names no person. Otherwise absent").optional(),
  test: z
    .literal(true)
    .describe("Always true: it happened in test mode, without real money. Otherwise absent")
    .optional(),
}

/** Payments of test money are told only where the user lets them count; whatever happens in test mode says so. */
function withTests(collection: string, { account, payments, config }: Telling, read: () => Normalized): Normalized {
  const isTest = account.mode === "test"
  if (collection === payments) return payment(isTest, { config: config as CountsTests }, read)
  const told = read()
  if (!isTest || payments === null) return told
  return { ...told, drafts: told.drafts.map((draft) => ({ ...draft, data: { ...draft.data, test: true } })) }
}

function pendingKey(collection: string, key: string, row: JsonValue, since: TimeAt): PendingKey {
  const time = firstTime(row, [since])
  if (time === null) throw new RecordError(`the record has no ${since.path}`)
  return { collection, key, time }
}

function described(
  name: string,
  description: string,
  kind: Collection["kind"],
  schema: z.ZodObject,
  { title = name, isOff }: Options,
): Collection {
  return { name, title, description, kind, default: !isOff, schema }
}

/** One collection may be told in several ways (a payment, a refund): its attributes are those of all of them. */
export function collectionsOf(told: readonly Tells[]): Collection[] {
  const merged = new Map<string, Collection>()
  for (const { collection } of told) {
    const known = merged.get(collection.name)
    merged.set(collection.name, known ? { ...known, schema: known.schema.extend(collection.schema.shape) } : collection)
  }
  return [...merged.values()]
}
