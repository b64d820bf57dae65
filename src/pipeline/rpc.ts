/** Calls to a source's Durable Object. */
import type { Log } from "../ports.ts"

/** Enough to name what the platform or the object said. */
const MESSAGE_CHARS_LOGGED = 200

/** The answer, or null where none came: the object was restarted, or is overloaded. Its deadlines then do the rest. */
export type SourceAnswer<T> = { answer: T } | null

/**
 * Every call to the source is safe to repeat, so a lost answer is asked for once more. `call` must get the stub anew, since one
 * that has thrown stays broken. An overloaded object is not asked again.
 */
export async function callSource<T>(
  { log }: { log: Log },
  method: string,
  call: () => Promise<T>,
): Promise<SourceAnswer<T>> {
  const first = await attempt(call)
  if (first.ok) return first
  const second = isOverloaded(first.error) ? first : await attempt(call)
  if (second.ok) return second
  const message = second.error instanceof Error ? second.error.message : typeof second.error
  log("source_unanswered", { method, message: message.slice(0, MESSAGE_CHARS_LOGGED) })
  return null
}

type Attempt<T> = { ok: true; answer: T } | { ok: false; error: unknown }

async function attempt<T>(call: () => Promise<T>): Promise<Attempt<T>> {
  try {
    return { ok: true, answer: await call() }
  } catch (error) {
    return { ok: false, error }
  }
}

/** https://developers.cloudflare.com/durable-objects/best-practices/error-handling/ */
function isOverloaded(error: unknown): boolean {
  return typeof error === "object" && error !== null && "overloaded" in error && error.overloaded === true
}
