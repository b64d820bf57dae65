/** Calls to a source's Durable Object. */

/** The answer, or null where none came: the object was restarted, or is overloaded. Its deadlines then do the rest. */
export type Told<T> = { answer: T } | null

/**
 * Every call to the source is safe to repeat, so a lost answer is asked for once more. `call` must get the stub anew, since one
 * that has thrown stays broken. An overloaded object is not asked again.
 */
export async function tell<T>(call: () => Promise<T>): Promise<Told<T>> {
  try {
    return { answer: await call() }
  } catch (error) {
    return isOverloaded(error) ? null : again(call)
  }
}

async function again<T>(call: () => Promise<T>): Promise<Told<T>> {
  try {
    return { answer: await call() }
  } catch {
    return null
  }
}

/** https://developers.cloudflare.com/durable-objects/best-practices/error-handling/ */
function isOverloaded(error: unknown): boolean {
  return typeof error === "object" && error !== null && "overloaded" in error && error.overloaded === true
}
