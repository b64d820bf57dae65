/** How large something is where it is stored or sent. A text's `length` counts characters, which are up to three bytes each. */

const encoder = new TextEncoder()

/** Written over each time: an array for each text would cost many times what counting does. */
const scratch = new Uint8Array(64 * 1024)
const UTF8_BYTES_MAX = 3

/** As stored, and as sent over HTTP. */
export function utf8Bytes(text: string): number {
  const isShort = text.length * UTF8_BYTES_MAX <= scratch.length
  return isShort ? encoder.encodeInto(text, scratch).written : encoder.encode(text).length
}

/** The beginning of a text that takes at most so many bytes. No character is cut in two. */
export function cutToBytes(text: string, bytes: number): string {
  const { read } = encoder.encodeInto(text, new Uint8Array(bytes))
  return text.slice(0, read)
}

/** V8 writes one byte a character where all are Latin-1, and two where one is not. */
const BEYOND_LATIN_1 = /[\u0100-\uffff]/
/** A tag, a length and a byte of padding. */
const FRAME_BYTES = 8
const NUMBER_BYTES = 9
/** A missing value, or a truth value. */
const TAG_BYTES = 1

/**
 * As sent over RPC, which serializes values as V8 does: at most this. (But for a piece cut out of a text that is not Latin-1, which
 * keeps two bytes a character: bounds leave room for twice this.)
 */
export function sentBytes(value: unknown): number {
  if (typeof value === "string") return FRAME_BYTES + value.length * (BEYOND_LATIN_1.test(value) ? 2 : 1)
  if (typeof value === "number") return NUMBER_BYTES
  if (typeof value !== "object" || value === null) return TAG_BYTES
  let bytes = 2 * FRAME_BYTES
  if (Array.isArray(value)) for (const entry of value) bytes += sentBytes(entry)
  else for (const [key, entry] of Object.entries(value)) bytes += sentBytes(key) + sentBytes(entry)
  return bytes
}

/** A text of some length, sent over RPC, takes at most this many times its bytes: two a character where one is not Latin-1, and a frame. */
export const SENT_BYTES_OF_TEXT = 2.1
