// The other side of the event tests, on nostr-tools alone.
//
//   node nostr-tools.mjs make  < request.json   signs, encrypts and wraps; prints the result as JSON
//   node nostr-tools.mjs check < made.json      verifies, decrypts and unwraps; prints what it found as JSON
//
// Anything that nostr-tools refuses ends the program with status 1 and the reason on standard error.

import { finalizeEvent, getPublicKey, verifyEvent } from 'nostr-tools/pure'
import { decrypt, encrypt, getConversationKey } from 'nostr-tools/nip44'
import { unwrapEvent, wrapEvent } from 'nostr-tools/nip59'
import { readFileSync } from 'node:fs'

const bytes = (hex) => Uint8Array.from(Buffer.from(hex, 'hex'))

/** Events as a JavaScript client writes them: raw letters outside ASCII, no tag of ours. */
function plainEvents(seller, buyer, created_at) {
  const sign = (key, kind, tags, content) =>
    finalizeEvent({ kind, created_at, tags, content: JSON.stringify(content) }, key)
  const ref = (event, marker) => [['ref', event.id, '', marker], ['e', event.id, '', marker]]
  const proof = ['anti_spam_proof', 'ln', 'ab'.repeat(32), '1000']
  const listing = sign(seller, 300, [['d', 'Füller-1'], proof], {
    product_name: 'Füller 🖋',
    description: 'Kolbenfüller, „wie neu“.\n\tTinte: blau \\ schwarz\u2028\u007f',
    price_satoshis: 80000,
  })
  const bid = sign(buyer, 301, [...ref(listing, 'root'), proof], {
    product_ref: listing.id,
    bid_amount_satoshis: 80000,
    buyer_collateral_satoshis: 80000,
    message: 'für die Küche 🍳',
  })
  const acceptance = sign(seller, 303, [...ref(bid, 'reply'), proof], {
    bid_ref: bid.id,
    ln_invoice: 'lnbcrt800u1price',
    collateral_invoice: 'lnbcrt800u1collateral',
    terms: 'keine Rücknahme',
  })
  const payment = sign(buyer, 311, [...ref(acceptance, 'reply'), proof], {
    bid_ref: acceptance.id,
    payment_proof: '50'.repeat(32),
    collateral_proof: '60'.repeat(32),
    payment_method: 'lightning_htlc',
  })
  const about = (event) => ref(event, 'reply')
  const dispute = sign(buyer, 312, about(payment), { payment_ref: payment.id, reason: 'Gehäuse gesprungen' })
  return [
    listing,
    bid,
    sign(seller, 302, about(bid), { bid_ref: bid.id, counter_offer_satoshis: 79000 }),
    acceptance,
    sign(seller, 310, ref(listing, 'root'), { product_ref: listing.id, collateral_amount_satoshis: 40000 }),
    payment,
    dispute,
    sign(buyer, 313, about(payment), { payment_ref: payment.id, status: 'received', feedback: 'schön ✓' }),
    sign(seller, 314, about(payment), { payment_ref: payment.id }),
    sign(seller, 315, about(payment), { payment_ref: payment.id, agreement: 'cancel' }),
    sign(seller, 316, about(dispute), { dispute_ref: dispute.id, terms: 'Fotos zählen', fee_satoshis: 1000 }),
    sign(seller, 317, about(dispute), { dispute_ref: dispute.id, resolution: 'Käufer', arbitration_fee_satoshis: 1000 }),
    sign(seller, 320, [], { message: 'Grüße 👋' }),
  ]
}

/** Signs what the other side drafted, and makes events, payloads and wraps of its own. */
function make({ seller, buyer, created_at, drafts, texts, messages }) {
  const [sellerKey, buyerKey] = [bytes(seller), bytes(buyer)]
  const toBuyer = getConversationKey(sellerKey, getPublicKey(buyerKey))
  return {
    plain: plainEvents(sellerKey, buyerKey, created_at),
    signed: drafts.map((draft) => finalizeEvent(draft, sellerKey)),
    payloads: texts.map((text) => encrypt(text, toBuyer)),
    wraps: messages.map((draft) => {
      const content = JSON.stringify(finalizeEvent(draft, sellerKey))
      return wrapEvent({ kind: 320, created_at, tags: [], content }, sellerKey, getPublicKey(buyerKey))
    }),
  }
}

/** Verifies events, decrypts payloads and unwraps wraps made by the other side. */
function check({ seller, buyer, events, payloads, wraps }) {
  const [sellerKey, buyerKey] = [bytes(seller), bytes(buyer)]
  const verified = (json) => {
    const event = JSON.parse(json)
    if (!verifyEvent(event)) throw new Error(`nostr-tools refuses ${json}`)
    return event
  }
  return {
    ids: events.map((json) => verified(json).id),
    contents: events.map((json) => JSON.parse(verified(json).content)),
    texts: payloads.map((payload) => decrypt(payload, getConversationKey(sellerKey, getPublicKey(buyerKey)))),
    messages: wraps.map((json) => {
      const rumor = unwrapEvent(verified(json), sellerKey)
      const event = verified(rumor.content)
      if (event.pubkey !== rumor.pubkey) throw new Error('the message is not signed by who sealed it')
      return event.id
    }),
  }
}

const commands = { make, check }
const command = commands[process.argv[2]]
if (!command) {
  console.error('usage: node nostr-tools.mjs make|check < input.json')
  process.exit(2)
}
console.log(JSON.stringify(command(JSON.parse(readFileSync(0, 'utf8')))))
