/** How Stripe's lists are paged: `limit`, `starting_after` the last object, `has_more`. https://docs.stripe.com/api/pagination */
import type { Paging } from "../partner.ts"

const CURSOR = "starting_after"

export const paging: Paging = {
  asksForPage: ({ url }) => url.searchParams.has("limit"),
  hasToken: ({ url }) => url.searchParams.has(CURSOR),
  fromStart(call) {
    const url = new URL(call.url)
    url.searchParams.delete(CURSOR)
    return { ...call, url }
  },
  withMore: (answer) => ({ ...answer, body: answer.body.replace('"has_more": false', '"has_more": true') }),
}
