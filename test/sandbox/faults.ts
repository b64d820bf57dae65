/** Faults by name: what can go wrong at a partner or at the destination, switched on and off while it runs. */
import type { Random } from "./random.ts"

export interface FaultKind {
  side: "partner" | "destination" | "both"
  /**
   * `before`: the service does not get to answer; `after`: its answer is spoilt on the way; `write`: it changes how records
   * appear while it is on.
   */
  when: "before" | "after" | "write"
  description: string
  /** Options and their defaults. */
  options?: FaultOptions
}

export type FaultOptions = Record<string, number | string | boolean>

export const FAULTS = {
  rate_limit: {
    side: "both",
    when: "before",
    description: "429 with Retry-After; at Shopify 200 and THROTTLED, with points that are back after so long.",
    options: { seconds: 2 },
  },
  rate_limit_bare: { side: "both", when: "before", description: "429 without Retry-After, as Stripe really sends it." },
  server_error: {
    side: "both",
    when: "before",
    description: "5xx with an HTML body, or 200 with the service's own word for it; it has done nothing.",
    options: { status: 503 },
  },
  hang: {
    side: "both",
    when: "before",
    description: "No answer for so many seconds (then 504), or until the caller gives up.",
    options: { seconds: 600 },
  },
  slow: { side: "both", when: "after", description: "The right answer, late.", options: { seconds: 5 } },
  truncated_body: { side: "both", when: "after", description: "200 whose body ends in the middle." },
  not_json: { side: "both", when: "after", description: "200 with an HTML page instead of JSON." },
  reset: { side: "both", when: "before", description: "The connection breaks before an answer." },
  reset_body: { side: "both", when: "after", description: "The connection breaks in the middle of the body." },
  huge_body: {
    side: "both",
    when: "after",
    description: "The right answer, followed by so many MB of white space.",
    options: { megabytes: 64 },
  },
  redirect: {
    side: "both",
    when: "before",
    description: "302 to another host, which must never see the credentials.",
    options: { location: "https://elsewhere.example/landing" },
  },
  unauthorized: { side: "both", when: "before", description: "401: the key is not known (for once)." },
  revoked_key: { side: "partner", when: "before", description: "401 as for a key that was rolled or has expired." },
  forbidden: {
    side: "both",
    when: "before",
    description: "403: the key may not read this; for a list that `path` names, ACCESS_DENIED.",
  },
  expired_token: {
    side: "partner",
    when: "before",
    description: "The page token is refused: by Stripe with 400, by Shopify with 200 and an error.",
  },
  repeated_token: {
    side: "partner",
    when: "after",
    description: "The same page again and again, always with more to come.",
  },
  date_ahead: {
    side: "partner",
    when: "after",
    description: "The right answer, whose Date header is so many seconds ahead.",
    options: { seconds: 1_800 },
  },
  date_behind: {
    side: "partner",
    when: "after",
    description: "The right answer, whose Date header is so many seconds behind.",
    options: { seconds: 1_800 },
  },
  date_frozen: {
    side: "partner",
    when: "after",
    description: "Right answers, all with the Date header of the first.",
  },
  lost_second: {
    side: "partner",
    when: "write",
    description: "A page of Stripe's asked for by starting_after within a range lacks the rest of the cursor's second.",
    options: { on: 1 },
  },
  slow_visibility: {
    side: "partner",
    when: "write",
    description: "New events show in the feed up to so many seconds after they were created.",
    options: { seconds: 60 },
  },
  late_rows: {
    side: "partner",
    when: "write",
    description: "New objects show in lists only so many seconds after they were created.",
    options: { seconds: 60 },
  },
  equal_timestamps: {
    side: "partner",
    when: "write",
    description: "All records of so many seconds carry one and the same `created`.",
    options: { seconds: 60 },
  },
  reject_key: { side: "destination", when: "before", description: "401: the destination does not take the key." },
  no_credits: { side: "destination", when: "before", description: "402: out of credits." },
  transient_400: {
    side: "destination",
    when: "before",
    description: "400 that goes away by itself: the same bytes pass later.",
  },
  poison: {
    side: "destination",
    when: "before",
    description: "A batch that holds an item with the marker anywhere in it is refused with 400, without saying which.",
    options: { marker: "poison" },
  },
  refuse_all: { side: "destination", when: "before", description: "400 for everything." },
  too_large: {
    side: "destination",
    when: "before",
    description: "413 for bodies over so many bytes.",
    options: { bytes: 50_000 },
  },
  timeout_after_accept: {
    side: "destination",
    when: "after",
    description: "The items are stored, but the answer never comes (or, with `status`, is an error).",
    options: { seconds: 600, status: 0 },
  },
} as const satisfies Record<string, FaultKind>

