/** What the sandbox asks of a simulated service; a new partner is one more of these in `sandbox.ts`. */
import type { FaultName, FaultOptions } from "./faults.ts"
import type { Answer, Call } from "./http.ts"

export interface Partner {
  name: string
  side: "partner" | "destination"
  /** Real host names that it answers for. */
  hosts: readonly string[]
  /** Whom the call concerns: the account for faults and counters; null if it cannot be told. */
  identify(call: Call): string | null
  answer(call: Call): Answer
  /** What is not the API: OAuth's pages and token endpoint. Null: the call is for the API. */
  signIn?(call: Call): Answer | Promise<Answer> | null
  /** The service's own way of refusing, for faults that ask for it; null: it has no such answer. */
  refuse(fault: FaultName, call: Call, options: FaultOptions): Answer | null
  /** After every answered call: what was planned to happen between two requests. */
  afterCall?(account: string | null): void
  /** Hands what is not a row (counters, options) to the writer. */
  save(): void
  /** Takes back a stored row; false: not one of its tables. */
  restore(table: string, id: string, value: unknown): boolean
  /** All stored rows have been taken back. */
  restored?(): void
  /** Forgets everything. */
  reset(): void
}
