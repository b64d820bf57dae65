/** One stream of the Shopify connector read to its end at a simulated shop: pages and normalizing alone, without the engine. */
import type { Account, Window } from "../../../src/connectors/kit/define.ts"
import type { Item } from "../../../src/connectors/kit/item.ts"
import type { Config } from "../../../src/connectors/shopify/shape.ts"
import { shopify } from "../../../src/connectors/shopify.ts"
import { normalizePage } from "../../../src/pipeline/normalize.ts"
import type { Sandbox } from "../../sandbox/sandbox.ts"
import { CONFIG, pageContext, reading, streamOf } from "./objects.ts"

const PAGES_MAX = 10_000

export interface Path {
  stream: string
  /** Rows of a page; the fewer, the more of each order is completed by further requests. Left out: full pages. */
  pageSize?: number
  window?: Window
}

export interface ShopAccess {
  sandbox: Sandbox
  token: string
  /** What the source says of the shop. Left out: a live shop as the builders have it. */
  source?: { config: Config; account: Account }
}

export async function readPath({ sandbox, token: key, source }: ShopAccess, path: Path): Promise<Item[]> {
  const stream = streamOf(path.stream)
  const window = path.window ?? { from: null, to: null }
  const via = stream.mode === "live" ? "feed" : "list"
  const items: Item[] = []
  let pageToken: string | null = null
  for (let page = 0; page < PAGES_MAX; page++) {
    const ctx = pageContext({ ...source, window, pageToken, pageSize: path.pageSize ?? stream.pageSize }, stream)
    const request = stream.request(ctx)
    const response = await sandbox.handle(
      new Request(`https://${CONFIG.shop}${request.path}`, {
        method: "POST",
        headers: { "content-type": "application/json", "x-shopify-access-token": key },
        body: JSON.stringify(request.body),
      }),
    )
    const body = (await response.json()) as { errors?: unknown }
    if (body.errors) throw new Error(JSON.stringify(body.errors))
    const read = stream.page({ body, headers: response.headers }, ctx)
    const context = reading({ ...source, via, asked: sandbox.clock.now() })
    const made = normalizePage(shopify, stream, read.records, context, {})
    if (made.rejects.length > 0) throw new Error(JSON.stringify(made.rejects))
    items.push(...made.items)
    pageToken = read.next
    if (pageToken === null) return items
  }
  throw new Error(`${path.stream} does not end`)
}
