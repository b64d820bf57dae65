/** The one style sheet. Served with its own address, so that pages need no inline style. */
export const style = `
:root {
  color-scheme: light dark;
  --ground: #f5f6f8; --card: #fff; --line: #dfe2e8; --text: #1b1f27; --soft: #5a6372;
  --accent: #3b4fd8; --on-accent: #fff; --good: #14804a; --bad: #b3261e;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #12141a; --card: #1b1e26; --line: #2e333f; --text: #e9ebf0; --soft: #a3abba;
    --accent: #93a1ff; --on-accent: #11142b; --good: #5fd39b; --bad: #ff9a91;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0; min-height: 100vh; display: flex; flex-direction: column; align-items: center; justify-content: center;
  padding: 2rem 1rem; background: var(--ground); color: var(--text);
  font: 1rem/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif;
}
main {
  width: 100%; max-width: 32rem; padding: 2.25rem 2rem; background: var(--card);
  border: 1px solid var(--line); border-radius: 0.75rem;
}
header { display: flex; gap: 1rem; align-items: flex-start; margin-bottom: 1rem; }
h1 { margin: 0; font-size: 1.375rem; line-height: 1.3; letter-spacing: -0.01em; text-wrap: balance; overflow-wrap: anywhere; }
p { margin: 0 0 0.85rem; text-wrap: pretty; overflow-wrap: anywhere; }
.soft { color: var(--soft); }
.mark { flex: none; width: 2.25rem; height: 2.25rem; border-radius: 50%; fill: none; stroke-width: 2.5;
  stroke-linecap: round; stroke-linejoin: round; padding: 0.45rem; border: 2px solid currentcolor; stroke: currentcolor; }
.good { color: var(--good); }
.bad { color: var(--bad); }
.link { color: var(--accent); }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 0.35rem 1.25rem; margin: 0 0 1.25rem;
  padding: 0.9rem 1rem; border: 1px solid var(--line); border-radius: 0.5rem; }
dt { color: var(--soft); }
dd { margin: 0; overflow-wrap: anywhere; }
code, .code { font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; }
.code { display: block; padding: 0.75rem 1rem; margin: 0 0 1rem; background: var(--ground); border: 1px solid var(--line);
  border-radius: 0.5rem; font-size: 0.95rem; overflow-wrap: anywhere; user-select: all; }
.actions { display: flex; flex-wrap: wrap; gap: 0.75rem; margin-top: 1.5rem; }
form { margin: 0; }
.button { display: inline-block; padding: 0.6rem 1.1rem; border: 1px solid var(--accent); border-radius: 0.5rem;
  background: var(--accent); color: var(--on-accent); font: inherit; font-weight: 600; text-decoration: none; cursor: pointer; }
.button.second { background: transparent; color: var(--accent); }
.button:focus-visible, a:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
a { color: var(--accent); }
footer { margin-top: 1.25rem; color: var(--soft); font-size: 0.875rem; }
`
