/** Klaviyo: people, and what becomes of the emails and texts that they are sent, read with a private key or by signing in. */
import { bearer } from "./kit/auth.ts"
import type { Account, PartnerAnswer } from "./kit/define.ts"
import { pastedKey, restConnector } from "./kit/rest/connector.ts"
import { address, type Fields, number, text, time } from "./kit/rest/fields.ts"
import { withIncluded } from "./kit/rest/json-api.ts"
import { nextUrl } from "./kit/rest/paging.ts"
import type { History, Live } from "./kit/rest/resource.ts"
import { event, type Tells, user } from "./kit/rest/tells.ts"
import { iso } from "./kit/rest/times.ts"
import { at, json, text as textAt } from "./kit/values.ts"
import { templates } from "./klaviyo/templates.ts"

/** Stable for two years, then answered by the next one unless asked not to. https://developers.klaviyo.com/en/docs/api_versioning_and_deprecation_policy */
const REVISION = "2026-07-15"
/** Klaviyo promises nothing; events are taken in a queue, mostly within seconds. */
const LAG_SECONDS = 300

const PAGED = { paging: nextUrl("links.next") }
const UPDATED: Live = {
  ...{ time: iso("attributes.updated"), order: "newest", lower: "exclusive", lagSeconds: LAG_SECONDS },
  query: { sort: "-updated", filter: { join: ",", of: ["greater-than(updated,{from})", "less-than(updated,{to})"] } },
}
const CREATED: History = {
  ...{ time: iso("attributes.created"), order: "newest", lower: "exclusive", reach: "all", isCut: true },
  query: { sort: "-created", filter: { join: ",", of: ["greater-than(created,{from})", "less-than(created,{to})"] } },
}
const HAPPENED: Live = {
  ...{
    time: iso("attributes.datetime"),
    order: "newest",
    lower: "inclusive",
    lagSeconds: LAG_SECONDS,
    isShownAgain: false,
  },
  query: {
    sort: "-datetime",
    filter: { join: ",", of: ["greater-or-equal(datetime,{from})", "less-than(datetime,{to})"] },
  },
}

const people = user(
  "Profiles",
  "A person in Klaviyo, with the latest attributes: added, or changed in any way.",
  { id: "id", email: "attributes.email" },
  {
    klaviyo_profileId: text("id", "Klaviyo's id of the profile"),
    klaviyo_externalId: text("attributes.external_id", "The id that another of your systems has given the person"),
    email: address("attributes.email", "Email, lower case"),
    phone: text("attributes.phone_number", "Phone number, with country code"),
    first_name: text("attributes.first_name", "First name"),
    last_name: text("attributes.last_name", "Last name"),
    city: text("attributes.location.city", "City"),
    country: text("attributes.location.country", "Country"),
    klaviyo_region: text("attributes.location.region", "Region or state"),
    klaviyo_zip: text("attributes.location.zip", "Postal code"),
    klaviyo_timezone: text("attributes.location.timezone", "Time zone: America/New_York ..."),
    klaviyo_organization: text("attributes.organization", "Company that the person works for"),
    klaviyo_title: text("attributes.title", "Job title"),
    klaviyo_locale: text("attributes.locale", "Language: en-US ..."),
    klaviyo_created: time("attributes.created", "When the profile was added"),
    klaviyo_lastEvent: time("attributes.last_event_date", "When the person last did something that Klaviyo knows of"),
  },
  {
    changed: iso("attributes.updated"),
    custom: { path: "attributes.properties", prefix: "klaviyo_custom_", about: "Your own properties" },
  },
)

const profile = text("profile.id", "Klaviyo's id of the profile")
const ofMessage: Fields = {
  profile,
  campaign: text(
    "attributes.event_properties.Campaign Name",
    "Name of the campaign; of a flow's message, of the message",
  ),
  message: text("attributes.event_properties.$message", "Klaviyo's id of the message"),
  flow: text("attributes.event_properties.$flow", "Klaviyo's id of the flow that sent it; absent for a campaign"),
  subject: text("attributes.event_properties.Subject", "Subject of the email"),
  url: text("attributes.event_properties.URL", "Link that was clicked"),
  reason: text("attributes.event_properties.Bounce Type", "Emails that bounced: Hard or Soft"),
}

