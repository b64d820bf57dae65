/** A list read page after page, as its connector declares it: nothing is stored, paced, retried or resumed, and whatever fails ends it. */
import type {
  AnyConnector,
  Page,
  PageContext,
  PageRequest,
  PartnerAnswer,
  Stream,
} from "../../src/connectors/kit/define.ts"
import { urlOf } from "../../src/http/partner.ts"
import type { Http } from "../../src/ports.ts"
import type { Setup } from "./setup.ts"

export interface ListReading {
  http: Http
  connector: AnyConnector
  setup: Pick<Setup, "config" | "account" | "credential">
  window: PageContext<unknown>["window"]
}

export interface ReadPage {
  request: PageRequest
  answer: PartnerAnswer
  page: Page
  context: PageContext<unknown>
}

const NEVER = new AbortController().signal

export function listsOf({ streams }: AnyConnector): Stream<unknown>[] {
  return streams.filter(({ mode }) => mode === "backfill")
}

export async function* pagesOf(reading: ListReading, stream: Stream<unknown>): AsyncGenerator<ReadPage> {
  for (let token: string | null = null, more = true; more; more = token !== null) {
    const context = contextOf(reading, stream, token)
    const request = stream.request(context)
    const answer = await ask(reading, request)
    const page = stream.page(answer, context)
    yield { request, answer, page, context }
    token = page.next
  }
}

async function ask({ http, connector, setup }: ListReading, request: PageRequest): Promise<PartnerAnswer> {
  const way = connector.auth.find(({ kind }) => kind === "apiKey")
  const { body, method = body === undefined ? "GET" : "POST" } = request
  const headers = { ...connector.headers, ...way?.headers(setup.credential), "content-type": "application/json" }
  const url = urlOf(connector.baseUrl(setup.config), request) ?? ""
  const response = await http(url, { method, headers, signal: NEVER, ...(body && { body: JSON.stringify(body) }) })
  if (!response.ok) throw new Error(`${url} answered ${response.status}`)
  return { body: await response.json(), headers: response.headers }
}

function contextOf({ setup, window }: ListReading, stream: Stream<unknown>, pageToken: string | null) {
  const { config, account } = setup
  const collections = new Set(stream.collections)
  return { config, account, collections, window, pageToken, pageSize: stream.pageSize }
}
