/** The partners' pages that a browser sees: plain, and with real forms. */
import type { Answer } from "../http.ts"

export interface Choice {
  value: string
  label: string
}

export function page(status: number, title: string, body: string): Answer {
  const style = "font:16px/1.5 system-ui;max-width:30rem;margin:4rem auto;padding:0 1rem"
  return {
    status,
    headers: { "content-type": "text/html; charset=utf-8", "cache-control": "no-store" },
    body: `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>${escaped(title)}</title></head><body style="${style}"><h1>${escaped(title)}</h1>${body}</body></html>`,
  }
}

/** Approve or deny; `choices` where an account is picked. */
export function consent(title: string, asks: readonly string[], choices: readonly Choice[]): Answer {
  const list = asks.map((ask) => `<li>${escaped(ask)}</li>`).join("")
  const options = choices
    .map(({ value, label }) => `<option value="${escaped(value)}">${escaped(label)}</option>`)
    .join("")
  const select = choices.length > 0 ? `<p><label>Account <select name="account">${options}</select></label></p>` : ""
  const buttons = ["approve", "deny"]
    .map((name) => `<button name="decision" value="${name}">${name}</button>`)
    .join(" ")
  return page(200, title, `<ul>${list}</ul><form method="post">${select}${buttons}</form>`)
}

export function redirect(to: string): Answer {
  return { status: 303, headers: { location: to, "cache-control": "no-store" }, body: "" }
}

/** The redirect address with what is to be brought back. */
export function backTo(redirectUri: string, query: Record<string, string>): Answer {
  const url = new URL(redirectUri)
  for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value)
  return redirect(url.href)
}

export function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;")
}
