/**
 * The one error that is told to whoever asked: as RFC 9457 `application/problem+json` to a client of the API, as a page to a person in a
 * browser. Its code says the rest (problems.ts).
 */
import { type ApiCode, isApiCode, isPageCode, KINDS, type PageWords, type ProblemCode } from "./problems.ts"

export interface FieldError {
  /** Path in the request: `sync.intervalHours`, `collections[0].name`. */
  field: string
  message: string
}

export interface ProblemDetails {
  /** What happened this time, in the user's words. */
  detail?: string
  errors?: FieldError[]
  /** Whole seconds: also sent as the Retry-After header. */
  retryAfterSeconds?: number
  /** The run that stands in the way. */
  run?: string
  /** The source in question. */
  source?: string
  /** What else is missing of a draft. */
  missing?: string[]
  /** For a page: the partner's title. */
  partner?: string
  /** For a page: what was not granted. */
  scopes?: readonly string[]
  /** For a page: where the same thing can be tried again, on this host. */
  retry?: string
}

/** What a page calls a partner that is not known. */
const SOME_PARTNER = "the partner"

export class Problem extends Error {
  override name = "Problem"
  readonly code: ProblemCode
  readonly details: ProblemDetails

  constructor(code: ProblemCode, details: ProblemDetails = {}) {
    super(details.detail ?? wordsOf(code, details).title)
    this.code = code
    this.details = details
  }

  get status() {
    return KINDS[this.code].status
  }

  /** The same problem, with what it did not say itself. */
  with(details: ProblemDetails): Problem {
    return new Problem(this.code, { ...details, ...this.details })
  }

  toJSON() {
    const { title, remedy } = wordsOf(this.code, this.details)
    const { status, code } = this
    return { type: `urn:cloud-sources:problem:${code}`, code, status, title, remedy, ...this.details }
  }

  toResponse(): Response {
    const headers = new Headers({ "content-type": "application/problem+json", "cache-control": "no-store" })
    const { retryAfterSeconds } = this.details
    if (retryAfterSeconds !== undefined) headers.set("retry-after", String(retryAfterSeconds))
    if (this.status === 401) headers.set("www-authenticate", 'Bearer realm="cloud-sources"')
    return new Response(JSON.stringify(this), { status: this.status, headers })
  }

  /** What is not meant for a page is told as a mistake of ours. */
  toPage(): Required<PageWords> {
    if (!isPageCode(this.code)) return new Problem("internal").toPage()
    const { details, status } = this
    return { status, ...KINDS[this.code].page(details.partner ?? SOME_PARTNER, details) }
  }
}

/** What only a page tells would be told to a client in the same words. */
function wordsOf(
  code: ProblemCode,
  { partner = SOME_PARTNER, ...more }: ProblemDetails,
): { title: string; remedy: string } {
  if (isApiCode(code)) return KINDS[code]
  const { title, next } = KINDS[code].page(partner, more)
  return { title, remedy: next }
}

export function statusOf(code: ApiCode): number {
  return KINDS[code].status
}

/** One bad field, said in one sentence. */
export function badField(field: string, message: string, code: ApiCode = "invalid"): Problem {
  return new Problem(code, { detail: `${field}: ${message}`, errors: [{ field, message }] })
}
