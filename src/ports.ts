/**
 * The effects that every layer may be handed, as capabilities: the shipped modules run unchanged over the platform and over the
 * simulator. Nothing outside the implementations of these ports may reach for a clock, randomness, a timer or the network.
 */

export interface Clock {
  /** Epoch ms, our clock. */
  now(): number
  /** Resolves after so many ms. */
  sleep(ms: number): Promise<void>
  /** A signal that aborts after so many ms. */
  timeout(ms: number): AbortSignal
}

export interface Random {
  /** Uniform in [0, 1). */
  next(): number
  /** An unguessable id: `prefix_` and 24 characters of [0-9a-z]. */
  id(prefix: string): string
}

/** One HTTP exchange. Redirects are never followed. Rejects on network failure or abort. */
export type Http = (url: string, init: RequestInit & { signal: AbortSignal }) => Promise<Response>

export interface Cipher {
  /** `context` (project, source, purpose) is bound to the sealed value: it opens under the same context only. */
  seal(plain: string, context: string): Promise<string>
  open(sealed: string, context: string): Promise<string>
}

/** One structured line; fields never hold a secret or a person's data. */
export type Log = (event: string, fields: Record<string, string | number | boolean | null>) => void
