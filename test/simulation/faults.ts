/** What can go wrong, and how often at its worst: the probability at each occasion. */
const FAULTS = {
  // the Durable Object
  commit_fails: { rate: 0.01, says: "a commit fails, nothing is written" },
  commit_throws: { rate: 0.01, says: "a commit is written and throws all the same" },
  evicted: { rate: 0.02, says: "the Durable Object is evicted, its memory is gone" },
  alarm_late: { rate: 0.2, says: "an alarm fires late" },
  alarm_twice: { rate: 0.1, says: "an alarm fires twice" },
  alarm_lost: { rate: 0.004, says: "an alarm never fires" },
  publish_fails: { rate: 0.2, says: "D1 does not take the status" },
  publish_hangs: { rate: 0.05, says: "D1 does not answer when it is told the status" },
  // queues
  send_fails: { rate: 0.05, says: "sending a wake-up fails" },
  wake_lost: { rate: 0.06, says: "a wake-up is lost" },
  wake_doubled: { rate: 0.1, says: "a wake-up comes twice" },
  wake_delayed: { rate: 0.15, says: "a wake-up comes late" },
  // calls of the Durable Object
  request_lost: { rate: 0.02, says: "a call is lost on its way" },
  request_late: { rate: 0.01, says: "a call is given up by its caller and arrives later" },
  answer_lost: { rate: 0.02, says: "a call is carried out, its answer is lost" },
  // consumers
  killed: { rate: 0.008, says: "a consumer is killed" },
  stalled: { rate: 0.01, says: "a consumer stands still for minutes" },
  other_protocol: { rate: 0.05, says: "a consumer of another deploy" },
  call_of_another_deploy: { rate: 0.01, says: "a call of another deploy" },
  // the partner
  partner_limits: { rate: 0.03, says: "the partner answers 429 with Retry-After" },
  partner_limits_barely: { rate: 0.02, says: "the partner answers 429 without Retry-After" },
  partner_5xx: { rate: 0.04, says: "the partner answers 5xx" },
  partner_refuses: { rate: 0.004, says: "the partner answers 400 for no reason" },
  partner_html: { rate: 0.01, says: "the partner answers 200 with a web page" },
  partner_undated: { rate: 0.01, says: "the partner's answer has no Date" },
  partner_hangs: { rate: 0.02, says: "the partner does not answer" },
  partner_slow: { rate: 0.05, says: "the partner answers after many seconds" },
  partner_breaks: { rate: 0.02, says: "the partner's answer breaks off" },
  partner_stalls: { rate: 0.01, says: "the partner's answer stops in the middle" },
  partner_huge: { rate: 0.01, says: "the partner's answer is over the size limit" },
  partner_forgets_token: { rate: 0.02, says: "the partner no longer knows a page token" },
  partner_unreachable: { rate: 0.02, says: "the partner cannot be reached" },
  partner_gateway: { rate: 0.01, says: "what lies before the partner answers 401, 403 or 404 with a web page" },
  partner_misdates: { rate: 0.01, says: "the partner's answer has a Date that is far off" },
  partner_unauthorized_once: { rate: 0.003, says: "the partner answers 401 for once" },
  // the destination
  destination_5xx: { rate: 0.05, says: "the destination answers 5xx and took nothing" },
  destination_slow: { rate: 0.15, says: "the destination answers after many seconds" },
  destination_limits: { rate: 0.03, says: "the destination answers 429" },
  destination_hangs: { rate: 0.03, says: "the destination takes nothing and does not answer" },
  destination_unreachable: { rate: 0.02, says: "the destination cannot be reached" },
  destination_silent: { rate: 0.05, says: "the destination takes the items, its answer is lost" },
  destination_takes_and_fails: { rate: 0.03, says: "the destination takes the items and answers 502" },
  destination_breaks: { rate: 0.02, says: "the destination takes the items, its answer ends in the middle" },
  destination_400_once: { rate: 0.05, says: "the destination answers a transient 400" },
  destination_page: { rate: 0.02, says: "the destination takes nothing and answers 200 with a web page" },
  destination_errors: { rate: 0.02, says: "the destination takes nothing and answers 200 with errors" },
  destination_413: { rate: 0.1, says: "the destination finds a large body too large" },
} as const

