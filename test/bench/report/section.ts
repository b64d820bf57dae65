/** A section of BENCHMARKS.md: what one benchmark came to. */

export interface Table {
  /** Of a second table: what it is about. */
  title?: string
  head: readonly string[]
  rows: readonly (readonly string[])[]
}

export interface Section {
  /** Names its place in the file. */
  key: SectionKey
  title: string
  /** What was measured, and how. */
  measured: string
  tables: readonly Table[]
  /** How to read it. */
  reading: string
}

export const SECTION_KEYS = ["paired", "profile", "latency", "large", "increments"] as const
export type SectionKey = (typeof SECTION_KEYS)[number]

export interface Origin {
  command: string
  commit: string
  date: string
  machine: string
}

/** Columns are padded, so that the text reads well in a terminal too. */
export function markdownOf(section: Section, { command, commit, date, machine }: Origin): string {
  return [
    `## ${section.title}`,
    `\`${command}\` at commit ${commit}, ${date}, on ${machine}.`,
    section.measured,
    ...section.tables.flatMap(({ title, ...table }) => [...(title ? [`${title}:`] : []), tableText(table)]),
    section.reading,
  ].join("\n\n")
}

export function tableText({ head, rows }: Pick<Table, "head" | "rows">): string {
  const widths = head.map((_, column) => Math.max(3, ...[head, ...rows].map((row) => row[column]?.length ?? 0)))
  const line = (cells: readonly string[]) =>
    `| ${widths.map((width, column) => (cells[column] ?? "").padEnd(width)).join(" | ")} |`
  return [line(head), line(widths.map((width) => "-".repeat(width))), ...rows.map(line)].join("\n")
}
