import { defineConfig } from "vitest/config"
import { dateOf } from "./test/support/dates/date.ts"

/** Holds the connectors and the sandbox to the partners' official material, where it is at hand (see test/conformance/partners.ts). */
export default defineConfig({
  test: {
    name: "conformance",
    include: ["test/conformance/**/*.test.ts"],
    testTimeout: 30_000,
    setupFiles: ["test/support/dates/now.ts"],
    env: { NOW: new Date(dateOf(process.env.NOW)).toISOString() },
  },
})
