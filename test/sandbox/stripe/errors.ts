/** Stripe's error bodies, word for word where a public record of them was found. https://docs.stripe.com/api/errors */
import type { JsonObject } from "../json.ts"

export interface StripeError {
  status: number
  error: JsonObject
  headers?: Record<string, string>
}

/** Thrown inside the simulated API, answered at its edge. */
export class Refusal extends Error {
  override name = "Refusal"
  readonly refusal: StripeError
  constructor(refusal: StripeError) {
    super(String(refusal.error.message))
    this.refusal = refusal
  }
}

export const noKey = (): StripeError => ({
  status: 401,
  headers: { "www-authenticate": 'Bearer realm="Stripe"' },
  error: {
    message:
      "You did not provide an API key. You need to provide your API key in the Authorization header, using Bearer auth (e.g. 'Authorization: Bearer YOUR_SECRET_KEY'). See https://stripe.com/docs/api#authentication for details, or we can help at https://support.stripe.com/.",
    type: "invalid_request_error",
  },
})

export const invalidKey = (key: string): StripeError => ({
  status: 401,
  headers: { "www-authenticate": 'Bearer realm="Stripe"' },
  error: { message: `Invalid API Key provided: ${mask(key)}`, type: "invalid_request_error" },
})

export const expiredKey = (key: string): StripeError => ({
  status: 401,
  headers: { "www-authenticate": 'Bearer realm="Stripe"' },
  error: {
    ...coded("api_key_expired"),
    message: `Expired API Key provided: ${mask(key)}`,
    type: "invalid_request_error",
  },
})

export const missingPermission = (key: string, account: string, permission: string): StripeError => ({
  status: 403,
  error: {
    message: `The provided key '${mask(key)}' does not have the required permissions for this endpoint on account '${account}'. Having the '${permission}' permission would allow this request to continue.`,
    type: "invalid_request_error",
  },
})

export const rateLimited = (reason: "global-rate" | "endpoint-rate"): StripeError => ({
  status: 429,
  headers: { "stripe-rate-limited-reason": reason, "stripe-should-retry": "true" },
  error: {
    ...coded("rate_limit"),
    message: "Request rate limit exceeded. Learn more about rate limits here https://stripe.com/docs/rate-limits.",
    type: "invalid_request_error",
  },
})

export const missing = (status: 400 | 404, noun: string, id: string, param: string): StripeError => ({
  status,
  error: { ...coded("resource_missing"), message: `No such ${noun}: '${id}'`, param, type: "invalid_request_error" },
})

export const unknownParameters = (names: readonly string[]): StripeError => ({
  status: 400,
  error: {
    ...coded("parameter_unknown"),
    message: `Received unknown parameter${names.length > 1 ? "s" : ""}: ${names.join(", ")}`,
    param: names[0] ?? "",
    type: "invalid_request_error",
  },
})

export const badInteger = (param: string, message: string): StripeError => ({
  status: 400,
  error: { ...coded("parameter_invalid_integer"), message, param, type: "invalid_request_error" },
})

export const badRequest = (message: string, param?: string): StripeError => ({
  status: 400,
  error: { message, ...(param ? { param } : {}), type: "invalid_request_error" },
})

export const unknownUrl = (method: string, path: string): StripeError => ({
  status: 404,
  error: {
    message: `Unrecognized request URL (${method}: ${path}). Please see https://stripe.com/docs or we can help at https://support.stripe.com/.`,
    type: "invalid_request_error",
  },
})

/** `sk_test_****1234`, as long as the key itself. */
export function mask(key: string): string {
  const head = /^(sk|rk|pk)_(test|live)_/.exec(key)?.[0] ?? ""
  const hidden = Math.max(0, key.length - head.length - 4)
  return `${head}${"*".repeat(hidden)}${key.slice(Math.max(head.length, key.length - 4))}`
}

function coded(code: string): JsonObject {
  return { code, doc_url: `https://stripe.com/docs/error-codes/${code.replaceAll("_", "-")}` }
}
