/** A typed client of the API, for the console and for tests: paths, bodies and answers are checked by the compiler. */
import { hc } from "hono/client"
import type { app } from "./app.ts"

export type App = typeof app

export function createClient(origin: string, token: string, options: { fetch?: typeof fetch } = {}) {
  return hc<App>(origin, { ...options, headers: { authorization: `Bearer ${token}` } })
}
