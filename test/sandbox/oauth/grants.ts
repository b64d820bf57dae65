/** Codes, access tokens and refresh tokens of a simulated authorization server, and when each stops being good. */
import { SECOND_MS } from "../clock.ts"
import { hashText, idFor } from "../random.ts"
import type { Writer } from "../store.ts"

export interface Policy {
  codeLifeS: number
  accessLifeS: number
  refreshLifeS: number
  /**
   * When a refresh token stops being good. `used`: with its first use. `replaced`: with the first use of the one that took its
   * place, so that a lost answer can be asked for again.
   */
  retires: "used" | "replaced"
  /** A retired refresh token that is used all the same takes its whole grant away. */
  revokesOnReuse: boolean
}

export interface App {
  /** Client id. */
  id: string
  secret: string
  name: string
  /** Where people who begin at the partner are sent. */
  installUrl: string | null
  /** What an approval grants in place of what was asked for. */
  grants: string[] | null
}

export interface Code {
  code: string
  app: string
  account: string
  scopes: string[]
  redirectUri: string
  /** PKCE, S256; null: none was sent. */
  challenge: string | null
  expiresAt: number
  used: boolean
}

interface RefreshToken {
  token: string
  grant: string
  app: string
  account: string
  scopes: string[]
  expiresAt: number
  /** The token it was got with. */
  parent: string | null
  state: "good" | "used" | "retired" | "revoked"
}

export interface Issued {
  account: string
  scopes: string[]
  access: string
  accessExpiresAt: number
  refresh: string
  refreshExpiresAt: number
}

export type Outcome = { ok: true; issued: Issued } | { ok: false; error: "invalid_grant"; description: string }

export interface Grants {
  policy: Policy
  issueCode(request: Omit<Code, "code" | "expiresAt" | "used">): string
  exchange(code: string, app: string, verifier: string | null): Promise<Outcome>
  refresh(token: string, app: string): Outcome
  /** Whether a refresh token would be exchanged. */
  isGood(token: string): boolean
  /** Whether the app has a good refresh token for the account. */
  isInstalled(app: string, account: string): boolean
  /** Access tokens of the account run out before their time; what renews them stays good. */
  expireAccess(account: string): void
  /** The user takes the app away, or the app gives it back. */
  uninstall(app: string, account: string): void
  restore(table: string, id: string, value: unknown): boolean
  reset(): void
}

export interface GrantsParts {
  /** `stripe`, `shopify`. */
  partner: string
  policy: Policy
  clock: () => number
  writer: Writer
  /** Makes an access token that the API accepts until then. */
  issueAccess(account: string, scopes: string[], no: number, expiresAt: number): string
  /** The API accepts it no more. */
  endAccess(account: string): void
  refreshPrefix: string
}

const NOT_FOUND = "The authorization code was not found or was already used"
const UNKNOWN = "The refresh token is invalid, expired, or was replaced"

export function createGrants({ partner, policy, clock, writer, ...parts }: GrantsParts): Grants {
  const codes = new Map<string, Code>()
  const tokens = new Map<string, RefreshToken>()
  let made = 0

  const table = (name: string) => `oauth-${partner}/${name}`
  const noise = () => {
    made += 1
    return [1, 2, 3].map((n) => idFor("x", hashText(`${partner}/${n}`), made).slice(2)).join("")
  }
  const saveCode = (code: Code) => {
    codes.set(code.code, code)
    writer.touch(table("codes"), code.code, () => code)
  }
  const saveToken = (token: RefreshToken) => {
    tokens.set(token.token, token)
    writer.touch(table("tokens"), token.token, () => token)
  }

  function issue(from: Pick<RefreshToken, "app" | "account" | "scopes" | "grant">, parent: string | null): Outcome {
    const now = clock()
    const { app, account, scopes, grant } = from
    const token = `${parts.refreshPrefix}${noise()}`
    const refreshExpiresAt = now + policy.refreshLifeS * SECOND_MS
    const accessExpiresAt = now + policy.accessLifeS * SECOND_MS
    saveToken({ token, grant, app, account, scopes, expiresAt: refreshExpiresAt, parent, state: "good" })
    const access = parts.issueAccess(account, scopes, made, accessExpiresAt)
    return { ok: true, issued: { account, scopes, access, accessExpiresAt, refresh: token, refreshExpiresAt } }
  }

  const refuse = (description: string): Outcome => ({ ok: false, error: "invalid_grant", description })

  function endGrant(grant: string, account: string): void {
    for (const token of tokens.values()) if (token.grant === grant) saveToken({ ...token, state: "revoked" })
    parts.endAccess(account)
  }

  return {
    policy,
    issueCode(request) {
      const code = `ac_${noise()}`
      saveCode({ ...request, code, used: false, expiresAt: clock() + policy.codeLifeS * SECOND_MS })
      return code
    },
    async exchange(code, app, verifier) {
      const known = codes.get(code)
      if (!known || known.app !== app || known.used || known.expiresAt <= clock()) return refuse(NOT_FOUND)
      saveCode({ ...known, used: true })
      if (known.challenge !== null && known.challenge !== (await challengeOf(verifier ?? ""))) return refuse(NOT_FOUND)
      return issue({ ...known, grant: code }, null)
    },
    refresh(token, app) {
      const known = tokens.get(token)
      if (!known || known.app !== app || known.expiresAt <= clock()) return refuse(UNKNOWN)
      if (known.state === "retired" || known.state === "revoked") {
        if (policy.revokesOnReuse) endGrant(known.grant, known.account)
        return refuse(UNKNOWN)
      }
      saveToken({ ...known, state: policy.retires === "used" ? "retired" : "used" })
      const parent = known.parent === null ? undefined : tokens.get(known.parent)
      if (parent?.state === "used") saveToken({ ...parent, state: "retired" })
      return issue(known, token)
    },
    isGood(token) {
      const known = tokens.get(token)
      return known !== undefined && known.expiresAt > clock() && (known.state === "good" || known.state === "used")
    },
    isInstalled: (app, account) =>
      [...tokens.values()].some((one) => one.app === app && one.account === account && one.state === "good"),
    expireAccess: (account) => parts.endAccess(account),
    uninstall(app, account) {
      for (const token of tokens.values())
        if (token.app === app && token.account === account) saveToken({ ...token, state: "revoked" })
      parts.endAccess(account)
    },
    restore(name, id, value) {
      made += 1
      if (name === table("codes")) codes.set(id, value as Code)
      else if (name === table("tokens")) tokens.set(id, value as RefreshToken)
      else return false
      return true
    },
    reset() {
      codes.clear()
      tokens.clear()
      made = 0
    },
  }
}

async function challengeOf(verifier: string): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(verifier))
  return btoa(String.fromCharCode(...new Uint8Array(digest)))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replace(/=+$/, "")
}
