import { readFileSync } from "node:fs"
import { join } from "node:path"
import { expect, it } from "vitest"
import { UNREACHED } from "./unreached.ts"

const ROOT = join(import.meta.dirname, "../..")

it.each(UNREACHED)("what is not reached of $file is there: $why", ({ file, lines = [], functions = [] }) => {
  const text = readFileSync(join(ROOT, file), "utf8")
  const begun = text.split("\n").map((line) => line.trim())
  expect(lines.filter((line) => !begun.some((one) => one.startsWith(line)))).toEqual([])
  expect(functions.filter((name) => !text.includes(name))).toEqual([])
})
