/**
 * Bearer tokens: who asks, for which project, in which role. The algorithm is fixed by how this deployment is set up, never by the
 * token: a shared secret checks HS256 alone, a key set RS256 and ES256 alone, and each key only the algorithm of its type.
 */
import { decodeHeader, verify } from "hono/utils/jwt/jwt"
import { JwtTokenAudience, JwtTokenIssuer } from "hono/utils/jwt/types"
import { z } from "zod"
import type { Settings } from "../env.ts"
import { Problem } from "../errors.ts"
import type { ExchangePorts } from "../http/exchange.ts"
import { keyNamed } from "./jwks.ts"

/** How far two clocks may differ, seconds. */
const CLOCK_SKEW_S = 30
/** A token longer than this is none of ours; checking it would only cost. */
const TOKEN_CHARS_MAX = 8_192
/** RFC 9068 access tokens name their type. */
const TYPES = ["JWT", "at+jwt"]
const KEY_TYPES = { RS256: "RSA", ES256: "EC" } as const

export const ROLES = ["viewer", "editor", "admin", "operator"] as const
export type Role = (typeof ROLES)[number]

/** Also a path segment and part of an object's name: no slash may get in. */
export const slug = z.string().regex(/^[A-Za-z0-9_][A-Za-z0-9._-]{0,63}$/)

export interface Caller {
  /** The token's `sub`: who, for the audit trail. */
  subject: string
  role: Role
  /** Null for operators, who belong to no project. */
  org: string | null
  project: string | null
}

const claims = z.object({
  sub: z.string().min(1).max(255),
  role: z.enum(ROLES),
  org: slug.nullable().default(null),
  project: slug.nullable().default(null),
  exp: z.number(),
  nbf: z.number().default(0),
})

type AuthSettings = Settings["auth"]

export async function callerOf(
  ports: ExchangePorts,
  auth: AuthSettings,
  authorization: string | undefined,
): Promise<Caller> {
  const token = /^Bearer ([\w.~+/-]+=*)$/i.exec(authorization ?? "")?.[1]
  if (!token) throw new Problem("unauthenticated")
  if (token.length > TOKEN_CHARS_MAX) throw invalid("It is too long.")
  const payload = claims.safeParse(await verified(ports, auth, token))
  if (!payload.success) throw invalid(`Its claims lack something: ${fieldsOf(payload.error)}.`)
  const { sub, role, org, project, exp, nbf } = payload.data
  checkTimes(exp, nbf, ports.clock.now() / 1000)
  return { subject: sub, role, org, project }
}

/** Signature, issuer and audience; times are ours to check, since the library allows no skew. */
async function verified(ports: ExchangePorts, auth: AuthSettings, token: string): Promise<unknown> {
  const named = headerOf(token)
  const expected = { iss: auth.issuer, aud: auth.audience, exp: false, nbf: false, iat: false }
  const options = named.typ === undefined ? expected : { ...expected, typ: TYPES }
  const { key, alg } = await keyOf(ports, auth.keys, named)
  try {
    return await verify(token, key, { ...options, alg })
  } catch (error) {
    throw invalid(wordsFor(error))
  }
}

/** Whatever JSON a stranger puts there; the library only says that it parsed. */
const header = z.looseObject({ alg: z.string(), typ: z.unknown(), kid: z.string().optional() })

function headerOf(token: string): z.infer<typeof header> {
  const parsed = header.safeParse(decoded(token))
  if (!parsed.success) throw invalid("It is not a JSON Web Token.")
  return parsed.data
}

function decoded(token: string): unknown {
  try {
    return decodeHeader(token)
  } catch {
    return undefined
  }
}

async function keyOf(ports: ExchangePorts, keys: AuthSettings["keys"], { alg: named, kid }: z.infer<typeof header>) {
  if (keys.kind === "secret") return { key: keys.secret, alg: "HS256" } as const
  const alg = (["RS256", "ES256"] as const).find((one) => one === named)
  if (!alg) throw invalid("It must be signed with RS256 or ES256.")
  const key = kid === undefined ? null : await keyNamed(ports, keys.url, kid)
  if (!key) throw invalid("It is signed with a key that its issuer does not publish.")
  const fits = key.kty === KEY_TYPES[alg] && (key.alg === undefined || key.alg === alg) && key.use !== "enc"
  if (!fits) throw invalid("It is signed with a key of another kind.")
  return { key, alg }
}

function checkTimes(exp: number, nbf: number, now: number): void {
  if (exp + CLOCK_SKEW_S <= now) throw new Problem("token_expired", { detail: "The token has expired." })
  if (nbf - CLOCK_SKEW_S > now) throw new Problem("token_expired", { detail: "The token is not valid yet." })
}

function wordsFor(error: unknown): string {
  if (error instanceof JwtTokenAudience) return "It was issued for another audience."
  if (error instanceof JwtTokenIssuer) return "It was issued by somebody else."
  return "Its signature or form is not right."
}

const fieldsOf = (error: z.ZodError) => error.issues.map((issue) => issue.path.join(".")).join(", ")
const invalid = (detail: string) => new Problem("token_invalid", { detail })
