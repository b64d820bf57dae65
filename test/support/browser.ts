/** A browser as far as an OAuth flow needs one: it keeps cookies, fills in forms, and stops where it is told to. */
import { exports } from "cloudflare:workers"
import type { Sandbox } from "../sandbox/sandbox.ts"

export const ORIGIN = "https://cloud-sources.test"

export interface Page {
  status: number
  url: string
  headers: Headers
  text: string
}

export interface Browser {
  cookies: Map<string, string>
  get(url: string): Promise<Page>
  post(url: string, form: Record<string, string>, headers?: Record<string, string>): Promise<Page>
}

/** Follows redirects to our host and to the sandbox's; `until` stops before an address is asked for. */
export function createBrowser(sandbox: Sandbox, until: (url: string) => boolean = () => false): Browser {
  const cookies = new Map<string, string>()

  async function go(url: string, init: RequestInit): Promise<Page> {
    if (until(url)) return { status: 0, url, headers: new Headers(), text: "" }
    const isOurs = url.startsWith(ORIGIN)
    const headers = new Headers(init.headers)
    if (isOurs && cookies.size > 0) headers.set("cookie", [...cookies].map((pair) => pair.join("=")).join("; "))
    const answer = isOurs
      ? await exports.default.fetch(url, { ...init, headers, redirect: "manual" })
      : await sandbox.handle(new Request(url, { ...init, headers }))
    if (isOurs) for (const line of answer.headers.getSetCookie()) keep(line)
    const location = answer.headers.get("location")
    if (answer.status >= 300 && answer.status < 400 && location) return go(new URL(location, url).href, {})
    return { status: answer.status, url, headers: answer.headers, text: await answer.text() }
  }

  function keep(line: string): void {
    const [pair = ""] = line.split(";")
    const [name = "", value = ""] = pair.split("=")
    if (/max-age=0/i.test(line)) cookies.delete(name)
    else cookies.set(name, value)
  }

  return {
    cookies,
    get: (url) => go(url, {}),
    post: (url, form, headers = { "sec-fetch-site": "same-origin" }) =>
      go(url, {
        method: "POST",
        headers: { "content-type": "application/x-www-form-urlencoded", ...headers },
        body: new URLSearchParams(form).toString(),
      }),
  }
}

/** The sealed ticket in a page's form. */
export function ticketOf({ text }: Page): string {
  const ticket = /name="ticket" value="([^"]+)"/.exec(text)?.[1]
  if (!ticket) throw new Error(`no ticket on the page: ${text.slice(0, 300)}`)
  return ticket
}

export function titleOf({ text }: Page): string {
  return (/<title>([^<]*)<\/title>/.exec(text)?.[1] ?? "").replaceAll("&#39;", "'").replaceAll("&amp;", "&")
}
