/** HTTP of the consumers: to the partner and to the destination, with all that happens to requests and answers on the way. */
import type { Http } from "../../src/source/ports.ts"
import { httpDate } from "../sandbox/http.ts"
import { createIntempt, type Intempt } from "../sandbox/intempt/track.ts"
import { createWriter } from "../sandbox/store.ts"
import { type PartnerAccount, POISON } from "./account.ts"
import type { Chance } from "./chance.ts"
import type { Life } from "./consumers.ts"
import { FAULTS, type FaultName, type SpellName } from "./faults.ts"
import type { Story } from "./story.ts"
import type { Timeline } from "./timeline.ts"

export interface NetworkParts {
  timeline: Timeline
  chance: Chance
  story: Story
  partner: PartnerAccount
  /** The partner's clock. */
  partnerNow(): number
  isOn(spell: SpellName): boolean
  /** The path that `partner_forbids` is about. */
  forbidden: string
  /** After each answer of the partner. */
  partnerAnswered(): void
  posting(ids: readonly string[]): void
  posted(ids: readonly string[]): void
}

export interface Network {
  intempt: Intempt
  httpOf(life: Life): Http
  /** Requests that the partner saw, and how many of them it answered as asked. */
  partnerCalls: number
  /** 401 of the partner. */
  unauthorized: number
  /** 400 for items that are as they should be. */
  needlessRefusals: number
}

export const DESTINATION = { org: "acme", project: "shop", sourceId: "1234567890123456789" }
const TRANSIENT_400_MOST = 2
const LARGE_BODY = 3_000
/** Over the size limit, and made only once. */
const HUGE = new Uint8Array(9 * 1024 * 1024)

/** What comes back, and how. */
interface Answer {
  status: number
  headers?: Record<string, string>
  body?: string
  /** `breaks` in the middle, `stalls` in the middle, or is `huge`. */
  spoilt?: "breaks" | "stalls" | "huge"
}

