import { describe, expect, test } from "vitest"
import { z } from "zod"
import {
  type Draft,
  defineConnector,
  RecordError,
  ShapeError,
  type Stream,
} from "../../../src/connectors/kit/define.ts"
import { ALIAS } from "../../../src/connectors/kit/item.ts"
import { type AddedFields, type Itemized, toItems } from "../../../src/connectors/kit/to-items.ts"
import { stripe } from "../../../src/connectors/stripe.ts"

const RECORD = {
  id: "r1",
  time: 5_000,
  body: { id: "r1", plan: { name: "Gold" }, tags: ["a", "b"], nested: { deep: 1 }, amount: 7 },
}
const FACT: Draft = { collection: "Orders", userId: "a@b.c", id: "o1", fact: "paid", time: 3_000, data: { amount: 1 } }
const PERSON: Draft = { collection: "People", userId: "a@b.c", id: "p1", userAttributes: { name: "Ada" } }
const COMPANY: Draft = { collection: "Companies", accountId: "b.c", id: "c1", accountAttributes: { name: "B" } }

const [note, tags, balance] = [z.string().optional(), z.array(z.string()).optional(), z.number().optional()]

const collection = (name: string, kind: "event" | "object", schema: z.ZodObject) => {
  return { name, title: name, description: name, kind, default: true, schema }
}

/** A connector that says what the test wants said. */
function told(
  normalize: Stream<unknown>["normalize"] | Draft[],
  options: {
    via?: "feed" | "list" | "webhook"
    chosen?: string[]
    added?: AddedFields
    collectionOf?: Stream<unknown>["collectionOf"]
  } = {},
): Itemized {
  const stream: Stream<unknown> = {
    name: "all",
    title: "All",
    mode: "live",
    collections: ["Orders", "People", "Companies"],
    pageSize: 1,
    lookbackSeconds: 300,
    request: () => ({ path: "/" }),
    page: () => ({ records: [], next: null }),
    normalize: typeof normalize === "function" ? normalize : () => ({ drafts: normalize }),
    ...(options.collectionOf && { collectionOf: options.collectionOf }),
  }
  const collections = [
    collection("Orders", "event", z.strictObject({ amount: z.number() })),
    collection(
      "People",
      "object",
      z
        .object({ name: z.string(), ...{ stripe_note: note, stripe_tags: tags, stripe_balance: balance, phone: note } })
        .catchall(z.string()),
    ),
    collection("Companies", "object", z.strictObject({ name: z.string() })),
  ]
  const connector = defineConnector<unknown>({
    ...stripe,
    config: z.unknown(),
    auth: [],
    collections,
    streams: [stream],
  })
  const ctx = {
    config: null,
    account: { id: "a", name: "A", mode: "live" as const },
    collections: new Set(options.chosen ?? stream.collections),
    identity: "email" as const,
    via: options.via ?? ("feed" as const),
    followed: [],
    asked: 9_000,
  }
  return toItems(connector, stream, RECORD, ctx, options.added ?? {})
}

describe("an event's item", () => {
  test("has the record and the fact as its key, and the fact's time as its version", () => {
    expect(told([FACT])).toEqual({
      items: [
        {
          userId: "a@b.c",
          collection: "Orders",
          kind: "event",
          key: "o1:paid",
          time: 3_000,
          version: 3_000,
          announcedAt: 5_000,
          data: { amount: 1 },
        },
      ],
      rejects: [],
      pending: [],
      closed: [],
    })
  })

  test("from a list stands where its page was asked for", () => {
    expect(told([FACT], { via: "list" }).items[0]).toMatchObject({ time: 3_000, version: 3_000, announcedAt: 9_000 })
  })

  test.each([
    ["has come by", 4_000, 9_000],
    ["is still to come", 12_000, 12_000],
  ])(
    "from a list, of which the feed may show it until then, stands there where that %s",
    (_, announcedAt, expected) => {
      expect(told([{ ...FACT, announcedAt }], { via: "list" }).items[0]).toMatchObject({ announcedAt: expected })
    },
  )

  test("without a fact has the record's id as its key", () => {
    const { fact: _, ...whole } = FACT
    expect(told([whole]).items[0]?.key).toBe("o1")
  })
})

