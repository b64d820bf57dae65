/**
 * What the partner asked to wait for. A limit may be the whole account's, one bucket's (some endpoints share a rate), or one stream's:
 * whatever it does not hold up is read meanwhile.
 */
import type { LimitScope } from "../../connectors/kit/define.ts"
import type { State, Wait } from "../state/state.ts"
import type { Transaction } from "../transaction.ts"

/** What a wait holds up, as it is kept: `source`, `bucket:search`, `stream:companies`. */
export type WaitScope = "source" | `bucket:${string}` | `stream:${string}`

/** The bucket that a stream's calls count against; null: the source's one rate only. */
export function bucketOf(tx: Pick<Transaction, "connector">, stream: string): string | null {
  return tx.connector.streams.find(({ name }) => name === stream)?.bucket ?? null
}

/** What an answer to one of the stream's calls holds up; what it does not say follows from the stream. */
export function scopeOf(tx: Pick<Transaction, "connector">, stream: string, said?: LimitScope): WaitScope {
  const bucket = bucketOf(tx, stream)
  const scope = said ?? "bucket"
  if (scope === "stream") return `stream:${stream}`
  return scope === "bucket" && bucket !== null ? `bucket:${bucket}` : "source"
}

/** A shorter wait asked for by another answer does not end a longer one. */
export function askToWait({ state, now }: Transaction, scope: WaitScope, wait: Wait): void {
  const running = Object.entries(state.waits).filter(([, { until }]) => until > now)
  const longer = running.find(([name, { until }]) => name === scope && until >= wait.until)
  state.waits = Object.fromEntries(running)
  if (!longer && wait.until > now) state.waits[scope] = { ...wait, since: now }
}

/** The wait of the whole source; null: it need not wait. */
export function sourceWait(state: Pick<State, "waits">, now: number): Wait | null {
  const wait = state.waits.source
  return wait && wait.until > now ? wait : null
}

/** The longest wait that holds up a stream; null: it may be asked. */
export function waitOf(tx: Transaction, stream: string): Wait | null {
  const bucket = bucketOf(tx, stream)
  const scopes = ["source", `stream:${stream}`, ...(bucket === null ? [] : [`bucket:${bucket}`])] as WaitScope[]
  const waits = scopes.flatMap((scope) => tx.state.waits[scope] ?? []).filter(({ until }) => until > tx.now)
  return waits.reduce<Wait | null>((longest, wait) => (longest && longest.until >= wait.until ? longest : wait), null)
}