/** What goes wrong at some partners only. */
const OWN_FAULTS = {
  partner_stumbles: { rate: 0.03, says: "the partner answers 200 with an error of its own" },
} as const

/** At the token endpoint. */
const TOKEN_FAULTS = {
  token_5xx: { rate: 0.08, says: "the token endpoint answers 5xx" },
  token_limits: { rate: 0.04, says: "the token endpoint answers 429" },
  token_unreachable: { rate: 0.04, says: "the token endpoint cannot be reached" },
  token_hangs: { rate: 0.03, says: "the token endpoint does not answer" },
  token_denies_us: { rate: 0.03, says: "the token endpoint does not accept our app" },
  token_silent: { rate: 0.04, says: "the token is renewed, its answer is lost" },
  token_slow: { rate: 0.08, says: "the token is renewed, the answer takes many seconds" },
  token_html: { rate: 0.03, says: "the token is renewed, and a web page in place of the answer" },
  token_overtaken: { rate: 0.06, says: "the user signs in again while the token is being renewed" },
  token_breaks: { rate: 0.03, says: "the token is renewed, the answer breaks off" },
} as const

const ALL_FAULTS = { ...FAULTS, ...OWN_FAULTS, ...TOKEN_FAULTS }

export type FaultName = keyof typeof ALL_FAULTS
export const FAULT_NAMES = Object.keys(FAULTS) as FaultName[]
export const TOKEN_FAULT_NAMES = Object.keys(TOKEN_FAULTS) as FaultName[]

export function faultOf(name: FaultName): { rate: number; says: string } {
  return ALL_FAULTS[name]
}

/** What the destination refuses for good carries this somewhere. */
export const POISON = "poison"

/** Troubles that last. */
const SPELLS = {
  partner_down: "the partner is down",
  partner_forbids: "the key may not read charges, or the events",
  destination_down: "the destination is down",
  destination_crawls: "the destination takes many seconds for each answer",
  destination_rejects_key: "the destination rejects the key",
  destination_refuses_all: "the destination refuses everything with 400",
} as const

/** What only some seeds have: clocks that are wrong for a while, another deploy, rows that grow. */
const SELDOM_SPELLS = {
  clock_steps: "the object's own clock stands thirty days ahead",
  newer_code: "newer code has taken over the state, and older instances still wake up",
  partner_heavy_rows: "the partner's rows are so large that few of them fit an answer",
  partner_misdates_much: "the Date of the partner's answers is anything",
} as const

/** Of a partner with several live streams, about one of them. */
const ONE_STREAM_SPELLS = {
  one_stream_gone: "one of the partner's endpoints answers 404",
  one_stream_fails: "one of the partner's endpoints answers 500",
  one_stream_limits: "one of the partner's endpoints answers 429",
  one_stream_forbidden: "the key may not use one of the partner's endpoints",
} as const

/** On crowded accounts: one claim then outlasts its first term. */
const CROWD_SPELLS = {
  destination_drags: "the destination takes nearly as long as it may for each answer",
} as const

const TOKEN_SPELLS = {
  token_down: "the token endpoint is down",
  token_page: "the token endpoint answers with a web page",
  client_missing: "our OAuth client is not set up",
} as const

const ALL_SPELLS = { ...SPELLS, ...SELDOM_SPELLS, ...ONE_STREAM_SPELLS, ...CROWD_SPELLS, ...TOKEN_SPELLS }

export type SpellName = keyof typeof ALL_SPELLS
export const SPELL_NAMES = Object.keys(SPELLS) as SpellName[]
export const SELDOM_SPELL_NAMES = Object.keys(SELDOM_SPELLS) as SpellName[]
export const ONE_STREAM_SPELL_NAMES = Object.keys(ONE_STREAM_SPELLS) as SpellName[]
export const TOKEN_SPELL_NAMES = Object.keys(TOKEN_SPELLS) as SpellName[]

export function spellOf(name: SpellName): string {
  return ALL_SPELLS[name]
}