describe("an object's item", () => {
  test.each([
    ["feed", undefined, 5_000],
    ["webhook", undefined, 5_000],
    ["list", undefined, 9_000],
    ["list", 4_000, 4_000],
    ["feed", 4_000, 4_000],
  ] as const)("by %s with the partner's update time %j has version %i", (via, version, expected) => {
    const draft = version === undefined ? PERSON : { ...PERSON, version }
    expect(told([draft], { via }).items[0]).toMatchObject({ version: expected, time: expected, key: "p1" })
  })

  test("carries attributes of a person or of a company, and no data", () => {
    const [person, company] = told([PERSON, COMPANY]).items
    expect(person).toMatchObject({ userId: "a@b.c", userAttributes: { name: "Ada" } })
    expect(company).toMatchObject({ accountId: "b.c", accountAttributes: { name: "B" } })
    expect([person?.data, person?.accountAttributes, company?.data, company?.userAttributes]).toEqual(
      Array(4).fill(undefined),
    )
  })
})

describe("attributes that have lost their value", () => {
  const cleared = (draft: Partial<Draft>, via: "feed" | "list" | "webhook" = "feed") =>
    told([{ ...PERSON, ...draft }], { via }).items[0]?.cleared

  test("are named with what kind of value they had, in the order of their names", () => {
    const named = ["stripe_tags", "stripe_note", "stripe_metadata_plan", "stripe_balance"]
    expect(Object.entries(cleared({ cleared: named }) ?? {})).toEqual([
      ["stripe_balance", "other"],
      ["stripe_metadata_plan", "text"],
      ["stripe_note", "text"],
      ["stripe_tags", "list"],
    ])
  })

  test("are none that other partners know, and none that have one", () => {
    expect(cleared({ cleared: ["phone", "email"] })).toBeUndefined()
    const userAttributes = { name: "Ada", stripe_note: "x" }
    expect(cleared({ cleared: ["stripe_note", "stripe_tags"], userAttributes })).toEqual({ stripe_tags: "list" })
  })

  test("are all absent ones of the collection's table, where the partner does not name what changed", () => {
    const userAttributes = { name: "Ada", stripe_note: "x" }
    expect(cleared({ cleared: "absent", userAttributes })).toEqual({ stripe_balance: "other", stripe_tags: "list" })
    expect(cleared({ cleared: "absent", userAttributes }, "webhook")).toBeDefined()
  })

  test("are not told by a list of the past", () => {
    expect(cleared({ cleared: "absent" }, "list")).toBeUndefined()
    expect(cleared({ cleared: ["stripe_note"] }, "list")).toBeUndefined()
  })
})

describe("an alias", () => {
  test("joins a former id, beside the item it came with", () => {
    const { items } = told([{ ...PERSON, formerUserId: "cus_1" }])
    expect(items).toHaveLength(2)
    expect(items[1]).toEqual({
      userId: "a@b.c",
      anotherUserId: "cus_1",
      collection: ALIAS,
      kind: "event",
      key: "cus_1:a@b.c",
      time: 5_000,
      version: 5_000,
      announcedAt: 5_000,
    })
  })

  test("of an id with itself is none", () => {
    expect(told([{ ...PERSON, formerUserId: "a@b.c" }]).items).toHaveLength(1)
  })

  test("may come alone, whatever the user chose", () => {
    const { items } = told([{ collection: ALIAS, userId: "new@b.c", id: "p1", formerUserId: "old@b.c" }], {
      chosen: ["Orders"],
    })
    expect(items.map(({ key }) => key)).toEqual(["old@b.c:new@b.c"])
  })

  test("goes with the item that is not wanted or not valid", () => {
    const joined = { ...PERSON, formerUserId: "cus_1" }
    expect(told([joined], { chosen: ["Orders"] }).items).toEqual([])
    expect(told([{ ...joined, userAttributes: { name: 1 } }]).items).toEqual([])
  })
})

