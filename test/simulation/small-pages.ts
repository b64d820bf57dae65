/** The shipped connector, but for the size of its pages: few records make many pages. */
import type { AnyConnector } from "../../src/connectors/kit/define.ts"

type Stream = AnyConnector["streams"][number]

/** One and the same for each size. `sizeOf`: rows a page of a stream, for so many asked for. */
export function smallPages(
  connector: AnyConnector,
  sizeOf: (stream: Stream, rows: number) => number = (stream, rows) => Math.min(stream.pageSize, rows),
): (rows: number) => AnyConnector {
  const made = new Map<number, AnyConnector>()
  return (rows) => {
    const known = made.get(rows)
    if (known) return known
    const streams = connector.streams.map((stream) => ({ ...stream, pageSize: sizeOf(stream, rows) }))
    const sliced = { ...connector, streams }
    made.set(rows, sliced)
    return sliced
  }
}
