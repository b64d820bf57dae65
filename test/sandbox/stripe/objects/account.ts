/** https://docs.stripe.com/api/accounts/object */
import type { JsonObject } from "../../json.ts"
import type { Account } from "../account.ts"
import { list } from "./parts.ts"

export function accountObject(account: Account): JsonObject {
  const { options } = account
  return {
    id: account.id,
    object: "account",
    business_profile: {
      annual_revenue: null,
      estimated_worker_count: null,
      mcc: "5734",
      minority_owned_business_designation: null,
      name: options.businessName,
      product_description: null,
      support_address: null,
      support_email: options.email,
      support_phone: null,
      support_url: null,
      url: `https://${account.name}.example`,
    },
    business_type: "company",
    capabilities: { card_payments: "active", transfers: "active" },
    charges_enabled: true,
    controller: { type: "account" },
    country: options.country,
    created: 1_546_300_800,
    default_currency: options.currency,
    details_submitted: true,
    email: options.email,
    external_accounts: list(`/v1/accounts/${account.id}/external_accounts`, []),
    future_requirements: requirements(),
    metadata: {},
    payouts_enabled: true,
    requirements: requirements(),
    settings: {
      branding: { icon: null, logo: null, primary_color: null, secondary_color: null },
      card_payments: { decline_on: { avs_failure: true, cvc_failure: true }, statement_descriptor_prefix: null },
      dashboard: { display_name: options.businessName, timezone: "Etc/UTC" },
      payments: { statement_descriptor: account.name.toUpperCase().slice(0, 22) },
      payouts: {
        debit_negative_balances: true,
        schedule: { delay_days: 2, interval: "daily" },
        statement_descriptor: null,
      },
    },
    tos_acceptance: { date: null, ip: null, user_agent: null },
    type: "standard",
  }
}

function requirements(): JsonObject {
  return {
    alternatives: [],
    current_deadline: null,
    currently_due: [],
    disabled_reason: null,
    errors: [],
    eventually_due: [],
    past_due: [],
    pending_verification: [],
  }
}
