/** Plants a bug: the text of the changed file, once the place is found and what becomes of it still parses. */
import { readFileSync } from "node:fs"
import { stripTypeScriptTypes } from "node:module"
import { join, resolve } from "node:path"
import type { Mutant } from "./planted/mutant.ts"

export const ROOT = resolve(import.meta.dirname, "../..")

/** Throws where the bug must be planted anew: a mutant that does not run would count as found, or stop all that come after it. */
export function planted({ name, file, from, to }: Mutant): string {
  const text = readFileSync(join(ROOT, "src", file), "utf8")
  const places = text.split(from).length - 1
  if (places !== 1) throw new Error(`"${name}": src/${file} must hold this exactly once, not ${places} times: ${from}`)
  const changed = text.replace(from, () => to)
  if (changed === text) throw new Error(`"${name}" changes nothing in src/${file}`)
  try {
    stripTypeScriptTypes(changed)
  } catch (error) {
    throw new Error(`"${name}" leaves src/${file} broken: ${error instanceof Error ? error.message : error}`)
  }
  return changed
}

/** What is wrong with the planted bugs themselves, a sentence each. */
export function unplantable(mutants: readonly Mutant[]): string[] {
  return mutants.flatMap((mutant, index) => {
    if (mutants.findIndex(({ name }) => name === mutant.name) < index) return [`two bugs are called "${mutant.name}"`]
    try {
      planted(mutant)
      return []
    } catch (error) {
      return [error instanceof Error ? error.message : String(error)]
    }
  })
}
