import type { ReadPage } from "../pages.ts"
import type { Asked, Replay } from "./replay.ts"

/** Keeps what a partner answers while its lists are read once. */
export interface Recorder {
  take(page: ReadPage): void
  replay(): Replay
}

/** A request as the server will meet it. */
export function askedOf({ request: { method, path, query = {}, body } }: ReadPage): Asked {
  const params = new URLSearchParams()
  for (const [name, value] of Object.entries(query))
    for (const one of value === undefined ? [] : [value].flat()) params.append(name, String(one))
  const text = body === undefined ? "" : JSON.stringify(body)
  return { method: method ?? (body === undefined ? "GET" : "POST"), path, query: params.toString(), body: text }
}
