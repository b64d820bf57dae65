/**
 * Roughly which facts `seen` has forgotten, so that one that comes late is not taken for one that was never sent: two of its rows, of a
 * million bits each, hold some days of a busy partner. Of a fact that was sent it never says the contrary; of one that was not, once in 300.
 */
import { highHalf, lowHalf } from "../../lib/hash.ts"

export const SENT_FORMAT = 2
/** Format, three bytes of nothing, how many are in it, and from which place on. */
const SENT_HEAD = { count: 4, since: 8, end: 16 }
const BITS = 2 ** 20
/** In one row; then the other takes over, and what it held is forgotten for good. */
export const SENT_KEYS_MAX = 60_000
/** Bits set for a key. */
const PROBES = 4

export class SentRow {
  readonly id: number
  readonly #view: DataView
  readonly #bits: Uint8Array

  private constructor(id: number, buffer: ArrayBuffer) {
    this.id = id
    this.#view = new DataView(buffer)
    this.#bits = new Uint8Array(buffer, SENT_HEAD.end)
  }

  static read(id: number, body: ArrayBuffer): SentRow {
    return new SentRow(id, body.slice(0))
  }

  /** `since`: every fact from this place on that is forgotten will be in this row or a later one. */
  static empty(id: number, since: number): SentRow {
    const row = new SentRow(id, new ArrayBuffer(SENT_HEAD.end + BITS / 8))
    row.#view.setUint8(0, SENT_FORMAT)
    row.#view.setFloat64(SENT_HEAD.since, since)
    return row
  }

  get bytes(): number {
    return this.#view.byteLength
  }

  get since(): number {
    return this.#view.getFloat64(SENT_HEAD.since)
  }

  get isFull(): boolean {
    return this.#view.getUint32(SENT_HEAD.count) >= SENT_KEYS_MAX
  }

  body(): ArrayBuffer {
    return this.#view.buffer.slice(0) as ArrayBuffer
  }

  add(high: number, low: number): void {
    for (let probe = 0; probe < PROBES; probe++) {
      const bit = bitOf(high, low, probe)
      this.#bits[bit >>> 3] = (this.#bits[bit >>> 3] ?? 0) | (1 << (bit & 7))
    }
    this.#view.setUint32(SENT_HEAD.count, this.#view.getUint32(SENT_HEAD.count) + 1)
  }

  has(hash: string): boolean {
    const [high, low] = [highHalf(hash), lowHalf(hash)]
    for (let probe = 0; probe < PROBES; probe++) {
      const bit = bitOf(high, low, probe)
      if (((this.#bits[bit >>> 3] ?? 0) & (1 << (bit & 7))) === 0) return false
    }
    return true
  }
}

function bitOf(high: number, low: number, probe: number): number {
  return (low + Math.imul(probe, high | 1)) & (BITS - 1)
}
