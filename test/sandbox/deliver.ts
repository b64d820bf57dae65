/** How an answer travels: whole, or as the fault in force has it. */
import { type ActiveFault, FAULTS, type FaultKind } from "./faults.ts"
import { type Answer, html, httpDate } from "./http.ts"

/** Resolves after so many ms, or at once when the caller has given up. */
export type Sleep = (ms: number, signal?: AbortSignal) => Promise<void>

export const realSleep: Sleep = (ms, signal) =>
  new Promise((resolve) => {
    const timer = setTimeout(resolve, ms)
    signal?.addEventListener("abort", () => {
      clearTimeout(timer)
      resolve()
    })
  })

/** Thrown when the connection breaks: the caller's fetch rejects. */
export class ConnectionReset extends Error {
  override name = "ConnectionReset"
}

const EMPTY_STATUS = new Set([204, 205, 304])

export async function deliver(
  answer: () => Answer | Promise<Answer>,
  refuse: (fault: ActiveFault) => Answer | null,
  fault: ActiveFault | null,
  sleep: Sleep,
  signal?: AbortSignal,
): Promise<Response> {
  if (!fault) return whole(answer())
  const kind: FaultKind = FAULTS[fault.name]
  return kind.when === "before" ? instead(fault, refuse, sleep, signal) : spoilt(await answer(), fault, sleep, signal)
}

async function whole(answer: Answer | Promise<Answer>): Promise<Response> {
  return respond(answer instanceof Promise ? await answer : answer)
}

export function respond(answer: Answer): Response {
  const body = EMPTY_STATUS.has(answer.status) ? null : answer.body
  return new Response(body, { status: answer.status, headers: answer.headers })
}

async function instead(
  fault: ActiveFault,
  refuse: (fault: ActiveFault) => Answer | null,
  sleep: Sleep,
  signal?: AbortSignal,
): Promise<Response> {
  if (fault.name === "reset") throw new ConnectionReset("connection reset by peer")
  if (fault.name === "hang") {
    await sleep(Number(fault.options.seconds) * 1_000, signal)
    return respond(html(504, "Gateway Time-out"))
  }
  if (fault.name === "server_error" && fault.options.status !== 200)
    return respond(html(Number(fault.options.status), "Service Unavailable"))
  if (fault.name === "redirect") {
    return new Response("", { status: 302, headers: { location: String(fault.options.location) } })
  }
  return respond(refuse(fault) ?? html(503, "Service Unavailable"))
}

async function spoilt(answer: Answer, fault: ActiveFault, sleep: Sleep, signal?: AbortSignal): Promise<Response> {
  const { body } = answer
  if (fault.name === "slow") await sleep(Number(fault.options.seconds) * 1_000, signal)
  if (fault.name === "timeout_after_accept") {
    const status = Number(fault.options.status)
    if (status > 0) return respond(html(status, "Bad Gateway"))
    await sleep(Number(fault.options.seconds) * 1_000, signal)
    return respond(html(504, "Gateway Time-out"))
  }
  const date = dateOf(answer, fault)
  if (date !== null) return respond({ ...answer, headers: { ...answer.headers, date } })
  if (fault.name === "not_json") return respond({ ...html(200, "Down for maintenance"), status: 200 })
  if (fault.name === "truncated_body") return respond({ ...answer, body: body.slice(0, Math.ceil(body.length / 2)) })
  if (fault.name === "reset_body") return new Response(broken(body), { status: answer.status, headers: answer.headers })
  if (fault.name === "huge_body") {
    const padded = new Response(padding(body, Number(fault.options.megabytes)), answer)
    return padded
  }
  return respond(answer)
}

/** The Date header as the fault has it; null: it leaves that alone. */
function dateOf({ headers }: Answer, fault: ActiveFault): string | null {
  const dated = Date.parse(headers.date ?? "")
  if (Number.isNaN(dated)) return null
  const offMs = Number(fault.options.seconds) * 1_000
  if (fault.name === "date_ahead") return httpDate(dated + offMs)
  if (fault.name === "date_behind") return httpDate(dated - offMs)
  if (fault.name !== "date_frozen") return null
  fault.options.since ??= dated
  return httpDate(Number(fault.options.since))
}

function broken(body: string): ReadableStream<Uint8Array> {
  let sent = false
  return new ReadableStream<Uint8Array>({
    pull(controller) {
      if (sent) controller.error(new ConnectionReset("connection reset by peer"))
      else controller.enqueue(new TextEncoder().encode(body.slice(0, Math.ceil(body.length / 2))))
      sent = true
    },
  })
}

function padding(body: string, megabytes: number): ReadableStream<Uint8Array> {
  const chunk = new TextEncoder().encode(" ".repeat(1_048_576))
  let left = megabytes
  let begun = false
  return new ReadableStream<Uint8Array>({
    pull(controller) {
      if (!begun) controller.enqueue(new TextEncoder().encode(body))
      else if (left-- > 0) controller.enqueue(chunk)
      else controller.close()
      begun = true
    },
  })
}
