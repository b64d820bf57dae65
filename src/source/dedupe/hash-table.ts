/**
 * A table from 64-bit hashes to numbers below 2^32 - 1, in typed arrays: some 6 to 11 bytes a key, where a Map takes over 100. It keeps the
 * numbers only; whoever it points into tells it the hashes.
 */

/** Where the hashes are: the two halves of the one that a number stands for. */
export interface Hashes {
  highOf(at: number): number
  lowOf(at: number): number
}

const SLOTS_LEAST = 1_024
/** Above this share of slots in use, one looks through too many. */
const LOAD_MAX = 0.7

export class HashTable {
  readonly #hashes: Hashes
  /** A number and one, or 0 for none; after its own slot a key goes to the next free one. */
  #slots = new Uint32Array(SLOTS_LEAST)
  #size = 0

  constructor(hashes: Hashes) {
    this.#hashes = hashes
  }

  get size(): number {
    return this.#size
  }

  get bytes(): number {
    return this.#slots.byteLength
  }

  /** The number kept under the hash, or -1. */
  get(high: number, low: number): number {
    return (this.#slots[this.#find(high, low)] ?? 0) - 1
  }

  set(high: number, low: number, at: number): void {
    if (this.#size >= this.#slots.length * LOAD_MAX) this.#grow()
    const slot = this.#find(high, low)
    if (this.#slots[slot] === 0) this.#size++
    this.#slots[slot] = at + 1
  }

  /** Forgets the hash; those that had to go further because of it move up, so that no gap hides them. */
  delete(high: number, low: number): void {
    let gap = this.#find(high, low)
    if (this.#slots[gap] === 0) return
    const mask = this.#slots.length - 1
    this.#size--
    this.#slots[gap] = 0
    for (let slot = (gap + 1) & mask; this.#slots[slot] !== 0; slot = (slot + 1) & mask) {
      const home = this.#hashes.lowOf((this.#slots[slot] ?? 0) - 1) & mask
      // How far it had to go, against how far the gap is back.
      if (((slot - home) & mask) < ((slot - gap) & mask)) continue
      this.#slots[gap] = this.#slots[slot] ?? 0
      this.#slots[slot] = 0
      gap = slot
    }
  }

  /** The slot that holds the hash, or the free one where it would go. */
  #find(high: number, low: number): number {
    const mask = this.#slots.length - 1
    let slot = low & mask
    for (;;) {
      const kept = this.#slots[slot] ?? 0
      if (kept === 0) return slot
      if (this.#hashes.lowOf(kept - 1) === low && this.#hashes.highOf(kept - 1) === high) return slot
      slot = (slot + 1) & mask
    }
  }

  #grow(): void {
    const before = this.#slots
    this.#slots = new Uint32Array(2 * before.length)
    const mask = this.#slots.length - 1
    for (const kept of before) {
      if (kept === 0) continue
      let slot = this.#hashes.lowOf(kept - 1) & mask
      while (this.#slots[slot] !== 0) slot = (slot + 1) & mask
      this.#slots[slot] = kept
    }
  }
}
