/** What the simulator asks of a partner: the shipped connector, and behind it a simulated account in which things happen. */
import type { Account, AnyConnector } from "../../src/connectors/kit/define.ts"
import type { JsonValue } from "../../src/connectors/kit/item.ts"
import type { OAuthClient } from "../../src/env.ts"
import type { TokenAnswer } from "../../src/oauth/client.ts"
import type { Answer, Call } from "../sandbox/http.ts"
import type { Grants } from "../sandbox/oauth/grants.ts"
import type { FaultName } from "./faults.ts"
import type { Ledger } from "./oracle.ts"
import type { Scenario } from "./scenario.ts"

export interface PartnerKind {
  title: string
  /** Small pages make many pages of few records. */
  connector(pageSize: number): AnyConnector
  /** The connector's: how far below its cursor the feed is read again. */
  lookbackMs: number
  /** Names of what can happen in the account; `arrive` and `buy` among them. */
  life: readonly string[]
  /** It takes grants back. */
  takesBack: boolean
  /** For so long a refresh token that was used may be used again; left out: once only. */
  repeatsRefreshMs?: number
  liveStreams: number
  /** Some of its accounts are crowded. */
  hasCrowds: boolean
  /** What goes wrong at this partner only. */
  faults: readonly FaultName[]
  open(scenario: Scenario, clock: () => number): PartnerAccount
}

export interface PartnerAccount {
  account: Account
  config: JsonValue
  /** The partner's side of a request that reached it. */
  isFor(url: URL): boolean
  answer(call: Call): Answer
  /** While the credential may not read something: what is answered in place of the answer, if anything. */
  forbid(call: Call, isForbidding: boolean): Answer | null
  refuse(how: Refusal, call: Call): Answer
  /** Whether an answer says that the credential is not accepted. Left out: with 401. */
  refusesKey?(answer: { status: number; body?: string }): boolean
  /** Rows that a request asks for; null: it is not for a page. */
  rowsAsked(call: Call): number | null
  /** A record for which this partner always fails, until the calm: no page that holds it is ever answered. */
  cursed?: string | null
  /** The answer to a request never arrived whole. */
  unread?(call: Call): void
  /** Of a partner with several live streams: the request is of the one that a spell is about. */
  isOfOneStream?(call: Call): boolean
  /** The request names a page by what an earlier answer said. */
  isOfLaterPage(call: Call): boolean
  /** For the story: what was asked, and what came back. */
  describe(call: Call, answer: Answer): string
  /** Lets one thing happen now. Answers what it was. */
  live(life: string, roll: number): string
  /** Nothing more happens by itself. */
  rest(): void
  key(): string
  rollKey(): void
  oauth: PartnerOAuth
  ledger: Ledger
  /** Pages of so many rows: what of the account a run may find, and all that a backfill reads. */
  pages(rows: number): { feed: number; lists: number }
  /** Calls that a page takes at most. */
  callsOfAPage: number
  /** Calls that a run takes which finds nothing: one a live stream. */
  callsOfARun: number
  /** Partner time: a run that begins then sees everything, and the one after it nothing new. */
  shownBy(): number
}

export type Refusal =
  | { kind: "limits"; seconds: number | null }
  /** Of this endpoint only. */
  | { kind: "limits_one"; seconds: number }
  | { kind: "unauthorized" }
  | { kind: "forgotten" }
  | { kind: "stumbles" }

/** Signing in at the partner, and its token endpoint. */
export interface PartnerOAuth {
  client: OAuthClient
  grants: Grants
  isTokenCall(url: URL): boolean
  /** Of the token endpoint. */
  answer(call: Call): Promise<Answer>
  /** Somebody approves our app. */
  signIn(): Promise<TokenAnswer>
  /** The user takes the app away. */
  takeAway(): void
  isInstalled(): boolean
}
