/** Seeded randomness (mulberry32) whose state can be saved, and ids that look like Stripe's but are the same for the same seed. */

export interface Random {
  /** The whole state: save it, and the sequence goes on where it was. */
  state: number
  /** In [0, 1). */
  next(): number
  /** A whole number, both ends included. */
  int(min: number, max: number): number
  chance(probability: number): boolean
  pick<T>(list: readonly T[]): T
}

export function createRandom(seed: number): Random {
  const random: Random = {
    state: seed >>> 0,
    next() {
      random.state = (random.state + 0x6d2b79f5) >>> 0
      return mix(random.state) / 4294967296
    },
    int: (min, max) => min + Math.floor(random.next() * (max - min + 1)),
    chance: (probability) => random.next() < probability,
    pick(list) {
      const value = list[Math.floor(random.next() * list.length)]
      if (value === undefined) throw new Error("pick from an empty list")
      return value
    },
  }
  return random
}

/** A 32-bit number for a text, for seeds that come from names. */
export function hashText(text: string): number {
  let hash = 0x811c9dc5
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193)
  return mix(hash >>> 0)
}

const ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
const TAIL_SIZE = 62 ** 6
/** Coprime to 62, so that multiplying by it is a bijection: two numbers never share a tail. */
const SCATTER = 387_420_489

/** The n-th id of a seed. Unique per seed and prefix; its order says nothing of its age, as with Stripe's. */
export function idFor(prefix: string, seed: number, n: number): string {
  let head = ""
  let state = mix((seed ^ Math.imul(n, 0x9e3779b1)) >>> 0)
  for (let at = 0; at < 8; at++) {
    head += ALPHABET[state % 62]
    state = mix(state + at + 1)
  }
  let rest = (n * SCATTER) % TAIL_SIZE
  let tail = ""
  for (let at = 0; at < 6; at++) {
    tail += ALPHABET[rest % 62]
    rest = Math.floor(rest / 62)
  }
  return `${prefix}_1${head}${tail}`
}

function mix(value: number): number {
  let t = value >>> 0
  t = Math.imul(t ^ (t >>> 15), t | 1)
  t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
  return (t ^ (t >>> 14)) >>> 0
}
