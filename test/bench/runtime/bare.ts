/**
 * What the same work costs without any safety: fetch a page, parse, reshape, post. Nothing is stored, deduplicated, paced,
 * retried or resumed, and whatever fails ends it.
 */
import type { AnyConnector, NormalizeContext, PageContext, Stream } from "../../../src/connectors/kit/define.ts"
import type { Item } from "../../../src/connectors/kit/item.ts"
import { toItems } from "../../../src/connectors/kit/to-items.ts"
import { intempt } from "../../../src/destinations/intempt.ts"
import type { PipelinePorts } from "../../../src/pipeline/ports.ts"
import { type ListReading, listsOf, pagesOf } from "../pages.ts"
import { BENCH_TARGET, type Setup } from "../setup.ts"

export interface BareRun {
  pages: number
  records: number
  items: number
}

type Ports = Pick<PipelinePorts, "http">

const NEVER = new AbortController().signal

export async function runBare({ http }: Ports, connector: AnyConnector, setup: Setup): Promise<BareRun> {
  const run: BareRun = { pages: 0, records: 0, items: 0 }
  const reading = { http, connector, setup, window: { from: setup.startDate, to: setup.connectedAt } }
  for (const stream of listsOf(connector)) await sendList(reading, stream, setup, run)
  return run
}

async function sendList(reading: ListReading, stream: Stream<unknown>, setup: Setup, run: BareRun): Promise<void> {
  const { connector, http } = reading
  for await (const { page, context } of pagesOf(reading, stream)) {
    const normalizing = normalizingOf(context, setup)
    const items = page.records.flatMap((record) => toItems(connector, stream, record, normalizing, {}).items)
    await Promise.all(batches(items).map((batch) => post({ http }, setup, batch)))
    run.pages++
    run.records += page.records.length
    run.items += items.length
  }
}

async function post({ http }: Ports, setup: Setup, items: Item[]): Promise<void> {
  const { org, project, sourceId } = BENCH_TARGET
  const url = `https://api.intempt.com/v1/${org}/projects/${project}/sources/${sourceId}/track`
  const authorization = `Basic ${btoa(setup.destinationKey.replace(".", ":"))}`
  const headers = { authorization, "content-type": "application/json" }
  const body = intempt.body(items.map((item) => intempt.encode(item, "bare", "empty")))
  const response = await http(url, { method: "POST", headers, body, signal: NEVER })
  if (!response.ok) throw new Error(`the destination answered ${response.status}`)
  await response.body?.cancel()
}

function normalizingOf(context: PageContext<unknown>, setup: Setup): NormalizeContext<unknown> {
  const { config, account, collections } = context
  return { config, account, collections, identity: "email", via: "list", followed: [], asked: setup.connectedAt }
}

function batches(items: Item[]): Item[][] {
  const count = Math.ceil(items.length / intempt.itemsMax)
  return Array.from({ length: count }, (_, index) =>
    items.slice(index * intempt.itemsMax, (index + 1) * intempt.itemsMax),
  )
}
