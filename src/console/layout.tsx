/** What every page has: a card in the middle, a mark, a heading, a way on. No script, no inline style. */
import type { PropsWithChildren } from "hono/jsx"

export const STYLE_PATH = "/oauth/style.css"

type Tone = "good" | "bad" | "link"

const MARKS: Record<Tone, { path: string; label: string }> = {
  good: { path: "M4 12.5l5.5 5.5L20 7", label: "Done" },
  bad: { path: "M12 5v9M12 18.5v.5", label: "Not connected" },
  link: {
    path: "M9.5 14.5l5-5M11 6.5l1.5-1.5a4.2 4.2 0 016 6L17 12.5M13 17.5L11.500 19a4.2 4.2 0 01-6-6L7 11.5",
    label: "Connect",
  },
}

export function Page({ title, tone, children }: PropsWithChildren<{ title: string; tone: Tone }>) {
  const { path, label } = MARKS[tone]
  return (
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="robots" content="noindex" />
        <title>{title}</title>
        <link rel="icon" href="data:," />
        <link rel="stylesheet" href={STYLE_PATH} />
      </head>
      <body>
        <main>
          <header>
            <svg class={`mark ${tone}`} viewBox="0 0 24 24" role="img" aria-label={label}>
              <path d={path} />
            </svg>
            <h1>{title}</h1>
          </header>
          {children}
        </main>
        <footer>Intempt · Cloud sources</footer>
      </body>
    </html>
  )
}

export function Actions({ children }: PropsWithChildren) {
  return <div class="actions">{children}</div>
}

export function LinkButton({ href, second = false, children }: PropsWithChildren<{ href: string; second?: boolean }>) {
  return (
    <a class={second ? "button second" : "button"} href={href}>
      {children}
    </a>
  )
}
