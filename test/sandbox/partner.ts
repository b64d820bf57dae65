/** What the sandbox asks of a simulated service; a new partner is one more of these in `sandbox.ts`. */
import type { ActiveFault } from "./faults.ts"
import type { Answer, Call } from "./http.ts"

export interface Partner {
  name: string
  side: "partner" | "destination"
  /** Real host names, known accounts or not. */
  answersFor(host: string): boolean
  /** Whom the call concerns: the account for faults and counters; null if it cannot be told. */
  identify(call: Call): string | null
  answer(call: Call): Answer
  /** What is not the API: OAuth's pages and token endpoint. Null: the call is for the API. */
  signIn?(call: Call): Answer | Promise<Answer> | null
  /** The service's own way of refusing, for faults that ask for it; null: it has no such answer. */
  refuse(fault: ActiveFault, call: Call): Answer | null
  /** What the call is about, for faults that keep to a part of the service. Left out: its path. */
  subjects?(call: Call): readonly string[]
  /** How lists are paged, for faults that spoil it. */
  paging?: Paging
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

export interface Paging {
  /** The call asks for a page of a list. */
  asksForPage(call: Call): boolean
  /** It asks for a page after the first: it carries a page token. */
  hasToken(call: Call): boolean
  /** The same call, for the first page. */
  fromStart(call: Call): Call
  /** The answer, with more to come. */
  withMore(answer: Answer): Answer
}
