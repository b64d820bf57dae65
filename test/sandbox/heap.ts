/** A binary heap of things that fall due, earliest first; equal times keep the order they were added in. */

export interface Due {
  /** Epoch seconds. */
  at: number
  no: number
}

export function push<T extends Due>(heap: T[], item: T): void {
  heap.push(item)
  let at = heap.length - 1
  while (at > 0) {
    const parent = (at - 1) >> 1
    if (!swapIfLater(heap, parent, at)) return
    at = parent
  }
}

export function pop<T extends Due>(heap: T[]): T | undefined {
  const first = heap[0]
  const last = heap.pop()
  if (heap.length === 0 || last === undefined || first === undefined) return first
  heap[0] = last
  let at = 0
  for (;;) {
    const left = at * 2 + 1
    const right = left + 1
    const child = right < heap.length && isLater(heap, left, right) ? right : left
    if (child >= heap.length || !swapIfLater(heap, at, child)) return first
    at = child
  }
}

function isLater<T extends Due>(heap: T[], a: number, b: number): boolean {
  const one = heap[a]
  const other = heap[b]
  if (!one || !other) return false
  return one.at > other.at || (one.at === other.at && one.no > other.no)
}

function swapIfLater<T extends Due>(heap: T[], a: number, b: number): boolean {
  const one = heap[a]
  const other = heap[b]
  if (!one || !other || !isLater(heap, a, b)) return false
  heap[a] = other
  heap[b] = one
  return true
}
