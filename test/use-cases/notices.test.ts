/** What is said of a source's money, by what is stored of it and of the project's others. */
import { describe, expect, it } from "vitest"
import type { JsonValue } from "../../src/connectors/kit/define.ts"
import { noticesOf, type Payer } from "../../src/use-cases/notices.ts"

const TO_STRIPE = [{ gateway: "stripe", from: "2026-03-01" }]

function payer(connector: string, more: Partial<Payer> = {}): Payer {
  const collections = [{ name: "Charge", fields: {} }]
  const named = { id: `src_${connector}`, name: `My ${connector}`, connector }
  return { ...named, accountMode: "live", config: {}, collections, ...more }
}

const stripe = (more: Partial<Payer> = {}) => payer("stripe", more)
const shop = (said: JsonValue, more: Partial<Payer> = {}) =>
  payer("shopify", { config: { shop: "example.myshopify.com", paymentsElsewhere: said }, ...more })

const test = { accountMode: "test" } as const
const counted = { countTestPayments: true }
const testStripe = (more: Partial<Payer> = {}) => stripe({ ...test, config: counted, ...more })
const testShop = () =>
  payer("shopify", { ...test, config: { shop: "example.myshopify.com", paymentsElsewhere: null, ...counted } })
const withoutCharge = { collections: [{ name: "Customers", fields: {} }] }

describe("what is said of a source's money", () => {
  it.each<[string, Payer, Payer[], string[]]>([
    ["a live account alone", stripe(), [], []],
    ["a test account", stripe(test), [], ["test_money"]],
    ["a test account beside a live shop", stripe(test), [shop(null)], ["test_money"]],
    [
      "a test account of which nobody said otherwise",
      stripe({ ...test, config: { countTestPayments: false } }),
      [],
      ["test_money"],
    ],
    ["a test account whose payments count", testStripe(), [], ["test_payments_count"]],
    ["one that does not report them", testStripe(withoutCharge), [], []],
    ["a live shop whose test orders count", shop([], { config: counted }), [], ["test_payments_count"]],
    ["a test account whose payments count beside a live shop", testStripe(), [shop(null)], ["test_payments_count"]],
    ["one beside a development shop's", testStripe(), [testShop()], ["test_payments_count", "payments_twice"]],
    ["a development shop's beside one", testShop(), [testStripe()], ["test_payments_count", "payments_twice"]],
    ["one beside a development shop whose do not", testStripe(), [shop(null, test)], ["test_payments_count"]],
    ["a live shop beside a test account whose do not", shop(null), [stripe(test)], []],
    ["a shop beside an account", shop(null), [stripe()], ["payments_twice"]],
    ["an account beside a shop", stripe(), [shop(null)], ["payments_twice"]],
    ["a draft without an account yet", shop(null, { accountMode: null }), [stripe()], ["payments_twice"]],
    ["one beside two", shop(null), [stripe(), stripe({ id: "src_2" })], ["payments_twice", "payments_twice"]],
    ["one that does not report payments", shop(null, withoutCharge), [stripe()], []],
    ["one beside another that does not", shop(null), [stripe(withoutCharge)], []],
    ["a shop that was answered for with none", shop([]), [stripe()], []],
    ["an account beside such a shop", stripe(), [shop([])], []],
    ["a shop that leaves some to another source", shop(TO_STRIPE), [stripe()], ["payments_elsewhere"]],
    ["an account beside such a shop", stripe(), [shop(TO_STRIPE)], []],
    ["a shop that leaves some to a source that is gone", shop(TO_STRIPE), [], ["payments_elsewhere"]],
    ["two that cannot tell by which gateway", payer("stripe"), [payer("stripe", { id: "src_2" })], []],
    ["a connector that is not known any more", payer("gone", test), [stripe()], []],
  ])("%s", (_case, row, others, codes) => {
    expect(noticesOf(row, others).map(({ code }) => code)).toEqual(codes)
  })

  it("names the other source, and the one whose configuration holds the answer", () => {
    const [ofShop] = noticesOf(shop(null), [stripe()])
    expect(ofShop?.message).toContain('The source "My stripe" (src_stripe) may report the same payments')
    expect(ofShop?.remedy).toContain("config.paymentsElsewhere of this source: each payment gateway")
    expect(ofShop?.remedy).toContain('the source "My stripe" (src_stripe) reports')
    const [ofStripe] = noticesOf(stripe(), [shop(null)])
    expect(ofStripe?.remedy).toContain('config.paymentsElsewhere of the source "My shopify" (src_shopify): each')
    expect(ofStripe?.remedy).toContain("payments this source reports")
    for (const notice of [ofShop, ofStripe]) expect(notice?.remedy).toContain("GET /sources/src_shopify/gateways")
  })

  it("names the setting by which test payments count, how it is changed, and from when that holds", () => {
    const [off] = noticesOf(stripe(test), [])
    expect(off?.message).toContain("no Charge is sent, so they do not count as revenue")
    expect(off?.remedy).toContain('PATCH /sources/src_stripe with {"config":{"countTestPayments":true}}')
    expect(off?.remedy).toContain("what is read from then on")
    const [on] = noticesOf(testStripe(), [])
    expect(on?.message).toContain('a Charge with "test": true')
    expect(on?.remedy).toContain('PATCH /sources/src_stripe with {"config":{"countTestPayments":false}}')
    expect(on?.remedy).toContain("What was sent stays sent")
  })

  it("names the gateways that are left to another source, and says what becomes of what was sent", () => {
    const [notice] = noticesOf(shop([...TO_STRIPE, { gateway: "paypal", from: "2026-04-01" }]), [])
    expect(notice?.message).toContain("stripe from 2026-03-01 on, paypal from 2026-04-01 on")
    expect(notice?.remedy).toContain("what was sent stays sent")
  })
})
