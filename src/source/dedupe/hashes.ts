/** The hashes by which items are told apart. */
import { hash64 } from "../../lib/hash.ts"

export function keyHash(collection: string, key: string): string {
  return hash64(`${collection}\n${key}`)
}
