/** The pages of signing in at a partner: before it, after it, and where it went wrong. */
import type { Account } from "../connectors/kit/define.ts"
import type { ProblemDetails } from "../errors.ts"
import type { PageWords } from "../problems.ts"
import { Actions, LinkButton, Page } from "./layout.tsx"

export function StartPage(props: {
  partner: string
  project: string
  org: string
  source: string
  by: string
  ticket: string
}) {
  const { partner, project, org, source, by, ticket } = props
  return (
    <Page title={`Connect ${partner}`} tone="link">
      <p>
        You go on to {partner}, sign in there, and approve read access. Go on only if you know the project and whoever
        asks.
      </p>
      <dl>
        <dt>Project</dt>
        <dd>
          {project} ({org})
        </dd>
        <dt>Source</dt>
        <dd>{source}</dd>
        <dt>Asked for by</dt>
        <dd>{by}</dd>
      </dl>
      <form method="post">
        <input type="hidden" name="ticket" value={ticket} />
        <Actions>
          <button class="button" type="submit">
            Go on to {partner}
          </button>
        </Actions>
      </form>
    </Page>
  )
}

export function InstallPage({
  partner,
  ticket,
  connected,
}: {
  partner: string
  ticket: string
  connected: string | null
}) {
  return (
    <Page title={connected ? `${connected} is connected already` : `Install for ${partner}`} tone="link">
      {connected ? (
        <p>A source reads this account. You look after it in the console; there is nothing to do here.</p>
      ) : (
        <p>
          You approve read access in {partner}. Then you sign in here, or create an account, and choose the project that
          its data goes to.
        </p>
      )}
      <form method="post">
        <input type="hidden" name="ticket" value={ticket} />
        <Actions>
          <button class={connected ? "button second" : "button"} type="submit">
            {connected ? "Grant access anew" : `Go on to ${partner}`}
          </button>
        </Actions>
      </form>
    </Page>
  )
}

/** What is left to be done after signing in. */
const LEFT = {
  nothing: "Its data is being synced.",
  settings: "One step is left: name the source and choose its sync settings.",
  question:
    "One question is left: an earlier source has read this account. Finish the source and say whether it goes on from there, or reads everything again.",
}

export function ConnectedPage(props: {
  partner: string
  account: string
  left: keyof typeof LEFT
  back: string | null
}) {
  const { partner, account, left, back } = props
  return (
    <Page title={`${partner} is connected`} tone="good">
      <p>
        The account <strong>{account}</strong> may be read now. {LEFT[left]}
      </p>
      {back === null ? (
        <p class="soft">You may close this window and go back to where you began.</p>
      ) : (
        <Actions>
          <LinkButton href={back}>{left === "nothing" ? "Back to the console" : "Finish the source"}</LinkButton>
        </Actions>
      )}
    </Page>
  )
}

export function WaitingInstallPage(props: { partner: string; account: Account; code: string; back: string | null }) {
  const { partner, account, code, back } = props
  return (
    <Page title={`${partner} granted access`} tone="good">
      <p>
        The account <strong>{account.name}</strong> granted access. Nothing is read yet: first choose the project that
        the data goes to.
      </p>
      <p>Sign in to the console within 24 hours and create a source with this code. It is good once.</p>
      <code class="code">{code}</code>
      <p class="soft">If it is not used by then, the access is given back by itself.</p>
      {back !== null && (
        <Actions>
          <LinkButton href={back}>Sign in and choose a project</LinkButton>
        </Actions>
      )}
    </Page>
  )
}

export function ProblemPage(props: { words: PageWords; details: ProblemDetails; back: string | null }) {
  const { words, details, back } = props
  return (
    <Page title={words.title} tone="bad">
      <p>{words.what}</p>
      {details.detail !== undefined && <p class="soft">{details.detail}</p>}
      <p>{words.next}</p>
      <Actions>
        {details.retry !== undefined && <LinkButton href={details.retry}>Try again</LinkButton>}
        {back !== null && (
          <LinkButton href={back} second={details.retry !== undefined}>
            To the console
          </LinkButton>
        )}
      </Actions>
    </Page>
  )
}
