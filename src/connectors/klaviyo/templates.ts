/** Metrics and segments to start from. */
import type { Templates } from "../kit/define.ts"
import { counted, done, formula, notDone, people, SHARE } from "../kit/template-builders.ts"

const received = counted("emails_received", "Emails received", "Emails that were delivered.", "Email received")
const opened = counted("emails_opened", "Emails opened", "Times that an email was opened.", "Email opened")
const clicked = counted("emails_clicked", "Emails clicked", "Clicks in emails.", "Email clicked")
const bounced = counted("emails_bounced", "Emails bounced", "Emails that could not be delivered.", "Email bounced")
const left = counted("unsubscribes", "Unsubscribes", "People who unsubscribed from emails.", "Email unsubscribed")

export const templates: Templates = {
  metrics: [
    received,
    opened,
    clicked,
    bounced,
    left,
    formula(
      "click_rate",
      "Click rate %",
      "Clicks over emails received in the same time.",
      "100 * b / a",
      { a: received, b: clicked },
      SHARE,
    ),
    formula(
      "unsubscribe_rate",
      "Unsubscribe rate %",
      "Unsubscribes over emails received in the same time.",
      "100 * b / a",
      { a: received, b: left },
      SHARE,
    ),
  ],
  segments: [
    people("engaged_30", "Engaged in 30 days", "Clicked in an email in the last 30 days.", [done("Email clicked", 30)]),
    people("unengaged_90", "Not engaged in 90 days", "Got emails in the last 90 days, and opened or clicked none.", [
      done("Email received", 90),
      notDone("Email opened", 90),
      notDone("Email clicked", 90),
    ]),
    people("unreachable", "Unreachable by email", "An email bounced in the last 30 days, and none arrived.", [
      done("Email bounced", 30),
      notDone("Email received", 30),
    ]),
    people("complained", "Marked as spam", "Marked an email as spam at any time.", [
      done("Email marked as spam", null),
    ]),
    people("left_30", "Unsubscribed in 30 days", "Unsubscribed from emails in the last 30 days.", [
      done("Email unsubscribed", 30),
    ]),
  ],
}
