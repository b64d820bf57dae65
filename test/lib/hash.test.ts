import { expect, it } from "vitest"
import { hash64 } from "../../src/lib/hash.ts"

const texts = Array.from({ length: 100_000 }, (_, index) => `Charge\nch_${index.toString(36)}:succeeded`)

it("tells a hundred thousand keys apart", () => {
  expect(new Set(texts.map(hash64)).size).toBe(texts.length)
})

it("is short, stable, and without a space, which separates hashes in the outbox", () => {
  expect(hash64("Charge\nch_1:succeeded")).toBe(hash64("Charge\nch_1:succeeded"))
  for (const text of ["", "a", "é", "🙂", ...texts.slice(0, 1000)]) expect(hash64(text)).toMatch(/^[0-9a-z]{8,14}$/)
})

it("spreads over both of its halves", () => {
  const [first, second] = [new Set<string>(), new Set<string>()]
  for (const hash of texts.map(hash64)) {
    first.add(hash.slice(0, 7))
    second.add(hash.slice(7))
  }
  // Of 100,000 draws from 2^32, one or two coincide.
  expect(first.size).toBeGreaterThan(99_980)
  expect(second.size).toBeGreaterThan(99_980)
})
