import { z } from "zod"
import {
  defineConnector,
  type PageRecord,
  RecordError,
  ShapeError,
  type Stream,
} from "../../../src/connectors/kit/define.ts"
import { limited, tokenRefused } from "../../../src/connectors/kit/failure.ts"

const shape = z.object({
  rows: z.array(z.object({ id: z.string(), at: z.number() })),
  next: z.string().nullable(),
  restMs: z.number().default(0),
  denied: z.array(z.object({ collection: z.string(), reason: z.string() })).default([]),
})

interface Config {
  region: string
}

/** A partner for tests: pages of orders, newest last, completed by one more request where a page asks for it. */
export const acme = defineConnector<Config>({
  name: "acme",
  title: "Acme",
  docs: "https://acme.test/docs",
  config: z.object({ region: z.string() }),
  auth: [
    {
      kind: "apiKey",
      label: "Key",
      help: "",
      schema: z.string().startsWith("key_"),
      headers: (key) => ({ "x-key": key }),
    },
    {
      kind: "oauth2",
      label: "Connect",
      help: "",
      scopes: [],
      pkce: true,
      authorizeUrl: () => "https://acme.test/authorize",
      tokenUrl: () => "https://acme.test/token",
      refresh: "stable",
      headers: (token) => ({ Authorization: `Bearer ${token}` }),
    },
  ],
  baseUrl: ({ region }) => `https://${region}.acme.test/v1`,
  headers: { "acme-version": "7" },
  limits: {
    callsPerSecond: 10,
    docs: "https://acme.test/limits",
    restMs: (body) => shape.safeParse(body).data?.restMs ?? 0,
  },
  account: { request: () => ({ path: "/me" }), read: () => ({ id: "acct_1", name: "Acme", mode: "test" }) },
  collections: [
    {
      name: "Orders",
      title: "Orders",
      description: "An order.",
      kind: "event",
      default: true,
      schema: z.object({ id: z.string() }),
    },
  ],
  streams: [
    orders("orders", {}),
    // The same rows, as of a list whose records change.
    orders("changes", { sortedByUpdate: true }),
  ],
  pendingForDays: 30,
  classify: (status, body) => {
    if (status === 200 && body === "throttled") return limited("Acme", 4000)
    if (status === 400 && body === "expired_token") return tokenRefused("Acme")
    if (status === 401 && body === "bad_key") return { kind: "auth", reason: "Acme does not accept this key." }
    if (status === 403 && body === "no_scope") return { kind: "denied", reason: "This key may not read orders." }
    if (status === 400 && body === "echo") return { kind: "fault", reason: "No such key: key_secret." }
    return null
  },
  templates: { metrics: [], segments: [] },
})

function orders(name: string, rest: Pick<Stream<Config>, "sortedByUpdate">): Stream<Config> {
  return {
    ...{ name, title: "Orders", mode: "live", ...rest },
    collections: ["Orders"],
    pageSize: 100,
    lookbackSeconds: 300,
    request: ({ pageToken, pageSize }) => ({
      path: "/orders",
      query: { limit: pageSize, after: pageToken ?? undefined },
    }),
    page: (answer) => {
      const body = shape.safeParse(answer.body)
      if (!body.success) throw new ShapeError("Acme's list has no rows.")
      if (body.data.rows.some(({ id }) => id === "bug")) throw new TypeError("secret of ada@example.com")
      const records = body.data.rows.map((row): PageRecord => ({ id: row.id, time: row.at, body: row }))
      return { records, next: body.data.next, denied: body.data.denied }
    },
    lookup: {
      isNeeded: ({ id }) => id.startsWith("incomplete"),
      requests: (records) => records.map(({ id }) => ({ path: "/people", query: { of: id } })),
    },
    normalize: ({ id, time }, { followed }) => {
      if (id === "bad") throw new RecordError("the order names nobody")
      const userId = followed.length > 0 ? "known@example.com" : "ada@example.com"
      return { drafts: [{ collection: "Orders", id, time, userId, data: { id } }] }
    },
  }
}