export type FaultName = keyof typeof FAULTS

export interface FaultRequest {
  name: FaultName
  /** The only account that suffers; `org/project` or `org/project/source` at the destination. */
  account?: string
  /** Only calls about what begins so: a path, or a list's name where all calls have one path. */
  path?: string
  /** So many calls suffer, then the fault is over. Left out: until switched off. */
  times?: number
  /** Calls that backfill unharmed before the first one suffers. */
  after?: number
  /** Each call suffers with this probability. */
  probability?: number
  options?: FaultOptions
}

export interface ActiveFault extends FaultRequest {
  id: number
  options: FaultOptions
  /** Calls it has spoilt. */
  hits: number
}

export interface Faults {
  on(request: FaultRequest): number
  /** By number, by name, or all. */
  off(which?: number | FaultName): void
  active(): readonly ActiveFault[]
  /** The fault that this call suffers, if any; spends it. `spares` says that a fault does not concern the call. */
  take(
    side: "partner" | "destination",
    account: string | null,
    subjects: readonly string[],
    spares: (fault: ActiveFault) => boolean,
  ): ActiveFault | null
  /** An option of a `write` fault while it is on, else 0. */
  level(name: FaultName, account: string, option: string): number
  restore(saved: readonly ActiveFault[]): void
}

export function createFaults(random: Random): Faults {
  let list: ActiveFault[] = []
  let last = 0
  return {
    on(request) {
      last += 1
      const kind: FaultKind | undefined = FAULTS[request.name]
      if (!kind) throw new Error(`no fault ${request.name}`)
      list.push({ ...request, id: last, hits: 0, options: { ...kind.options, ...request.options } })
      return last
    },
    off(which) {
      list = which === undefined ? [] : list.filter((fault) => fault.id !== which && fault.name !== which)
    },
    active: () => list,
    take(side, account, subjects, spares) {
      for (const fault of list) {
        const kind: FaultKind = FAULTS[fault.name]
        if (kind.when === "write" || (kind.side !== "both" && kind.side !== side)) continue
        if (!isFor(fault, account) || !isAbout(fault, subjects) || spares(fault)) continue
        if (fault.probability !== undefined && !random.chance(fault.probability)) continue
        if (fault.after !== undefined && fault.after > 0) {
          fault.after -= 1
          continue
        }
        fault.hits += 1
        if (fault.times !== undefined && fault.hits >= fault.times) list = list.filter((other) => other !== fault)
        return fault
      }
      return null
    },
    level(name, account, option) {
      const fault = list.find((active) => active.name === name && isFor(active, account))
      return Number(fault?.options[option] ?? 0)
    },
    restore(saved) {
      list = saved.map((fault) => ({ ...fault }))
      last = list.reduce((most, fault) => Math.max(most, fault.id), last)
    },
  }
}

function isFor(fault: ActiveFault, account: string | null): boolean {
  if (fault.account === undefined) return true
  return account !== null && (account === fault.account || account.startsWith(`${fault.account}/`))
}

function isAbout({ path = "" }: ActiveFault, subjects: readonly string[]): boolean {
  return subjects.some((subject) => subject.startsWith(path))
}
