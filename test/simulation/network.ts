/** HTTP: to the partner, its token endpoint and the destination, with all that happens to requests and answers on the way. */
import type { Http } from "../../src/ports.ts"
import { type Call, html, httpDate, json, textOf } from "../sandbox/http.ts"
import { createIntempt, type Intempt } from "../sandbox/intempt/track.ts"
import { createWriter } from "../sandbox/store.ts"
import type { Chance } from "./chance.ts"
import type { Life } from "./consumers.ts"
import { type FaultName, faultOf, POISON, type SpellName } from "./faults.ts"
import type { PartnerAccount } from "./partner.ts"
import type { Story } from "./story.ts"
import type { Timeline } from "./timeline.ts"
import type { TokenWatch } from "./tokens.ts"

/** Just within what a POST may last. */
const DRAGS_MS = 17_000

export interface NetworkParts {
  timeline: Timeline
  chance: Chance
  story: Story
  partner: PartnerAccount
  /** The partner's clock. */
  partnerNow(): number
  pageSize: number
  place: Place
  isStormy(): boolean
  isOn(spell: SpellName): boolean
  /** After each answer of the partner. */
  partnerAnswered(): void
  /** What the partner's side sees of credentials and their renewal. */
  signInAgain(): void
  tokens: Pick<TokenWatch, "used" | "refused" | "asked" | "renewed" | "lost">
  posting(ids: readonly string[]): void
  posted(ids: readonly string[]): void
  /** The destination took the items of this body. */
  taken(body: string, ids: readonly string[]): void
}

export interface Network {
  intempt: Intempt
  /** Whether this partner, or this source's place at the destination, answers there. */
  isFor(url: URL): boolean
  httpOf(life: Life): Http
  /** Requests that the partner saw, and how many of them it answered as asked. */
  partnerCalls: number
  /** 401 of the partner that came whole: one that breaks off may be any gateway's. */
  unauthorized: number
  /** Requests that the partner's own limits turned away. */
  turnedAway: number
  /** 400 for items that are as they should be. */
  needlessRefusals: number
}

/** A source's place at the destination, and the key to it. */
export interface Place {
  org: string
  project: string
  sourceId: string
  key: { prefix: string; secret: string }
}

