/**
 * What no seed has reached: node's own block coverage of all processes, joined, as lines of the shipped code. Lines with a reason
 * (unreached.ts) are counted, the others printed; so is a reason that no longer holds.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join, relative } from "node:path"
import { fileURLToPath } from "node:url"
import { UNREACHED } from "./unreached.ts"

/** What the simulator runs of the product. */
const WATCHED = /\/src\/(source|pipeline|destinations|http|lib)\/([a-z]+\/)*[a-z-]+\.ts$/

interface Block {
  startOffset: number
  endOffset: number
  count: number
}
interface Func {
  functionName: string
  ranges: Block[]
}
interface Script {
  url: string
  functions: Func[]
}

/** Of one file: which characters were reached, and where its named functions are. */
interface Reached {
  chars: boolean[]
  functions: Map<string, Block>
}

export async function withCoverage(work: (env: Record<string, string>) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "coverage-"))
  await work({ NODE_V8_COVERAGE: folder })
  const files = new Map<string, Reached>()
  for (const file of readdirSync(folder)) {
    const { result } = JSON.parse(readFileSync(join(folder, file), "utf8")) as { result: Script[] }
    for (const script of result) if (WATCHED.test(script.url)) note(files, script)
  }
  rmSync(folder, { recursive: true })
  let withReason = 0
  for (const [url, reached] of [...files].sort()) withReason += report(fileURLToPath(url), reached)
  console.log(`${withReason} lines that no seed reaches have a reason (test/simulation/unreached.ts)`)
}

/** Inner blocks come after the outer ones and overrule them. */
function note(files: Map<string, Reached>, { url, functions }: Script): void {
  const length = Math.max(...functions.flatMap(({ ranges }) => ranges.map(({ endOffset }) => endOffset)))
  const chars: boolean[] = new Array(length).fill(true)
  for (const { ranges } of functions)
    for (const { startOffset, endOffset, count } of ranges) chars.fill(count > 0, startOffset, endOffset)
  const known = files.get(url)
  const blocks = functions.flatMap(({ functionName, ranges: [block] }) =>
    block ? [[functionName, block] as const] : [],
  )
  files.set(url, {
    chars: known ? known.chars.map((is, at) => is || chars[at] === true) : chars,
    functions: new Map([...(known?.functions ?? []), ...blocks]),
  })
}

/** Prints what lacks a reason and what has one in vain; answers how many lines have one. */
function report(path: string, { chars, functions }: Reached): number {
  const name = relative(process.cwd(), path)
  const lines = missedLines(readFileSync(path, "utf8"), chars)
  const excused = new Set<number>()
  for (const { lines: starts = [], functions: names = [] } of UNREACHED.filter(({ file }) => file === name)) {
    // A function is excused as a whole only if nobody has ever called it.
    const blocks = names.map((one) => [one, functions.get(one)] as const)
    const uncalled = blocks.flatMap(([, block]) => (block && !chars[block.startOffset] ? [block] : []))
    for (const { no, at, text } of lines)
      if (starts.some((start) => text.startsWith(start)) || uncalled.some((block) => isWithin(at, block)))
        excused.add(no)
    const idle = [
      ...blocks.filter(([, block]) => !block || chars[block.startOffset]).map(([one]) => one),
      ...starts.filter((start) => !lines.some(({ text }) => text.startsWith(start))),
    ]
    for (const one of idle) console.log(`${name}: has a reason not to be reached, and is reached: ${one}`)
  }
  for (const { no, text } of lines) if (!excused.has(no)) console.log(`${name}:${no}: ${text}`)
  return excused.size
}

function isWithin(at: number, { startOffset, endOffset }: Block): boolean {
  return at >= startOffset && at < endOffset
}

interface Line {
  no: number
  /** Offset of the first character that was not reached. */
  at: number
  text: string
}

function missedLines(source: string, chars: readonly boolean[]): Line[] {
  const lines: Line[] = []
  let offset = 0
  for (const [index, line] of source.split("\n").entries()) {
    const missed = [...line].findIndex((char, at) => /\w/.test(char) && chars[offset + at] === false)
    const text = line.trim()
    if (missed >= 0 && !/^(\*|\/\/|\/\*)/.test(text)) lines.push({ no: index + 1, at: offset + missed, text })
    offset += line.length + 1
  }
  return lines
}