describe("fields that a user added", () => {
  const added = { Orders: { plan: "plan.name", tags: "tags", nested: "nested", gone: "no.where", amount: "amount" } }

  test("are read from the record; what is no attribute's value is left out, and a documented attribute is not replaced", () => {
    expect(told([FACT], { added }).items[0]?.data).toEqual({ plan: "Gold", tags: ["a", "b"], amount: 1 })
  })

  test("are read from the object where the record wraps it", () => {
    expect(told([{ ...FACT, from: { plan: { name: "Silver" } } }], { added }).items[0]?.data).toEqual({
      plan: "Silver",
      amount: 1,
    })
  })

  test("go to the attributes of a person or of a company", () => {
    const both = { People: { plan: "plan.name" }, Companies: { plan: "plan.name" } }
    const [person, company] = told([PERSON, COMPANY], { added: both }).items
    expect(person?.userAttributes).toEqual({ name: "Ada", plan: "Gold" })
    expect(company?.accountAttributes).toEqual({ name: "B", plan: "Gold" })
  })
})

describe("what cannot be sent", () => {
  test.each<[string, Draft, string]>([
    [
      "an attribute of the wrong type",
      { ...FACT, data: { amount: "1" } },
      "amount: Invalid input: expected number, received string",
    ],
    [
      "an attribute that is missing",
      { ...FACT, data: {} },
      "amount: Invalid input: expected number, received undefined",
    ],
    ["an attribute that is not documented", { ...FACT, data: { amount: 1, x: 2 } }, 'Unrecognized key: "x"'],
    ["an event without a time", { ...FACT, time: Number.NaN }, "the record does not say when it happened"],
    ["nobody", { ...FACT, userId: "" }, "the record names neither a person nor a company"],
  ])("%s is rejected with its reason, the others of the record go on", (_name, draft, reason) => {
    const { items, rejects } = told([draft, PERSON])
    expect(items).toHaveLength(1)
    expect(rejects).toEqual([{ collection: "Orders", key: "r1", reason, record: RECORD.body }])
  })

  test("an object's attributes are checked too", () => {
    expect(told([{ ...COMPANY, accountAttributes: {} }]).rejects[0]).toMatchObject({ collection: "Companies" })
  })

  test("a record that the connector refuses is rejected in its words", () => {
    const refuse = () => {
      throw new RecordError("the record has no currency")
    }
    const reject = { key: "r1", reason: "the record has no currency", record: RECORD.body }
    expect(told(refuse).rejects).toEqual([{ ...reject, collection: "Orders" }])
    expect(told(refuse, { chosen: ["People"] }).rejects).toEqual([{ ...reject, collection: "People" }])
    expect(told(refuse, { collectionOf: () => "Companies" }).rejects).toEqual([{ ...reject, collection: "Companies" }])
    const unchosen = { chosen: ["People"], collectionOf: () => "Companies" }
    expect(told(refuse, unchosen).rejects).toEqual([{ ...reject, collection: "People" }])
  })

  test("a record that breaks the connector is rejected, not the page", () => {
    const broken = () => {
      throw new TypeError("x is not a function")
    }
    expect(told(broken).rejects[0]?.reason).toBe(
      "the record could not be read, because of a mistake on our side: x is not a function",
    )
  })

  test("a page that is to be read again is not a bad record", () => {
    const early = () => {
      throw new ShapeError("not yet")
    }
    expect(() => told(early)).toThrow(ShapeError)
  })
})

test("only what belongs to chosen collections is told, keys that are open or closed included", () => {
  const keys = [
    { collection: "Orders", key: "o1:paid", time: 1 },
    { collection: "People", key: "p1", time: 1 },
  ]
  const { items, pending, closed } = told(() => ({ drafts: [FACT, PERSON], pending: keys, closed: keys }), {
    chosen: ["Orders"],
  })
  expect(items.map(({ collection }) => collection)).toEqual(["Orders"])
  expect(pending).toEqual([keys[0]])
  expect(closed).toEqual([keys[0]])
})
