/** Where in our code an error came up, innermost first. A message may quote what was stored, sent or read; frames quote nothing. */
export function framesOf(error: unknown, most: number): string {
  const lines = (error instanceof Error ? (error.stack ?? "") : "").split("\n").filter((line) => /^\s+at /.test(line))
  return lines
    .slice(0, most)
    .map((line) => line.trim())
    .join(" < ")
}
