/** The rows of one list as the texts that go out, newest first, and which of them an answer holds. */

export interface Rows {
  readonly length: number
  /** Epoch ms; never rises with the index. */
  timeAt(index: number): number
  textAt(index: number): string
  /** Where the row stands that a partner's cursor names; -1: nowhere. */
  indexOf(cursor: string): number
}

export interface Row {
  time: number
  cursor: string
  text: string
}

/** A page that is asked for. Times are epoch ms: `from` is included, `below` is not. */
export interface Cut {
  from: number | null
  below: number | null
  after: string | null
  limit: number
}

/** Rows from `start` up to and without `end`. */
export interface Slice {
  start: number
  end: number
  hasMore: boolean
}

/** Rows as they were listed; one that was listed twice stands where it first stood. */
export function recordedRows(listed: readonly Row[]): Rows {
  const places = new Map<string, number>()
  const rows = listed.filter(({ cursor }) => !places.has(cursor) && places.set(cursor, places.size))
  const unsorted = rows.findIndex(({ time }, index) => time > (rows[index - 1]?.time ?? time))
  if (unsorted >= 0) throw new Error(`the list rises at ${rows[unsorted]?.cursor}: it cannot be cut by time`)
  return {
    length: rows.length,
    timeAt: (index) => rows[index]?.time ?? Number.NEGATIVE_INFINITY,
    textAt: (index) => rows[index]?.text ?? "",
    indexOf: (cursor) => places.get(cursor) ?? -1,
  }
}

/** Null where the list does not hold the row after which the page begins. */
export function slice(rows: Rows, { from, below, after, limit }: Cut): Slice | null {
  const place = after === null ? -1 : rows.indexOf(after)
  if (after !== null && place < 0) return null
  const start = Math.max(place + 1, below === null ? 0 : firstBelow(rows, below))
  const bottom = from === null ? rows.length : firstBelow(rows, from)
  const end = Math.max(start, Math.min(start + limit, bottom))
  return { start, end, hasMore: end < bottom }
}

export function textsOf(rows: Rows, { start, end }: Slice): string {
  let texts = ""
  for (let index = start; index < end; index++) texts += index === start ? rows.textAt(index) : `,${rows.textAt(index)}`
  return texts
}

/** Of the rows older than that moment the first. */
function firstBelow(rows: Rows, time: number): number {
  let [low, high] = [0, rows.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if (rows.timeAt(middle) < time) high = middle
    else low = middle + 1
  }
  return low
}
