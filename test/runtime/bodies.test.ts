/** How an answer's body is read in the real runtime: its own streams give large pieces, and end in their own ways. */
import { expect, test } from "vitest"
import { type Exchange, exchange } from "../../src/http/exchange.ts"
import { clock } from "../../src/worker/platform.ts"

const LARGEST = 1_000_000
const SOON_MS = 200
/** Two bytes a character, so that pieces end within one. */
const LONG = "é".repeat(150_000)
const encoder = new TextEncoder()

function read(response: Response, timeoutMs = 10_000): Promise<Exchange> {
  const ports = { clock, http: async () => response }
  return exchange(ports, "https://partner.test/", {}, { timeoutMs, maxBytes: LARGEST })
}

/** A stream of the runtime's own, with so much written to it and then what is done to its end. */
function written(text: string, end: (writer: WritableStreamDefaultWriter) => Promise<unknown>): Response {
  const { readable, writable } = new IdentityTransformStream()
  const writer = writable.getWriter()
  void writer
    .write(encoder.encode(text))
    .then(() => end(writer))
    .catch(() => undefined)
  return new Response(readable)
}

test.each<[string, () => Response, object]>([
  ["comes whole, in whatever pieces", () => new Response(LONG), { kind: "whole", text: LONG }],
  ["comes whole as it is written", () => written(LONG, (writer) => writer.close()), { kind: "whole", text: LONG }],
  ["may be empty", () => new Response(""), { kind: "whole", text: "" }],
  ["may be missing", () => new Response(null, { status: 204 }), { kind: "whole", text: "" }],
  ["is left once it is too large", () => new Response("x".repeat(LARGEST + 1)), { kind: "too_large" }],
  ["may break off", () => written(LONG, (writer) => writer.abort(new Error("reset"))), { kind: "broken" }],
])("a body %s", async (_title, response, body) => {
  expect(await read(response())).toMatchObject({ kind: "answered", body })
})

test("a body that stalls is left at the deadline", async () => {
  const stalled = written(LONG, () => new Promise(() => undefined))
  expect(await read(stalled, SOON_MS)).toMatchObject({ kind: "answered", body: { kind: "timeout" } })
})
