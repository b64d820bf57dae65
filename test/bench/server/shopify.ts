/**
 * Shopify's lists out of recorded rows: a document that reads one connection, for any cut by creation time and cursor. Requests that
 * complete an order name its id, and are answered as they were recorded.
 */
import { z } from "zod"
import type { Replay } from "./replay.ts"
import { type Cut, type Rows, slice, textsOf } from "./rows.ts"

/** A document and what its answer holds beside the connection. */
export interface ReadDocument {
  connection: string
  /** JSON of `data` without the connection: members, each followed by a comma. */
  besides: string
  /** JSON. */
  extensions: string
}

const graphql = z.object({ query: z.string(), variables: z.record(z.string(), z.unknown()) })
const TERM = /^(\w+):(>=|<)'([^']+)'$/
/** Search terms that bound the time by which these lists are sorted. */
const CREATION = new Set(["created_at", "customer_date"])

export function shopifyReplay(
  documents: ReadonlyMap<string, ReadDocument>,
  connections: ReadonlyMap<string, Rows>,
): Replay {
  return ({ body: text }) => {
    const asked = askedOf(text)
    const document = asked && documents.get(documentKey(asked))
    const rows = document && connections.get(document.connection)
    const cut = rows && cutOf(document.connection, rows, asked.variables)
    const page = cut && slice(rows, cut)
    if (!page) return null
    const { connection, besides, extensions } = document
    const { start, end, hasMore } = page
    const body = () => {
      const list = `"${connection}":{"edges":[${textsOf(rows, page)}],"pageInfo":{"hasNextPage":${hasMore}}}`
      return `{"data":{${besides}${list}},"extensions":${extensions}}`
    }
    return { rows: end - start, key: `${connection} ${besides !== ""} ${start} ${end} ${hasMore}`, body }
  }
}

export type GraphQLAsked = z.infer<typeof graphql>

export function askedOf(body: string): GraphQLAsked | null {
  const read = graphql.safeParse(body === "" ? null : JSON.parse(body))
  return read.success ? read.data : null
}

/** Lists within a row have a length of their own, which its text depends on. */
export function documentKey({ query, variables }: GraphQLAsked): string {
  const lengths = Object.entries(variables).filter(([name]) => name.endsWith("Lines"))
  return JSON.stringify([query, lengths])
}

/** Null where the search is for something else than a range of creation times. */
function cutOf(connection: string, rows: Rows, variables: GraphQLAsked["variables"]): Cut | null {
  const { [`${connection}First`]: first, [`${connection}After`]: after, [`${connection}Query`]: query } = variables
  const bounds = boundsOf(typeof query === "string" ? query : "", rows)
  if (typeof first !== "number" || bounds === null) return null
  return { ...bounds, after: typeof after === "string" ? after : null, limit: first }
}

function boundsOf(query: string, rows: Rows): Pick<Cut, "from" | "below"> | null {
  const bounds: Pick<Cut, "from" | "below"> = { from: null, below: null }
  for (const term of query.split(" ").filter((one) => one !== "")) {
    const [, field = "", operator, time = ""] = TERM.exec(term) ?? []
    if (CREATION.has(field)) bounds[operator === "<" ? "below" : "from"] = Date.parse(time)
    else if (!isMetByAll(field, operator, Date.parse(time), rows)) return null
  }
  return bounds
}

/** What was created since then was also changed since then. */
function isMetByAll(field: string, operator: string | undefined, time: number, rows: Rows): boolean {
  return field === "updated_at" && operator === ">=" && rows.timeAt(rows.length - 1) >= time
}
