/** What is to be done about the token before anything can be read. */
import type { TokenAsk } from "../ports.ts"

export type TokenNeed =
  | { kind: "none" }
  | { kind: "refresh"; intent: string; ask: TokenAsk }
  /** Somebody is asking already. */
  | { kind: "wait"; until: number }
