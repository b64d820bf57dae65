import { describe, expect, it } from "vitest"
import type { VaultKey } from "../../src/env.ts"
import { createVault, SealError, sealContext } from "../../src/worker/vault.ts"

const key = (id: string, byte: number): VaultKey => ({ id, bytes: new Uint8Array(32).fill(byte) })
const old = key("k1", 1)
const fresh = key("k2", 2)
const ref = { org: "acme", project: "shop", source: "src_1" }
const context = sealContext(ref, "credential")

describe("a sealed secret", () => {
  it("opens to what was sealed", async () => {
    const vault = createVault([old])
    for (const plain of ["sk_test_1", "", "ключ 🔑", "x".repeat(5_000)])
      expect(await vault.open(await vault.seal(plain, context), context)).toBe(plain)
  })

  it("looks different every time, and names version and key", async () => {
    const vault = createVault([old])
    const [one, two] = [await vault.seal("same", context), await vault.seal("same", context)]
    expect(one).not.toBe(two)
    expect(one).toMatch(/^v1\.k1\.[\w-]{16}\.[\w-]+$/)
  })

  it.each([
    ["project", { ...ref, project: "other" }, "credential"],
    ["organization", { ...ref, org: "other" }, "credential"],
    ["source", { ...ref, source: "src_2" }, "credential"],
    ["purpose", ref, "destination"],
  ] as const)("stays shut for another %s", async (_, other, purpose) => {
    const vault = createVault([old])
    const sealed = await vault.seal("secret", context)
    await expect(vault.open(sealed, sealContext(other, purpose))).rejects.toThrow(SealError)
  })

  it("stays shut when any part of it was changed", async () => {
    const vault = createVault([old, fresh])
    const sealed = await vault.seal("secret", context)
    const [version = "", id = "", iv = "", text = ""] = sealed.split(".")
    const flip = (part: string) => (part.startsWith("A") ? "B" : "A") + part.slice(1)
    for (const changed of [
      ["v2", id, iv, text],
      [version, "k2", iv, text],
      [version, id, flip(iv), text],
      [version, id, iv, flip(text)],
      [version, id, iv, text.slice(0, 8)],
      [version, id, iv],
      [version, id, iv, text, "more"],
      [version, id, "!!", text],
    ])
      await expect(vault.open(changed.join("."), context)).rejects.toThrow(SealError)
  })
})

describe("rotation", () => {
  it("seals with the first key and opens with every listed one", async () => {
    const before = await createVault([old]).seal("secret", context)
    const during = createVault([fresh, old])
    expect(await during.open(before, context)).toBe("secret")
    expect(await during.seal("secret", context)).toMatch(/^v1\.k2\./)
  })

  it("says which key is missing once it is no longer listed", async () => {
    const before = await createVault([old]).seal("secret", context)
    await expect(createVault([fresh]).open(before, context)).rejects.toThrow('"k1", which VAULT_KEYS no longer lists')
  })
})
