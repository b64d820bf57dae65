/** Who a record is about: the destination's names of people and companies. */
import type { NormalizeContext } from "../define.ts"
import type { Identity, JsonValue } from "../item.ts"
import { at, email } from "../values.ts"
import type { From } from "./fields.ts"

/** A connector states its rule once, so that a record names the same person whatever way it came. */
export interface PeopleRule {
  /**
   * - `email`: every way shows the person's own present email, so that all records go out under it.
   * - `id`: some way does not (an event that names the customer by id alone): all records but the person's own go out under the id, and
   *   that one joins the two.
   */
  knownBy: "email" | "id"
  /** The partner's ids are not unique among partners (bare numbers): they are written with its name and the account's id in front. */
  isScoped?: true
}

/** Where a record names its person or company. */
export interface Who {
  /** Dotted path of the person's id at the partner. */
  id?: string
  email?: From
  company?: Company
}

/** A company is its domain, else its name, else its id. */
export interface Company {
  id: string
  domain?: string
  name?: string
}

/** What naming somebody depends on. */
export type Naming = Pick<NormalizeContext<unknown>, "account" | "identity"> & { connector: string; people: PeopleRule }

/** A record about somebody. Nobody named: the record stands for whoever it is, and says so. */
export function named(
  record: JsonValue,
  who: Who,
  recordId: string,
  naming: Naming,
): Identity & { isAnonymous: boolean } {
  const accountId = who.company && companyOf(record, who.company, naming)
  const company = accountId !== undefined && { accountId }
  const id = idAt(record, who.id)
  const address = emailOf(record, who.email)
  const mayBeEmail = naming.identity === "email" && (naming.people.knownBy === "email" || id === null)
  const userId = (mayBeEmail ? address : null) ?? (id === null ? null : scoped(id, naming))
  if (userId !== null) return { userId, ...company, isAnonymous: false }
  if (company) return { ...company, isAnonymous: false }
  return { userId: scoped(recordId, naming), isAnonymous: true }
}

/** The person's own record: under the email where there is one, joined to the id by which others name it. */
export function themselves(
  record: JsonValue,
  who: Who,
  naming: Naming,
): { userId: string; formerUserId?: string } | null {
  const id = idAt(record, who.id)
  if (id === null) return null
  const own = scoped(id, naming)
  const address = naming.identity === "email" ? emailOf(record, who.email) : null
  if (address === null) return { userId: own }
  return { userId: address, formerUserId: own }
}

export function companyOf(record: JsonValue, { id, domain, name }: Company, naming: Naming): string | undefined {
  const own = idAt(record, id)
  if (naming.identity === "partnerId") return own === null ? undefined : scoped(own, naming)
  const called = [domain, name]
    .map((path) => (path === undefined ? null : textOf(at(record, path))))
    .find((one) => one !== null)
  return called ?? (own === null ? undefined : scoped(own, naming))
}

export function idAt(record: JsonValue, path: string | undefined): string | null {
  return path === undefined ? null : textOf(at(record, path))
}

function textOf(value: JsonValue | undefined): string | null {
  const text = typeof value === "number" ? String(value) : value
  return typeof text === "string" && text.trim() !== "" ? text.trim() : null
}

function emailOf(record: JsonValue, from: From | undefined): string | null {
  if (from === undefined) return null
  const found = typeof from === "string" ? at(record, from) : from(record)
  return typeof found === "string" ? email(found) : null
}

function scoped(id: string, { connector, account, people }: Naming): string {
  return people.isScoped ? `${connector}:${account.id}:${id}` : id
}
