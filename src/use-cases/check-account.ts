/** What a partner says of pasted credentials: whose they are, and what they may read. Nothing is saved. */
import type {
  Account,
  AnyConnector,
  ApiKeyAuth,
  Credential,
  PageContext,
  PartnerFailure,
  Stream,
} from "../connectors/kit/define.ts"
import { ASKED_WAIT_MAX_MS } from "../connectors/kit/retry-after.ts"
import { badField, Problem } from "../errors.ts"
import { askPartner, type Stamp } from "../http/partner.ts"
import { inParallel } from "../lib/parallel.ts"
import { SKEW_MAX_MS } from "../source/clocks/skew.ts"
import type { ApiPorts } from "../worker/platform.ts"

/** Streams asked for one row each when credentials are tested, at most. */
const STREAMS_MAX = 20
const STREAMS_AT_ONCE = 4
/** Where a partner that asks us to wait does not say how long. */
const WAIT_DEFAULT_S = 30

type Ports = Pick<ApiPorts, "clock" | "http">

export interface Checked {
  account: Account
  /** Partner time of the check: live reading begins here. */
  at: number
}

export interface Readable {
  collection: string
  readable: boolean
  /** Why not, in the partner's words; null when it can be read, or could not be tried now. */
  reason: string | null
}

export interface Access {
  connector: AnyConnector
  config: unknown
  credential: Credential
}

/**
 * The key's shape, before anybody is asked. A key of another partner is called by its name and refused, even where this one's own
 * keys could look like anything: it must not be sent there.
 */
export function checkShape(connector: AnyConnector, credential: string, others: readonly AnyConnector[]): void {
  const way = apiKeyWay(connector)
  if (!way) throw badField("credentials", `${connector.title} is connected by signing in, not with a key.`)
  const result = way.schema.safeParse(credential)
  const isOurs = result.success && way.shape?.test(credential) === true
  const owner = isOurs ? undefined : others.find((other) => other !== connector && hasShape(other, credential))
  if (result.success && !owner) return
  const words = result.error?.issues.map((issue) => issue.message).join(" ")
  const hint = owner && `This one looks like a key of ${owner.title}.`
  throw badField("credentials.apiKey", [words, hint].filter(Boolean).join(" "))
}

function apiKeyWay(connector: AnyConnector): ApiKeyAuth | undefined {
  return connector.auth.find((way) => way.kind === "apiKey")
}

/** Only by what is the partner's alone: a rule that fits any text says nothing of whose key it is. */
function hasShape(connector: AnyConnector, credential: string): boolean {
  return apiKeyWay(connector)?.shape?.test(credential) === true
}

/** One call. Throws the problem that tells the user what to do. */
export async function checkAccount(ports: Ports, { connector, config, credential }: Access): Promise<Checked> {
  const result = await askPartner(ports, connector, config, connector.account.request(config), credential)
  if (result.kind === "ok") return checkedAt(result.stamp, accountIn(connector, result.answer, credential))
  // A key may work and yet not be allowed to make this call; some partners then name the account.
  if (result.kind === "denied" && result.account && result.stamp) return checkedAt(result.stamp, result.account)
  throw problemOfFailure(result, "credentials.apiKey")
}

function checkedAt({ asked, sentAt }: Stamp, account: Account): Checked {
  return { account, at: beginningOf(asked, sentAt) }
}

function accountIn(
  connector: AnyConnector,
  answer: Parameters<AnyConnector["account"]["read"]>[0],
  credential: Credential,
): Account {
  try {
    return connector.account.read(answer, credential)
  } catch {
    throw new Problem("partner_unreachable", { detail: `${connector.title} answered, but did not name the account.` })
  }
}

/**
 * Where live reading begins. Never above our own time: a partner's clock that is ahead would leave out what happens until then. Nor
 * further below it than a clock may be off: a wrong one would ask the feed for weeks.
 */
export function beginningOf(partnerTime: number, now: number): number {
  return Math.max(now - SKEW_MAX_MS, Math.min(partnerTime, now))
}

/** `field`: where the credentials were sent; left out: they are stored. */
export function problemOfFailure(failure: PartnerFailure, field?: string): Problem {
  const { reason: detail } = failure
  if (failure.kind === "auth" || failure.kind === "denied")
    return new Problem("credentials_rejected", { detail, ...(field && { errors: [{ field, message: detail }] }) })
  // The partner is there, and waiting would not help: no such shop, an unpaid plan, a locked account.
  if (failure.kind === "fault") return new Problem(failure.isMoved ? "account_moved" : "account_unusable", { detail })
  if (failure.kind !== "limited") return new Problem("partner_unreachable", { detail })
  const asked = failure.retryAfterMs === null ? WAIT_DEFAULT_S : failure.retryAfterMs / 1000
  // Not zero: whoever is told so would ask again at once.
  const wait = Math.max(1, Math.min(Math.ceil(asked), ASKED_WAIT_MAX_MS / 1000))
  return new Problem("partner_limited", { detail, retryAfterSeconds: wait })
}

/** One row of each stream: which collections these credentials may not read. */
export async function checkCollections(ports: Ports, access: Access, account: Account): Promise<Readable[]> {
  const { connector } = access
  const denied = new Map<string, string>()
  const waiting = connector.streams.slice(0, STREAMS_MAX).values()
  await inParallel(
    STREAMS_AT_ONCE,
    () => waiting.next().value,
    async (stream) => {
      const reason = await denialOf(ports, access, account, stream)
      if (reason !== null) for (const name of stream.collections) denied.set(name, reason)
    },
  )
  return connector.collections.map(({ name }) => {
    const reason = denied.get(name) ?? null
    return { collection: name, readable: reason === null, reason }
  })
}

async function denialOf(
  ports: Ports,
  access: Access,
  account: Account,
  stream: Stream<unknown>,
): Promise<string | null> {
  const { connector, config, credential } = access
  const window = { from: null, to: null }
  const ctx: PageContext<unknown> = {
    config,
    account,
    collections: new Set(stream.collections),
    window,
    pageToken: null,
    pageSize: 1,
  }
  const result = await askPartner(ports, connector, config, stream.request(ctx), credential)
  return result.kind === "denied" ? result.reason : null
}
