/** Slices: the unit of work of a run or pass, one stream over one bounded window; and the floors they are measured from. */
import type { Stream } from "../connectors/kit/define.ts"
import type { LiveStream, Slice, State } from "./state.ts"
import type { Turn } from "./turn.ts"

export type AnyStream = Stream<unknown>

export function streamsOf(turn: Turn, mode: AnyStream["mode"]): AnyStream[] {
  return turn.connector.streams.filter((stream) => stream.mode === mode)
}

/** The collections the user chose, of those the stream feeds. */
export function chosen(state: State, stream: AnyStream): string[] {
  const names = new Set(state.configuration.collections.map((choice) => choice.name))
  return stream.collections.filter((name) => names.has(name))
}

export function lookbackMs(turn: Turn, stream: string): number {
  return 1000 * (turn.connector.streams.find((one) => one.name === stream)?.lookbackSeconds ?? 0)
}

/** Below a stream's floor everything has been read. An open window's own lower bound is the floor it was opened with. */
export function floorOf(turn: Turn, stream: string, live: LiveStream): number {
  return live.slice?.window.from ?? live.cursor - lookbackMs(turn, stream)
}

/** The lowest live floor of the source. */
export function lowestFloor(turn: Turn): number {
  return Math.min(...Object.entries(turn.state.live).map(([name, live]) => floorOf(turn, name, live)))
}

export function blankSlice(turn: Turn, stream: AnyStream, id: string): Slice {
  return {
    id,
    stream: stream.name,
    lane: stream.mode === "live" ? "live" : "backfill",
    collections: chosen(turn.state, stream),
    range: null,
    window: { from: null, to: null },
    top: null,
    no: ++turn.state.windows,
    bound: null,
    token: null,
    page: 0,
    pageSize: stream.pageSize,
    edge: null,
    records: 0,
    attempts: 0,
    lapses: 0,
    notBefore: 0,
    waiting: null,
    lease: null,
    state: "reading",
  }
}

/** Takes up work again after a failure: what was read stays, what was counted against it does not. */
export function resume(slice: Slice): void {
  Object.assign(slice, { attempts: 0, lapses: 0, notBefore: 0, waiting: null })
}
