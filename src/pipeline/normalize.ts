/** A page's records as items, in the page's order. */
import type { AnyConnector, NormalizeContext, PageRecord, Stream } from "../connectors/kit/define.ts"
import { onePerPerson, type Placed } from "../connectors/kit/people.ts"
import { type AddedFields, type Itemized, toItems } from "../connectors/kit/to-items.ts"

export function normalizePage(
  connector: AnyConnector,
  stream: Stream<unknown>,
  records: readonly PageRecord[],
  ctx: NormalizeContext<unknown>,
  added: AddedFields,
): Itemized {
  const page: Itemized = { items: [], rejects: [], pending: [], closed: [] }
  const placed: Placed[] = []
  for (const record of records) {
    const { items, rejects, pending, closed } = toItems(connector, stream, record, ctx, added)
    for (const item of items) placed.push({ item, time: record.time })
    for (const reject of rejects) page.rejects.push(reject)
    for (const key of pending) page.pending.push(key)
    for (const key of closed) page.closed.push(key)
  }
  return { ...page, items: onePerPerson(placed) }
}
