/** What no seed has reached: node's own block coverage of all processes, joined, printed as lines of the shipped code. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join, relative } from "node:path"
import { fileURLToPath } from "node:url"

const WATCHED = /\/src\/(source|pipeline|destinations)\/[a-z]+\.ts$/

interface Block {
  startOffset: number
  endOffset: number
  count: number
}
interface Script {
  url: string
  functions: { ranges: Block[] }[]
}

export async function withCoverage(work: (env: Record<string, string>) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "coverage-"))
  await work({ NODE_V8_COVERAGE: folder })
  const reached = new Map<string, boolean[]>()
  for (const file of readdirSync(folder)) {
    const { result } = JSON.parse(readFileSync(join(folder, file), "utf8")) as { result: Script[] }
    for (const script of result) if (WATCHED.test(script.url)) note(reached, script)
  }
  rmSync(folder, { recursive: true })
  for (const [url, chars] of [...reached].sort()) print(url, chars)
}

/** Inner blocks come after the outer ones and overrule them. */
function note(reached: Map<string, boolean[]>, { url, functions }: Script): void {
  const length = Math.max(...functions.flatMap(({ ranges }) => ranges.map(({ endOffset }) => endOffset)))
  const chars: boolean[] = new Array(length).fill(true)
  for (const { ranges } of functions)
    for (const { startOffset, endOffset, count } of ranges) chars.fill(count > 0, startOffset, endOffset)
  const known = reached.get(url)
  reached.set(url, known ? known.map((is, at) => is || chars[at] === true) : chars)
}

function print(url: string, chars: readonly boolean[]): void {
  const path = fileURLToPath(url)
  let offset = 0
  for (const [index, line] of readFileSync(path, "utf8").split("\n").entries()) {
    const from = offset
    offset += line.length + 1
    const missed = [...line].some((char, at) => /\w/.test(char) && chars[from + at] === false)
    if (missed && !line.trim().startsWith("*"))
      console.log(`${relative(process.cwd(), path)}:${index + 1}: ${line.trim()}`)
  }
}
