/**
 * What the same work costs without any safety: fetch a page, parse, reshape, post. Nothing is stored, deduplicated, paced,
 * retried or resumed, and whatever fails ends it.
 */
import type {
  AnyConnector,
  NormalizeContext,
  PageContext,
  PageRequest,
  Stream,
} from "../../src/connectors/kit/define.ts"
import type { Item } from "../../src/connectors/kit/item.ts"
import { toItems } from "../../src/connectors/kit/to-items.ts"
import { intempt } from "../../src/destinations/intempt.ts"
import { urlOf } from "../../src/http/partner.ts"
import type { PipelinePorts } from "../../src/pipeline/ports.ts"
import { BENCH_TARGET, type Setup } from "./setup.ts"

export interface BareRun {
  pages: number
  records: number
  items: number
}

type Ports = Pick<PipelinePorts, "http">

interface Reading {
  ports: Ports
  connector: AnyConnector
  setup: Setup
  run: BareRun
}

const NEVER = new AbortController().signal

export async function runBare(ports: Ports, connector: AnyConnector, setup: Setup): Promise<BareRun> {
  const run: BareRun = { pages: 0, records: 0, items: 0 }
  const streams: Stream<unknown>[] = connector.streams.filter(({ mode }) => mode === "backfill")
  for (const stream of streams) await readStream({ ports, connector, setup, run }, stream)
  return run
}

async function readStream({ ports, connector, setup, run }: Reading, stream: Stream<unknown>): Promise<void> {
  for (let token: string | null = null, more = true; more; more = token !== null) {
    const ctx = contextOf(setup, stream, token)
    const page = stream.page(await ask(ports, connector, setup, stream.request(ctx)), ctx)
    const items = page.records.flatMap(
      (record) => toItems(connector, stream, record, normalizing(ctx, setup), {}).items,
    )
    await Promise.all(batches(items).map((batch) => post(ports, setup, batch)))
    token = page.next
    run.pages++
    run.records += page.records.length
    run.items += items.length
  }
}

async function ask({ http }: Ports, connector: AnyConnector, { config, credential }: Setup, request: PageRequest) {
  const way = connector.auth.find(({ kind }) => kind === "apiKey")
  const { body, method = body === undefined ? "GET" : "POST" } = request
  const headers = { ...connector.headers, ...way?.headers(credential), "content-type": "application/json" }
  const url = urlOf(connector.baseUrl(config), request) ?? ""
  const response = await http(url, { method, headers, signal: NEVER, ...(body && { body: JSON.stringify(body) }) })
  return { body: await response.json(), headers: response.headers }
}

async function post(ports: Ports, setup: Setup, items: Item[]): Promise<void> {
  const { org, project, sourceId } = BENCH_TARGET
  const url = `https://api.intempt.com/v1/${org}/projects/${project}/sources/${sourceId}/track`
  const authorization = `Basic ${btoa(setup.destinationKey.replace(".", ":"))}`
  const headers = { authorization, "content-type": "application/json" }
  const response = await ports.http(url, {
    method: "POST",
    headers,
    body: intempt.body(items, "bare", "empty"),
    signal: NEVER,
  })
  if (!response.ok) throw new Error(`the destination answered ${response.status}`)
  await response.body?.cancel()
}

function contextOf({ config, account, startDate, connectedAt }: Setup, stream: Stream<unknown>, token: string | null) {
  const window = { from: startDate, to: connectedAt }
  return {
    config,
    account,
    collections: new Set(stream.collections),
    window,
    pageToken: token,
    pageSize: stream.pageSize,
  }
}

function normalizing(ctx: PageContext<unknown>, setup: Setup): NormalizeContext<unknown> {
  const { config, account, collections } = ctx
  return { config, account, collections, identity: "email", via: "list", followed: [], asked: setup.connectedAt }
}

function batches(items: Item[]): Item[][] {
  const count = Math.ceil(items.length / intempt.itemsMax)
  return Array.from({ length: count }, (_, index) =>
    items.slice(index * intempt.itemsMax, (index + 1) * intempt.itemsMax),
  )
}
