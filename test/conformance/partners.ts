/**
 * The partners' official material: descriptions, sample objects, event bodies. It belongs to the partners and is kept outside
 * this repository, by default beside it; without it, the conformance suite says so and passes.
 */
import { existsSync, readdirSync, readFileSync } from "node:fs"
import { dirname, resolve } from "node:path"
import { fileURLToPath } from "node:url"
import { gunzipSync } from "node:zlib"
import { describe, test } from "vitest"
import { parse } from "yaml"

const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), "../..")
const FOLDER = process.env.PARTNERS_DIR ?? resolve(ROOT, "../shared/partners")

/** Runs the suite where all the files it needs are there. */
export function describeWith(title: string, files: readonly string[], suite: () => void): void {
  const absent = files.filter((file) => !existsSync(resolve(FOLDER, file)))
  if (absent.length === 0) describe(title, suite)
  else test(`${title}: not present: ${absent.join(", ")} (set PARTNERS_DIR)`, () => {})
}

export function readJson<T>(file: string): T {
  return JSON.parse(readFileSync(resolve(FOLDER, file), "utf8")) as T
}

export function readZippedJson<T>(file: string): T {
  return JSON.parse(gunzipSync(readFileSync(resolve(FOLDER, file))).toString("utf8")) as T
}

export function readYaml<T>(file: string): T {
  return parse(gunzipSync(readFileSync(resolve(FOLDER, file))).toString("utf8"), { maxAliasCount: -1 }) as T
}

/** The names of a folder's files, without their ending; none where there is no such folder. */
export function listJson(folder: string): string[] {
  const path = resolve(FOLDER, folder)
  return existsSync(path) ? readdirSync(path).map((file) => file.replace(/\.json$/, "")) : []
}
