/**
 * One HTTP exchange, bounded in time and in the size of its answer. It never retries and never throws: what happened is a value.
 * Nothing of it may be logged or shown as it is, since URL, headers and body can hold secrets and personal data.
 */
import type { Clock, Http } from "../ports.ts"

export interface ExchangePorts {
  clock: Clock
  http: Http
}

export interface Bounds {
  /** From sending to the last byte of the answer. */
  timeoutMs: number
  /** Of the answer's body, after decompression. */
  maxBytes: number
}

/** The body as far as it came: the status is known before it, and often says enough. */
export type Body = { kind: "whole"; text: string } | { kind: "too_large" } | { kind: "timeout" } | { kind: "broken" }

export interface Answered {
  kind: "answered"
  status: number
  headers: Headers
  /** Our clock. */
  sentAt: number
  /** From sending to the answer's headers, on our clock. */
  elapsedMs: number
  body: Body
}

export type Exchange = Answered | { kind: "timeout" } | { kind: "unreachable" }

export async function exchange(
  ports: ExchangePorts,
  url: string,
  init: RequestInit,
  bounds: Bounds,
): Promise<Exchange> {
  const signal = ports.clock.timeout(bounds.timeoutMs)
  const sentAt = ports.clock.now()
  try {
    const response = await ports.http(url, { ...init, redirect: "manual", signal })
    const elapsedMs = Math.max(0, ports.clock.now() - sentAt)
    const body = await readBody(response, signal, bounds.maxBytes)
    return { kind: "answered", status: response.status, headers: response.headers, sentAt, elapsedMs, body }
  } catch {
    return { kind: signal.aborted ? "timeout" : "unreachable" }
  }
}

/** Put together before a body is read on: a page has some 300 kB. */
const READ_BYTES = 64 * 1024

/** The text as JSON; undefined where it is none. */
export function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

async function readBody(response: Response, signal: AbortSignal, maxBytes: number): Promise<Body> {
  if (response.body === null) return { kind: "whole", text: "" }
  const read = readerOf(response.body)
  // Cancelling ends a pending read: a body that stalls is left at the deadline whatever the platform does with the signal.
  const leave = () => void read.cancel().catch(() => undefined)
  signal.addEventListener("abort", leave, { once: true })
  try {
    return await drain(read, signal, maxBytes)
  } catch {
    return { kind: signal.aborted ? "timeout" : "broken" }
  } finally {
    signal.removeEventListener("abort", leave)
    leave()
  }
}

interface Reader {
  next(): Promise<{ done: boolean; value?: Uint8Array | undefined }>
  cancel(): Promise<void>
}

/**
 * Bodies come in pieces of 4 kB, and each read costs a turn: the platform puts pieces together where it can. It cannot where a body is
 * not made of bytes by the platform itself (in tests), nor does any other runtime.
 */
function readerOf(body: ReadableStream<Uint8Array>): Reader {
  const reader = inLargePieces(body) ?? body.getReader()
  const cancel = () => reader.cancel()
  if (!("readAtLeast" in reader)) return { next: () => reader.read(), cancel }
  return { next: () => reader.readAtLeast(READ_BYTES, new Uint8Array(READ_BYTES)), cancel }
}

function inLargePieces(body: ReadableStream<Uint8Array>): ReadableStreamBYOBReader | null {
  if (typeof ReadableStreamBYOBReader === "undefined" || !("readAtLeast" in ReadableStreamBYOBReader.prototype))
    return null
  try {
    return body.getReader({ mode: "byob" })
  } catch {
    return null
  }
}

async function drain(reader: Reader, signal: AbortSignal, maxBytes: number): Promise<Body> {
  const decoder = new TextDecoder()
  let text = ""
  for (let bytes = 0; ; ) {
    const { done, value } = await reader.next()
    if (signal.aborted) return { kind: "timeout" }
    bytes += value?.byteLength ?? 0
    if (bytes > maxBytes) return { kind: "too_large" }
    text += decoder.decode(value, { stream: !done })
    if (done) return { kind: "whole", text }
  }
}
