import type { Window } from "./define.ts"

/**
 * A half-open window in ms as bounds for a field of whole seconds. Exact on both sides: neighbouring windows neither share a
 * second nor leave one out.
 */
export function inSeconds(window: Window): { gte: number | undefined; lt: number | undefined } {
  return { gte: wholeSeconds(window.from), lt: wholeSeconds(window.to) }
}

function wholeSeconds(ms: number | null): number | undefined {
  return ms === null ? undefined : Math.ceil(ms / 1000)
}
