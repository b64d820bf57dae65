/**
 * Seals secrets for storage: AES-256-GCM under one of the live keys. A sealed value reads `v1.<key id>.<iv>.<ciphertext>`, and
 * opens only under the context it was sealed for, so that a value copied to another project, source or purpose stays shut.
 *
 * Rotation: put a new key first in VAULT_KEYS. New values are sealed with it; old ones open as long as their key stays listed.
 */
import { base64url } from "oslo/encoding"
import type { VaultKey } from "../env.ts"
import type { Cipher } from "../ports.ts"
import type { SourceRef } from "../source/protocol/configuration.ts"

const VERSION = "v1"
/** 96 bits, as NIST SP 800-38D wants for random nonces. */
const IV_BYTES = 12

export type Purpose = "credential" | "destination" | "grant" | "client" | "link"

/** What a sealed value is bound to. A project's default destination belongs to no source: its `source` is empty. */
export function sealContext(ref: SourceRef, purpose: Purpose): string {
  return `${ref.org}/${ref.project}/${ref.source}#${purpose}`
}

/** A value that cannot be opened: tampered with, of another context, or sealed with a key that is no longer listed. */
export class SealError extends Error {
  override name = "SealError"
}

export function createVault(keys: readonly [VaultKey, ...VaultKey[]]): Cipher {
  const keyOf = keyring(keys)
  return {
    seal: async (plain, context) => {
      const id = keys[0].id
      const iv = crypto.getRandomValues(new Uint8Array(IV_BYTES))
      const sealed = await crypto.subtle.encrypt(gcm(iv, id, context), await keyOf(id), utf8(plain))
      return [VERSION, id, encode(iv), encode(new Uint8Array(sealed))].join(".")
    },
    open: async (sealed, context) => {
      const { id, iv, ciphertext } = parse(sealed)
      const key = await keyOf(id)
      const plain = await crypto.subtle.decrypt(gcm(iv, id, context), key, ciphertext).catch(refuse)
      return new TextDecoder().decode(plain)
    },
  }
}

/** A keyed hash and the key it is made with. */
export interface Marked {
  key: string
  hash: string
}

const MARK_LABEL = "cloud-sources/mark/v1"

/**
 * Hashes what must be recognized and never read, with a key of its own derived from each vault key: the first is the one to store, all
 * are to be looked for.
 */
export function createMarker(keys: readonly VaultKey[]): (text: string) => Promise<Marked[]> {
  return (text) =>
    Promise.all(
      keys.map(async ({ id, bytes }) => ({ key: id, hash: hex(await hmac(await hmac(bytes, MARK_LABEL), text)) })),
    )
}

async function hmac(key: Uint8Array, text: string): Promise<Uint8Array> {
  const imported = await crypto.subtle.importKey("raw", key, { name: "HMAC", hash: "SHA-256" }, false, ["sign"])
  return new Uint8Array(await crypto.subtle.sign("HMAC", imported, utf8(text)))
}

/** Imports each key on first use. Keys are kept, not promises: a promise may not be awaited from another request's context. */
function keyring(keys: readonly VaultKey[]): (id: string) => Promise<CryptoKey> {
  const imported = new Map<string, CryptoKey>()
  return async (id) => {
    const known = imported.get(id)
    if (known) return known
    const key = keys.find((one) => one.id === id)
    if (!key)
      throw new SealError(
        `A secret was sealed with the key "${id}", which VAULT_KEYS no longer lists. Add that key to it again.`,
      )
    const fresh = await crypto.subtle.importKey("raw", key.bytes, "AES-GCM", false, ["encrypt", "decrypt"])
    imported.set(id, fresh)
    return fresh
  }
}

function gcm(iv: Uint8Array, id: string, context: string) {
  return { name: "AES-GCM", iv, additionalData: utf8(`${VERSION}.${id}.${context}`) }
}

function parse(sealed: string): { id: string; iv: Uint8Array; ciphertext: Uint8Array } {
  const [version, id, iv, ciphertext, more] = sealed.split(".")
  if (version !== VERSION || !id || !iv || !ciphertext || more !== undefined) refuse()
  try {
    return {
      id,
      iv: base64url.decode(iv, { strict: false }),
      ciphertext: base64url.decode(ciphertext, { strict: false }),
    }
  } catch {
    return refuse()
  }
}

function refuse(): never {
  throw new SealError("A stored secret could not be opened: it was changed, or belongs elsewhere.")
}

const encode = (bytes: Uint8Array) => base64url.encode(bytes, { includePadding: false })
const hex = (bytes: Uint8Array) => [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("")
const utf8 = (text: string) => new TextEncoder().encode(text)
