/** BENCHMARKS.md, of which each benchmark rewrites its own section. */
import { readFileSync, writeFileSync } from "node:fs"
import { resolve } from "node:path"
import type { SectionKey } from "./section.ts"

const FILE = resolve(import.meta.dirname, "../../../BENCHMARKS.md")

export function writeSection(key: SectionKey, markdown: string): void {
  writeFileSync(FILE, withSection(readFileSync(FILE, "utf8"), key, markdown))
}

/** The text between a section's two marks is replaced; everything else stays. */
export function withSection(text: string, key: SectionKey, markdown: string): string {
  const [begin, end] = [`<!-- ${key} -->`, `<!-- end of ${key} -->`]
  const [from, to] = [text.indexOf(begin), text.indexOf(end)]
  if (from < 0 || to < from) throw new Error(`BENCHMARKS.md has no place for ${key}`)
  return `${text.slice(0, from + begin.length)}\n\n${markdown}\n\n${text.slice(to)}`
}
