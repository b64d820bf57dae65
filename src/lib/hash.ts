const PRIME_A = 2654435761
const PRIME_B = 1597334677
const MIX_A = 2246822507
const MIX_B = 3266489909
/** 36^7 is more than 2^32. */
const HIGH_CHARS = 7

/**
 * A 64-bit non-cryptographic hash of a string, as 14 or fewer base-36 characters: seven of its first half, then the second.
 * At 100,000 kept keys and a million looked up, the odds that any two collide are about 1 in 200 million; at two million kept and
 * a hundred million looked up, 1 in 100,000.
 */
export function hash64(text: string): string {
  let a = 0xdeadbeef
  let b = 0x41c6ce57
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index)
    a = Math.imul(a ^ code, PRIME_A)
    b = Math.imul(b ^ code, PRIME_B)
  }
  a = Math.imul(a ^ (a >>> 16), MIX_A) ^ Math.imul(b ^ (b >>> 13), MIX_B)
  b = Math.imul(b ^ (b >>> 16), MIX_A) ^ Math.imul(a ^ (a >>> 13), MIX_B)
  return hashFromHalves(a >>> 0, b >>> 0)
}

export function hashFromHalves(high: number, low: number): string {
  return high.toString(36).padStart(HIGH_CHARS, "0") + low.toString(36)
}

export function highHalf(hash: string): number {
  return Number.parseInt(hash.slice(0, HIGH_CHARS), 36)
}

export function lowHalf(hash: string): number {
  return Number.parseInt(hash.slice(HIGH_CHARS), 36)
}