/** By Klaviyo's names of its own metrics. https://help.klaviyo.com/hc/en-us/articles/360036974872, .../360035345572 */
const OWN: readonly (readonly [collection: string, about: string, metrics: readonly string[]])[] = [
  ["Email received", "An email was delivered to the person.", ["Received Email"]],
  ["Email opened", "The person opened an email. Apple Mail opens many by itself.", ["Opened Email"]],
  ["Email clicked", "The person clicked a link in an email.", ["Clicked Email"]],
  ["Email bounced", "An email could not be delivered.", ["Bounced Email"]],
  ["Email marked as spam", "The person marked an email as spam.", ["Marked Email as Spam"]],
  ["Email unsubscribed", "The person unsubscribed from emails.", ["Unsubscribed", "Unsubscribed from Email Marketing"]],
  ["SMS received", "A text message was delivered to the person.", ["Received SMS"]],
  ["SMS clicked", "The person clicked a link in a text message.", ["Clicked SMS"]],
  ["SMS failed", "A text message could not be delivered.", ["Failed to Deliver SMS"]],
  [
    "SMS unsubscribed",
    "The person unsubscribed from texts.",
    ["Unsubscribed from SMS", "Unsubscribed from SMS Marketing"],
  ],
]
const METRIC = "metric.attributes.name"
const happening = { time: iso("attributes.datetime"), who: { id: "profile.id", email: "profile.attributes.email" } }

const events: Tells[] = [
  ...OWN.map(([name, about, metrics]) => event(name, about, { ...happening, when: { [METRIC]: metrics } }, ofMessage)),
  event(
    "Other event",
    "Whatever else Klaviyo knows that the person did: orders, visits, events of your own. Off until you turn it on.",
    { ...happening, when: (row) => !isOwn(textAt(row, METRIC)) },
    {
      event: text(METRIC, "Klaviyo's name of the metric: Placed Order, Viewed Product, one of your own ..."),
      integration: text("metric.attributes.integration.name", "Where Klaviyo has it from: Shopify, API ..."),
      value: number("attributes.event_properties.$value", "Its value, where it has one"),
      profile,
    },
    { isOff: true },
  ),
]

export const klaviyo = restConnector({
  name: "klaviyo",
  title: "Klaviyo",
  docs: "https://developers.klaviyo.com/en/reference/api_overview",
  auth: [
    {
      ...{ kind: "oauth2", label: "Connect with Klaviyo", pkce: true, client: "basic", refresh: "rotating" },
      help: "You sign in at Klaviyo and approve read access. You can take it back there under Integrations at any time.",
      scopes: ["accounts:read", "profiles:read", "events:read", "metrics:read"],
      authorizeUrl: () => "https://www.klaviyo.com/oauth/authorize",
      tokenUrl: () => "https://a.klaviyo.com/oauth/token",
      revokeUrl: () => "https://a.klaviyo.com/oauth/revoke",
      headers: bearer,
    },
    pastedKey({
      label: "Private API key",
      help: "In Klaviyo, under Settings, API keys, create a custom key with Read for Accounts, Profiles, Events and Metrics.",
      form: /^pk_[A-Za-z0-9_]{20,}$/,
      fault: "A private key of Klaviyo begins with pk_. Copy it from Settings, API keys.",
      unlike: [
        [/^[A-Za-z0-9]{6}$/, "This is the public key, which names your site. Take a private key: it begins with pk_."],
      ],
      // Stripe's publishable keys begin so too.
      isOwn: false,
      headers: (key) => ({ Authorization: `Klaviyo-API-Key ${key}` }),
    }),
  ],
  baseUrl: () => "https://a.klaviyo.com",
  headers: { revision: REVISION },
  // Profiles: 750 a minute, the least of both.
  limits: { callsPerSecond: 8, docs: "https://developers.klaviyo.com/en/docs/rate_limits_and_error_handling" },
  account: { request: () => ({ path: "/api/accounts" }), read: accountOf },
  people: { knownBy: "email" },
  resources: [
    {
      ...{ name: "profiles", title: "Profiles", path: "/api/profiles", ...PAGED, rows: "data", pageSize: 100 },
      ...{ query: { "page[size]": "{size}" }, live: UPDATED, history: CREATED, tells: [people] },
    },
    {
      ...{ name: "events", title: "Events", path: "/api/events", ...PAGED, rows: withIncluded, pageSize: 1_000 },
      ...{ query: { "page[size]": "{size}", include: "metric,profile" }, live: HAPPENED, tells: events },
      history: { ...HAPPENED, reach: { days: 0 }, isCut: true },
    },
  ],
  errors: {
    ...{ code: "errors.0.code", message: "errors.0.detail" },
    auth: {
      codes: ["not_authenticated", "authentication_failed"],
      reason: "Klaviyo does not accept this key. Check under Settings, API keys, that it still exists.",
    },
    denied: {
      codes: ["permission_denied"],
      reason:
        "This Klaviyo key may not read this. A key's permissions cannot be changed: create a new one with Read for it.",
    },
  },
  templates,
})

function isOwn(metric: string | null): boolean {
  return metric !== null && OWN.some(([, , metrics]) => metrics.includes(metric))
}

function accountOf(answer: PartnerAnswer): Account {
  const account = at(json(answer.body), "data.0")
  const id = textAt(account, "id") ?? ""
  const name = textAt(account, "attributes.contact_information.organization_name") ?? id
  return { id, name, mode: at(account, "attributes.test_account") === true ? "test" : "live" }
}
