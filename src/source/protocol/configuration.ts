/** What a source is told by D1: which it is, what it reads with which credential, and where its items go. */
import type { Clearing, Identity } from "../../api/enums.ts"
import type { CollectionChoice } from "../../api/views.ts"
import type { Account, JsonValue } from "../../connectors/kit/define.ts"
import type { Bookmark } from "./bookmark.ts"

/** A secret as sealed by the vault; opened only by the Durable Object, which passes the plain value to a consumer that holds a lease. */
export type Sealed = string

/** A sealed value that a source's object holds, and what it is bound to. */
export interface SealedSecret {
  /** The source it is sealed for; empty for the project's destination. */
  owner: string
  purpose: "credential" | "destination" | "grant"
  value: Sealed
}

/** An access token and what renews it, as the partner gave them at one time. */
export interface SealedTokens {
  access: Sealed
  /** Null: it cannot be renewed. */
  refresh: Sealed | null
  /** Id of the OAuth client it was given to: no other can renew it. */
  client: string
  /** The client is the project's own, set under Settings. Left out: stored before this was noted. */
  isOwnClient?: boolean
  /** Our clock; null: it does not expire. */
  expiresAt: number | null
  /** How long the access token lives from the start, ms. */
  lifeMs: number | null
  /** Our clock: unused until then, the refresh token lapses. */
  refreshExpiresAt: number | null
  refreshLifeMs: number | null
}

export interface GrantConfig {
  id: string
  /** Null once the Durable Object has taken them: from then on only it knows the current ones. */
  tokens: SealedTokens | null
}

export type { CollectionChoice } from "../../api/views.ts"

export interface SourceRef {
  org: string
  project: string
  /** The source's own id (`src_...`). */
  source: string
}

export interface DestinationConfig {
  org: string
  project: string
  /** Intempt's 19-digit source id, kept as a string. */
  sourceId: string
  /** `prefix.secret`, sealed. */
  key: Sealed
  /** The source id the key is sealed for; empty for the project's default. */
  owner: string
  /** Left out: `empty`. */
  clearing?: Clearing
}

/** Everything D1 knows of a source that syncing needs; D1 owns it, the Durable Object keeps a copy by version. */
export interface Configuration extends SourceRef {
  /** Grows with every change in D1; an older one is ignored. */
  version: number
  connector: string
  config: JsonValue
  account: Account
  identity: Identity
  collections: CollectionChoice[]
  /** 00:00 UTC of the sync start date. */
  startDate: number
  intervalHours: number
  /** False: paused by the user. */
  active: boolean
  /** The pasted key; null where an OAuth grant is in its place. */
  credential: Sealed | null
  /** Left out or null: a pasted key is used. */
  grant?: GrantConfig | null
  /** Grows when a new key is pasted or a new grant is given. */
  credentialVersion: number
  destination: DestinationConfig | null
  /** Grows when the destination or its key changes. */
  destinationVersion: number
  /** Partner time at which the credential was first checked: live reading begins here. */
  connectedAt: number
  /** Where a deleted source of the same account stopped: a new one goes on from there. Told until the source has begun. */
  bookmark?: Bookmark
}

/** How what was removed is told; before a destination is named, as it is by default. */
export function clearingOf({ destination }: Pick<Configuration, "destination">): Clearing {
  return destination?.clearing ?? "empty"
}

/** The Durable Object's name: the project is part of it, so that tenants never mix. */
export function objectName(ref: SourceRef): string {
  return `${ref.org}/${ref.project}/${ref.source}`
}