const TRANSIENT_400_MOST = 2
const LARGE_BODY = 3_000
const MINUTE = 60_000
const MISDATED_BY_MS = [
  -1440 * MINUTE,
  -180 * MINUTE,
  -20 * MINUTE,
  -MINUTE,
  MINUTE,
  5 * MINUTE,
  30 * MINUTE,
  180 * MINUTE,
  1440 * MINUTE,
]
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
  const { org, project, sourceId, key } = parts.place
  intempt.addKey({ ...key, org, project })
  /** How often an item was refused for nothing: transient means that it passes in the end. */
  const refusals = new Map<string, number>()
  const isFor = (url: URL) => partner.isFor(url) || url.pathname.includes(`/sources/${sourceId}/`)
  const counts = { partnerCalls: 0, unauthorized: 0, turnedAway: 0, needlessRefusals: 0 }
  const network: Network = { intempt, isFor, httpOf, ...counts }
  return network

  function httpOf(life: Life): Http {
    return (url, init) =>
      new Promise((resolve, reject) => {
        const request: Call = {
          method: init.method ?? "GET",
          url: new URL(url),
          headers: new Headers(init.headers),
          bytes: new TextEncoder().encode(String(init.body ?? "")),
        }
        let isOver = false
        const close = (settle: () => void) => {
          if (isOver) return
          isOver = true
          settle()
        }
        init.signal.addEventListener("abort", () => close(() => reject(new DOMException("time is up", "TimeoutError"))))
        const exchange = exchangeOf(request.url)
        exchange(life, request, {
          answer: (answer) => close(() => resolve(responseOf(answer, init.signal))),
          lose: (reason) => close(() => reject(new TypeError(reason))),
          isWaiting: () => !isOver,
        })
      })
  }

  function exchangeOf(url: URL): (life: Life, call: Call, line: Line) => void {
    if (!partner.isFor(url)) return toDestination
    return partner.oauth.isTokenCall(url) ? toTokenEndpoint : toPartner
  }

  interface Line {
    answer(answer: Answer): void
    lose(reason: string): void
    isWaiting(): boolean
  }

  // ------------------------------------------------------------------------------------------------------ the partner

  function toPartner(life: Life, call: Call, line: Line): void {
    network.partnerCalls++
    const slow = strikes("partner_slow", life) ? chance.int("slow", 2_000, 29_000) : 0
    timeline.after(chance.int("partner", 30, 400) + slow, () => {
      if (strikes("partner_unreachable", life) || parts.isOn("partner_down")) return line.lose("unreachable")
      if (strikes("partner_hangs", life)) return
      parts.tokens.used(call)
      const answer = partnerAnswer(life, call)
      const refuses = partner.refusesKey?.(answer) ?? answer.status === 401
      if (refuses && answer.headers?.["content-type"] !== "text/html") {
        if (!answer.spoilt) network.unauthorized++
        parts.tokens.refused(call)
      }
      parts.partnerAnswered()
      timeline.after(chance.int("partner", 5, 200), () => {
        if (!line.isWaiting() || answer.spoilt) partner.unread?.(call)
        line.answer(answer)
      })
    })
  }

  function partnerAnswer(life: Life, call: Call): Answer {
    if (strikes("partner_limits", life))
      return partner.refuse({ kind: "limits", seconds: chance.int("wait", 0, 900) }, call)
    if (strikes("partner_limits_barely", life)) return partner.refuse({ kind: "limits", seconds: null }, call)
    if (strikes("partner_5xx", life)) return failed(chance.pick("5xx", [500, 502, 503]))
    if (strikes("partner_stumbles", life)) return partner.refuse({ kind: "stumbles" }, call)
    if (strikes("partner_unauthorized_once", life)) return partner.refuse({ kind: "unauthorized" }, call)
    if (strikes("partner_refuses", life)) return failed(400)
    if (strikes("partner_gateway", life)) return gateway()
    const oneStream = partner.isOfOneStream?.(call) ? ofOneStream(call) : null
    if (oneStream) return oneStream
    const forbidden = partner.forbid(call, parts.isOn("partner_forbids"))
    if (forbidden) return forbidden
    if (partner.isOfLaterPage(call) && strikes("partner_forgets_token", life))
      return partner.refuse({ kind: "forgotten" }, call)
    const given = partner.answer(call)
    if (given.body.includes('"THROTTLED"')) network.turnedAway++
    story.tell(() => `${life.name}: ${partner.describe(call, given)}`)
    if (strikes("partner_html", life)) return { ...given, body: "<html>Down for maintenance</html>" }
    if (partner.cursed && parts.isStormy() && given.body.includes(partner.cursed)) return failed(500)
    if (isTooHeavy(call)) return { ...given, spoilt: "huge" }
    if (strikes("partner_misdates", life) || parts.isOn("partner_misdates_much"))
      return { ...given, headers: { ...given.headers, ...misdated() } }
    if (strikes("partner_undated", life)) return { status: given.status, body: given.body }
    if (strikes("partner_breaks", life)) return { ...given, spoilt: "breaks" }
    if (strikes("partner_stalls", life)) return { ...given, spoilt: "stalls" }
    if (strikes("partner_huge", life)) return { ...given, spoilt: "huge" }
    return given
  }

  /** While rows are large, a third of a page is all that fits: what depends on the size of a page is what helps against it. */
  function isTooHeavy(call: Call): boolean {
    const rows = partner.rowsAsked(call)
    return rows !== null && parts.isOn("partner_heavy_rows") && rows > Math.max(1, Math.floor(parts.pageSize / 3))
  }

  function gateway(): Answer {
    const page = html(chance.pick("gateway", [401, 403, 404]), "Gateway")
    return { ...page, headers: { ...page.headers, ...dated() } }
  }

  function dated(): Record<string, string> {
    return { date: httpDate(parts.partnerNow()) }
  }

  function misdated(): Record<string, string> {
    // While it is anything, three answers hardly agree; one alone may be off by what looks like a clock that was set.
    const isAnything = parts.isOn("partner_misdates_much")
    const off = isAnything ? chance.int("misdated", -1440, 1440) * MINUTE : chance.pick("misdated", MISDATED_BY_MS)
    story.tell(() => `the answer's Date is off by ${off / 60_000} min`)
    return { date: httpDate(parts.partnerNow() + off) }
  }

  function ofOneStream(call: Call): Answer | null {
    if (parts.isOn("one_stream_gone")) return failed(404)
    if (parts.isOn("one_stream_fails")) return failed(500)
    if (parts.isOn("one_stream_limits")) return partner.refuse({ kind: "limits_one", seconds: 900 }, call)
    return parts.isOn("one_stream_forbidden") ? partner.forbid(call, true) : null
  }

  function failed(status: number, headers: Record<string, string> = {}): Answer {
    return { status, headers: { date: httpDate(parts.partnerNow()), ...headers }, body: JSON.stringify({ error: {} }) }
  }

  // ----------------------------------------------------------------------------------------------- the token endpoint

  function toTokenEndpoint(life: Life, call: Call, line: Line): void {
    parts.tokens.asked(call, line.isWaiting)
    if (strikes("token_overtaken", life)) parts.signInAgain()
    timeline.after(chance.int("token", 30, 400), () => {
      if (strikes("token_unreachable", life)) return line.lose("unreachable")
      if (parts.isOn("token_down")) return line.answer({ status: 503, body: "<html>Service Unavailable</html>" })
      if (parts.isOn("token_page")) return unreadable(line, { status: 200, body: "<html>Down for maintenance</html>" })
      if (strikes("token_hangs", life)) return
      if (strikes("token_5xx", life)) return line.answer(failed(502))
      if (strikes("token_limits", life)) return line.answer(failed(429, { "retry-after": "20" }))
      if (strikes("token_denies_us", life)) return line.answer(json(401, { error: "invalid_client" }))
      void partner.oauth.answer(call).then((given) => answerOfTokens(life, call, given, line))
    })
  }

  function answerOfTokens(life: Life, call: Call, given: Answer, line: Line): void {
    story.tell(() => `${life.name}: the token endpoint answers ${given.status} ${given.body}`)
    const isRenewed = given.status === 200
    parts.tokens.renewed(call, isRenewed, given.body ?? "")
    if (isRenewed && strikes("token_silent", life)) return
    const spoilt = isRenewed ? spoiltTokens(life, given) : null
    const slow = isRenewed && strikes("token_slow", life) ? chance.int("slow", 5_000, 19_000) : 0
    timeline.after(chance.int("token", 5, 200) + slow, () => (spoilt ? unreadable(line, spoilt) : line.answer(given)))
  }

  function spoiltTokens(life: Life, given: Answer): Answer | null {
    if (strikes("token_html", life)) return { ...given, body: "<html>Welcome</html>" }
    return strikes("token_breaks", life) ? { ...given, spoilt: "breaks" } : null
  }

  function unreadable(line: Line, answer: Answer): void {
    parts.tokens.lost()
    line.answer(answer)
  }

  // -------------------------------------------------------------------------------------------------- the destination

  function toDestination(life: Life, call: Call, line: Line): void {
    const body = textOf(call)
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
    const usual = chance.int("destination", 20, 9_000) + slow
    timeline.after(parts.isOn("destination_drags") ? Math.max(usual, DRAGS_MS) : usual, () => {
      parts.posted(ids)
      // A caller that has given up has broken the connection.
      if (!line.isWaiting()) return
      if (strikes("destination_unreachable", life) || parts.isOn("destination_down")) return line.lose("unreachable")
      if (strikes("destination_hangs", life)) return
      const refused = refusal(life, ids, body)
      if (refused) return void timeline.after(10, () => line.answer(refused))
      const given = intempt.answer(call)
      if (given.status < 300) parts.taken(body, ids)
      story.tell(() => `the destination answers ${life.name} ${given.status}${given.body ? ` ${given.body}` : ""}`)
      if (strikes("destination_silent", life)) return
      const isBroken = given.status < 300 && strikes("destination_breaks", life)
      const answer = strikes("destination_takes_and_fails", life)
        ? { status: 502, body: "<html>Bad Gateway</html>" }
        : isBroken
          ? { ...given, body: '{"ok":true}', spoilt: "breaks" as const }
          : given
      timeline.after(chance.int("destination", 5, 300), () => line.answer(answer))
    })
  }

  function refusal(life: Life, ids: readonly string[], body: string): Answer | null {
    if (strikes("destination_page", life))
      return { status: 200, headers: { "content-type": "text/html" }, body: "<html>Maintenance</html>" }
    if (strikes("destination_errors", life))
      return { status: 200, body: JSON.stringify({ errors: [{ message: "not taken" }] }) }
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
    if (struck) story.tell(() => `${life.name}: ${faultOf(fault).says}`)
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
