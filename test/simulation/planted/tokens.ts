/** Access tokens and their renewal. */
import { type Mutant, SHOPIFY_TOKENS, STRIPE_TOKENS } from "./mutant.ts"

export const TOKENS: readonly Mutant[] = [
  {
    name: "two renewals of a token may be under way",
    file: "source/token.ts",
    from: "  if (token.intent && token.intent.until > turn.now) return { kind",
    to: "  if (token.intent && token.intent.until < 0) return { kind",
    at: SHOPIFY_TOKENS,
  },
  {
    name: "a renewal that a sign-in has overtaken is saved all the same",
    file: "source/token.ts",
    from: "if (!token || token.intent?.id !== intent) return",
    to: 'if (!token || intent === "") return',
    at: SHOPIFY_TOKENS,
  },
  {
    name: "one lost answer ends a grant that could be renewed",
    file: "source/token.ts",
    from: "  if (token.lost >= LOST_MAX && !isRepeatable(turn, token))\n",
    to: "  if (token.lost >= LOST_MAX - 2)\n",
    at: SHOPIFY_TOKENS,
  },
  {
    name: "a wrong client of ours ends the grants of all its sources",
    file: "oauth/client.ts",
    from: '  return { kind: "client", reason: ',
    to: '  return { kind: "refused", reason: ',
    at: SHOPIFY_TOKENS,
  },
  {
    name: "a refresh token that the partner refused is sent again",
    file: "source/token.ts",
    from: '    case "refused":\n      endGrant(turn, token, answer.reason)\n',
    to: '    case "refused":\n      waitFor(turn, answer.reason, nextTry(turn, token, RETRY_BASE_MS))\n',
    at: SHOPIFY_TOKENS,
  },
  {
    name: "a token endpoint that is down is taken to refuse",
    file: "oauth/client.ts",
    from: "  if (status >= 500 || status === 429 || status === 408)\n",
    to: '  if (status >= 500) return { kind: "refused", reason: title }\n  if (status === 429 || status === 408)\n',
    at: SHOPIFY_TOKENS,
  },
  {
    name: "an access token is kept, the refresh token that came with it is not",
    file: "source/token.ts",
    from: "Object.assign(token, { tokens: answer.tokens, version",
    to: "Object.assign(token, { tokens: { ...answer.tokens, refresh: token.tokens.refresh }, version",
    at: STRIPE_TOKENS,
  },
  {
    name: "a token is renewed each time it is needed",
    file: "source/token.ts",
    from: "  if (token.refused) return true\n",
    to: "  if (token.refused || now > 0) return true\n",
    at: STRIPE_TOKENS,
  },
  {
    name: "a grant that could not be given back is forgotten",
    file: "oauth/tokens.ts",
    from: '  return result.kind === "refused" ? access : null\n',
    to: "  return access\n",
    at: SHOPIFY_TOKENS,
  },
  {
    name: "a source that rests lets its grant lapse",
    file: "source/token.ts",
    from: "  return at !== null && at <= turn.now ? begin(turn)",
    to: "  return at !== null && at < 0 ? begin(turn)",
    at: SHOPIFY_TOKENS,
  },
]