export function createNetwork(parts: NetworkParts): Network {
  const { timeline, chance, story, partner } = parts
  const intempt = createIntempt({ clock: timeline.now, writer: createWriter(null) })
  intempt.addKey({ prefix: "prefix", secret: "secret", org: DESTINATION.org, project: DESTINATION.project })
  /** How often an item was refused for nothing: transient means that it passes in the end. */
  const refusals = new Map<string, number>()
  const network: Network = { intempt, httpOf, partnerCalls: 0, unauthorized: 0, needlessRefusals: 0 }
  return network

  function httpOf(life: Life): Http {
    return (url, init) =>
      new Promise((resolve, reject) => {
        const request = { url: new URL(url), headers: new Headers(init.headers), body: String(init.body ?? "") }
        let isOver = false
        const close = (settle: () => void) => {
          if (isOver) return
          isOver = true
          settle()
        }
        init.signal.addEventListener("abort", () => close(() => reject(new DOMException("time is up", "TimeoutError"))))
        const exchange = request.url.hostname === "api.stripe.com" ? toPartner : toDestination
        exchange(life, request, {
          answer: (answer) => close(() => resolve(responseOf(answer, init.signal))),
          lose: (reason) => close(() => reject(new TypeError(reason))),
          isWaiting: () => !isOver,
        })
      })
  }

  interface Request {
    url: URL
    headers: Headers
    body: string
  }
  interface Line {
    answer(answer: Answer): void
    lose(reason: string): void
    isWaiting(): boolean
  }

  // ------------------------------------------------------------------------------------------------------ the partner

  function toPartner(life: Life, { url, headers }: Request, line: Line): void {
    network.partnerCalls++
    const slow = strikes("partner_slow", life) ? chance.int("slow", 2_000, 29_000) : 0
    timeline.after(chance.int("partner", 30, 400) + slow, () => {
      if (strikes("partner_unreachable", life) || parts.isOn("partner_down")) return line.lose("unreachable")
      if (strikes("partner_hangs", life)) return
      const answer = partnerAnswer(life, url, headers)
      if (answer.status === 401) network.unauthorized++
      parts.partnerAnswered()
      timeline.after(chance.int("partner", 5, 200), () => line.answer(answer))
    })
  }

  function partnerAnswer(life: Life, url: URL, headers: Headers): Answer {
    if (strikes("partner_limits", life)) return failed(429, { "retry-after": String(chance.int("wait", 0, 900)) })
    if (strikes("partner_limits_barely", life)) return failed(429)
    if (strikes("partner_5xx", life)) return failed(chance.pick("5xx", [500, 502, 503]))
    if (strikes("partner_unauthorized_once", life)) return failed(401)
    if (strikes("partner_refuses", life)) return failed(400)
    if (parts.isOn("partner_forbids") && url.pathname === parts.forbidden) return failed(403)
    if (url.searchParams.has("starting_after") && strikes("partner_forgets_token", life)) return forgotten()
    const given = partner.answer({ method: "GET", url, headers, bytes: new Uint8Array() })
    story.tell(
      () =>
        `${life.name}: Stripe ${url.pathname}${decodeURIComponent(url.search).slice(0, 150)} -> ${given.status}, ${listed(given.body)}`,
    )
    if (strikes("partner_html", life)) return { ...given, body: "<html>Down for maintenance</html>" }
    if (strikes("partner_undated", life)) return { status: given.status, body: given.body }
    if (strikes("partner_breaks", life)) return { ...given, spoilt: "breaks" }
    if (strikes("partner_stalls", life)) return { ...given, spoilt: "stalls" }
    if (strikes("partner_huge", life)) return { ...given, spoilt: "huge" }
    return given
  }

  function failed(status: number, headers: Record<string, string> = {}): Answer {
    return { status, headers: { date: httpDate(parts.partnerNow()), ...headers }, body: JSON.stringify({ error: {} }) }
  }

  function forgotten(): Answer {
    const error = { code: "resource_missing", param: "starting_after", message: "No such object" }
    return { ...failed(400), body: JSON.stringify({ error }) }
  }

  // -------------------------------------------------------------------------------------------------- the destination

  function toDestination(life: Life, { url, headers, body }: Request, line: Line): void {
    const ids = idsIn(body)
    parts.posting(ids)
    story.tell(
      () =>
        `${life.name}: POST of ${ids.length}: ${ids
          .map((id) => id.slice(id.indexOf("/") + 1))
          .join(", ")
          .slice(0, 300)}`,
    )
    const isSlow = parts.isOn("destination_crawls") || strikes("destination_slow", life)
    const slow = isSlow ? chance.int("slow", 5_000, 10_000) : 0
    timeline.after(chance.int("destination", 20, 9_000) + slow, () => {
      parts.posted(ids)
      // A caller that has given up has broken the connection.
      if (!line.isWaiting()) return
      if (strikes("destination_unreachable", life) || parts.isOn("destination_down")) return line.lose("unreachable")
      if (strikes("destination_hangs", life)) return
      const refused = refusal(life, ids, body)
      if (refused) return void timeline.after(10, () => line.answer(refused))
      const given = intempt.answer({ method: "POST", url, headers, bytes: new TextEncoder().encode(body) })
      story.tell(() => `the destination answers ${life.name} ${given.status}${given.body ? ` ${given.body}` : ""}`)
      if (strikes("destination_silent", life)) return
      const answer = strikes("destination_takes_and_fails", life)
        ? { status: 502, body: "<html>Bad Gateway</html>" }
        : given
      timeline.after(chance.int("destination", 5, 300), () => line.answer(answer))
    })
  }

  function refusal(life: Life, ids: readonly string[], body: string): Answer | null {
    if (parts.isOn("destination_rejects_key")) return { status: 401, body: "" }
    if (strikes("destination_5xx", life)) return { status: 503, body: "" }
    if (strikes("destination_limits", life)) return { status: 429, headers: { "retry-after": "30" }, body: "" }
    if (body.length > LARGE_BODY && strikes("destination_413", life)) return { status: 413, body: "" }
    if (body.includes(POISON)) return refuse("Invalid payload")
    if (parts.isOn("destination_refuses_all")) {
      network.needlessRefusals++
      return refuse("Invalid payload")
    }
    const isNew = ids.every((id) => (refusals.get(id) ?? 0) < TRANSIENT_400_MOST)
    if (!isNew || !strikes("destination_400_once", life)) return null
    for (const id of ids) refusals.set(id, (refusals.get(id) ?? 0) + 1)
    return refuse("Can't create a collection for auto-event")
  }

  function strikes(fault: FaultName, life: Life): boolean {
    const struck = chance.strikes(fault)
    if (struck) story.tell(() => `${life.name}: ${FAULTS[fault].says}`)
    return struck
  }

  function responseOf({ status, headers = {}, body = "", spoilt }: Answer, signal: AbortSignal): Response {
    const bytes = new TextEncoder().encode(body)
    const half = spoilt ? bytes.subarray(0, bytes.length / 2) : bytes
    const chunks = [spoilt === "huge" ? HUGE : half]
    let cancel: (() => void) | null = null
    const read = (): Promise<ReadableStreamReadResult<Uint8Array>> => {
      const value = chunks.shift()
      if (value) return Promise.resolve({ done: false, value })
      if (spoilt === "breaks") return Promise.reject(new TypeError("terminated"))
      if (spoilt !== "stalls" || signal.aborted) return Promise.resolve({ done: true, value: undefined })
      return new Promise((resolve) => {
        cancel = () => resolve({ done: true, value: undefined })
      })
    }
    const reader = { read, cancel: async () => cancel?.() }
    return { status, headers: new Headers(headers), body: { getReader: () => reader } } as unknown as Response
  }
}

function refuse(message: string): Answer {
  return { status: 400, body: JSON.stringify({ errors: [{ message }] }) }
}

function idsIn(body: string): string[] {
  const { track } = JSON.parse(body) as { track: { payload: { eventId: string }[] }[] }
  return track.flatMap(({ payload }) => payload.map(({ eventId }) => eventId))
}

function listed(body: string): string {
  const { data, has_more } = JSON.parse(body) as { data?: { id: string; type?: string }[]; has_more?: boolean }
  if (!data) return body.slice(0, 100)
  const names = data.map(({ id, type }) => (type ? `${type} ${id}` : id)).join(", ")
  return `${data.length}${has_more ? "+" : ""}: ${names.slice(0, 300)}`
}
