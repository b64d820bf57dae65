/** What the API hands to the engine: configuration, deletion, creation again. */
import type { Mutant } from "./mutant.ts"

export const API: readonly Mutant[] = [
  {
    name: "a deleted source is configured anew by a late watchdog",
    file: "source/machine.ts",
    from: "const isNew = this.#ports.store.core() === null",
    to: "const isNew = this.#peek() === null",
  },
]
