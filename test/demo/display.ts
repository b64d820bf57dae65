/** The terminal: a table that redraws itself where there is a terminal, and a line now and then where there is none. */
import type { Live, Run } from "./views.ts"

const PLAIN_EVERY_MS = 3_000
const BAR_WIDTH = 24

export const bold = (text: string) => paint("1", text)
export const dim = (text: string) => paint("2", text)
export const green = (text: string) => paint("32", text)

function paint(code: string, text: string): string {
  return process.stdout.isTTY ? `\u001b[${code}m${text}\u001b[0m` : text
}

export function say(text = ""): void {
  process.stdout.write(`${text}\n`)
}

/** Draws progress; call `draw` as often as you like, `done` leaves the last picture standing. */
export function progress() {
  const startedAt = Date.now()
  let lines = 0
  let plainAt = 0
  const show = (live: Live) => {
    const picture = table(live, Date.now() - startedAt)
    if (lines > 0) process.stdout.write(`\u001b[${lines}F\u001b[0J`)
    say(picture.join("\n"))
    lines = picture.length
  }
  return {
    draw(live: Live) {
      if (process.stdout.isTTY) show(live)
      else if (Date.now() - plainAt > PLAIN_EVERY_MS) {
        plainAt = Date.now()
        say(summary(live, Date.now() - startedAt))
      }
    },
    done(live: Live) {
      show(live)
      lines = 0
    },
  }
}

function table(live: Live, elapsedMs: number): string[] {
  const rows = live.collections.filter((one) => one.accepted > 0 || one.denied)
  const head = dim(`  ${"collection".padEnd(24)}${"read".padStart(9)}${"delivered".padStart(11)}`)
  const body = rows.map(
    (one) =>
      `  ${one.name.padEnd(24)}${number(one.accepted).padStart(9)}${number(one.delivered).padStart(11)}  ${one.denied ?? ""}`,
  )
  return [head, ...body, summary(live, elapsedMs)]
}

function summary(live: Live, elapsedMs: number): string {
  const delivered = live.collections.reduce((sum, one) => sum + one.delivered, 0)
  const calls = live.current.reduce((sum, run) => sum + run.calls, 0)
  const progress = progressOf(live.current)
  const rate = Math.round(delivered / Math.max(elapsedMs / 1000, 0.001))
  const waits = live.current.find((run) => run.waits)?.waits
  const isOver = live.current.length === 0
  const parts = [
    `${number(delivered)} delivered`,
    ...(isOver ? [] : [`${number(calls)} partner calls`]),
    `${number(rate)} items/s`,
  ]
  return `  ${bar(progress)} ${parts.join(" · ")}${waits ? dim(` · ${waits.reason}`) : ""}`
}

function progressOf(runs: readonly Run[]): number {
  const known = runs.flatMap((run) => (run.progress === null ? [] : [run.progress]))
  if (runs.length === 0) return 1
  return known.length === 0 ? 0 : known.reduce((sum, one) => sum + one, 0) / known.length
}

function bar(progress: number): string {
  const full = Math.round(progress * BAR_WIDTH)
  return green("█".repeat(full)) + dim("░".repeat(BAR_WIDTH - full))
}

export function number(value: number): string {
  return value.toLocaleString("en-US")
}
