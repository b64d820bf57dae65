/** What happened when, in the design's words. Written only when a failing seed is told again: most seeds have no listener. */
export interface Story {
  tell(line: () => string): void
  lines: string[]
}

export function createStory(isTold: boolean, now: () => number): Story {
  const lines: string[] = []
  return {
    lines,
    tell(line) {
      if (isTold) lines.push(`${stampOf(now())}  ${line()}`)
    },
  }
}

/** `11-01 04:05:06.789`. */
export function stampOf(ms: number): string {
  return new Date(ms).toISOString().slice(5, 23).replace("T", " ")
}

/** The first broken rule ends a run. */
export class Violation extends Error {
  override name = "Violation"
}
