/** A real Chromium from the npm registry, over the local stack. Pictures of what a test saw lie in `.wrangler/screens`. */
import { existsSync, mkdirSync } from "node:fs"
import { join, resolve } from "node:path"
import sparticuz from "@sparticuz/chromium"
import { type Browser, type BrowserContext, chromium, type Page } from "playwright-core"

const SCREENS = resolve(import.meta.dirname, "../../.wrangler/screens")
const SIZE = { width: 900, height: 760 }
/** Where a Chrome may be that somebody installed. */
const INSTALLED = ["/Applications/Google Chrome.app/Contents/MacOS/Google Chrome", "/usr/bin/google-chrome"]

export async function openChromium(): Promise<Browser> {
  if (process.platform === "linux") {
    const executablePath = await sparticuz.executablePath()
    return chromium.launch({ executablePath, args: [...sparticuz.args, "--no-sandbox"], headless: true })
  }
  const executablePath = INSTALLED.find((path) => existsSync(path))
  if (!executablePath) throw new Error("These tests need Chrome; install it, or run them on Linux.")
  return chromium.launch({ executablePath, headless: true })
}

/** Somebody's browser: own cookies. */
export function newPerson(browser: Browser, colorScheme: "light" | "dark" = "light"): Promise<BrowserContext> {
  return browser.newContext({ viewport: SIZE, colorScheme })
}

export async function picture(page: Page, name: string): Promise<void> {
  mkdirSync(SCREENS, { recursive: true })
  await page.screenshot({ path: join(SCREENS, `${name}.png`) })
}

export async function heading(page: Page): Promise<string> {
  return (await page.locator("h1").textContent()) ?? ""
}
