//! Hostile sellers: acceptances that must not be paid, made with the seller's own key and, where it can, the seller's own
//! node. The buyer refuses each with the reason, and its node never hears of a payment.

use crate::lab::{Ask, COLLATERAL, Deal, Lab, PRICE, Person, Relay, SOON, Setup, lab, within};
use base64::prelude::{BASE64_STANDARD, Engine as _};
use domp_escrow::{
    input::Command,
    stage::{Ending, Stage},
    terms::Side,
};
use domp_ports::{
    clock::{Clock as _, SystemClock},
    identity::{Identity as _, Unsigned},
    relays::{Relays as _, Wanted},
};
use domp_protocol::{
    event::{EventDraft, VerifiedEvent},
    ids::PaymentHash,
    invoice::{self, description},
    kinds::{Acceptance, AcceptanceEscrow, Kind as _, Listing, Signed},
    network::Network,
    node_key::NodeKey,
    purpose::Purpose,
    tags::{
        escrow::Mode,
        links::{Links, Marker},
        node::LnNode,
    },
};
use domp_regtest::Lnd;
use serde_json::json;

/// An invoice to be made by a real node.
#[derive(Clone)]
struct Order {
    hash: PaymentHash,
    sat: u64,
    memo: String,
    cltv: u32,
    expiry: u64,
}

impl Order {
    async fn made_by(&self, node: &Lnd) -> String {
        let Self { hash, sat, memo, cltv, expiry } = self;
        let body = json!({
            "hash": BASE64_STANDARD.encode(hash.as_bytes()), "value": sat.to_string(), "memo": memo,
            "cltv_expiry": cltv.to_string(), "expiry": expiry.to_string(),
        });
        let answer = node.post("/v2/invoices/hodl", &body).await.unwrap();
        answer["payment_request"].as_str().unwrap().to_owned()
    }
}

/// What an honest seller would ask its node for.
async fn honest(deal: &Deal, purpose: Purpose) -> Order {
    let trade = deal.buyer.engine().snapshot(deal.trade).await.unwrap();
    let leg = trade.leg(purpose).unwrap();
    Order {
        hash: leg.hash.unwrap(),
        sat: leg.amount.get(),
        memo: description(purpose, &deal.trade),
        cltv: leg.cltv.0,
        expiry: 86_400,
    }
}

/// The seller's node and its signature, as its listing names them.
async fn node_of(deal: &Deal) -> LnNode {
    let wanted = Wanted { ids: vec![deal.listing], ..Wanted::default() };
    let (found, _) = deal.buyer.pool().fetch(wanted, &[]).await.unwrap();
    let event = VerifiedEvent::check_stored(&found.first().unwrap().json).unwrap();
    Signed::<Listing>::read_as(&event).unwrap().body().escrow.as_ref().unwrap().node.clone()
}

/// An acceptance with these invoices, whatever they are.
async fn acceptance(deal: &Deal, ln_invoice: String, collateral_invoice: String) -> EventDraft {
    let trade = deal.buyer.engine().snapshot(deal.trade).await.unwrap();
    let body = Acceptance {
        bid: deal.trade,
        ln_invoice,
        collateral_invoice: Some(collateral_invoice),
        estimated_shipping_time: None,
        shipping_time_days: None,
        terms: None,
        invoice_expiry_seconds: None,
        htlc_timeout: Some(trade.terms.agreed.purchase_cltv()),
        escrow: Some(AcceptanceEscrow {
            mode: Mode::Direct,
            heights: trade.terms.agreed,
            node: node_of(deal).await,
            seller_collateral: None,
            relays: Vec::new(),
            backup: None,
        }),
    };
    let links =
        Links::to(trade.terms.buyer).with(deal.listing, "", Marker::Root).with(deal.trade, "", Marker::Reply);
    body.draft(&links, SystemClock.now()).unwrap()
}

/// Signed with the seller's key and published.
async fn publishes(deal: &Deal, draft: EventDraft) {
    let EventDraft { kind, tags, content, created_at } = draft;
    let event = Unsigned { kind, tags, content, created_at };
    deal.seller.publishes(&deal.seller.vault.sign(&event).unwrap()).await;
}

async fn accepts_with(deal: &Deal, ln_invoice: String, collateral_invoice: String) {
    publishes(deal, acceptance(deal, ln_invoice, collateral_invoice).await).await;
}

async fn deal_between(seller: Person, buyer: Person) -> Deal {
    Deal::between(seller, buyer, Ask { price: PRICE, collateral: COLLATERAL }).await
}

/// The buyer gives the trade up, says why, and nothing of it was ever paid.
async fn refuses(lab: &Lab, deal: &Deal, words: &[&str]) {
    deal.until(Side::Buyer, Stage::Ended(Ending::Abandoned)).await;
    let view = deal.buyer.view(deal.trade).await;
    let why = view.unwinding.clone().unwrap();
    for word in words {
        assert!(why.contains(word), "{word:?} is not in {why:?}");
    }
    let no = deal.buyer.is_refused(deal.trade, Command::Pay).await;
    assert!(!no.is_empty());
    let payments = lab.buyer().get("/v1/payments?include_incomplete=true&max_payments=100000").await.unwrap();
    for htlc in &view.htlcs {
        let hash = htlc.payment_hash.unwrap().to_string();
        assert_eq!(htlc.state, "not sent", "{why}");
        let paid =
            payments["payments"].as_array().unwrap().iter().any(|payment| payment["payment_hash"] == *hash);
        assert!(!paid, "the node was told to pay {hash}");
    }
}

#[tokio::test]
async fn acceptance__with_invoices_that_must_not_be_paid__refused_with_the_reason_and_never_paid() {
    let Some(lab) = lab("hostile acceptances on real nodes").await else { return };
    let (relay, before) = (Relay::start().await, lab.books().await);
    let mut seller = Person::new(&lab, Setup::new("seller", &[relay.url()])).await;
    let mut buyer = Person::new(&lab, Setup::new("buyer", &[relay.url()])).await;
    type Spoil = fn(&mut Order);
    // What the seller's own node can be made to issue.
    let cases: [(Spoil, &[&str]); 5] = [
        (
            |order| order.hash = PaymentHash::from_bytes([7; 32]),
            &["field ln_invoice", "payment hash", "ours"],
        ),
        (|order| order.sat += 1, &["field ln_invoice", "25001000 msat", "25000000 msat"]),
        (|order| order.expiry = 31_536_000, &["field ln_invoice", "31536000 s", "86400 s"]),
        (|order| order.cltv = 1000, &["field ln_invoice", "field c", "1000", "396"]),
        (|order| order.memo = "for the teapot".into(), &["field ln_invoice", "description"]),
    ];
    for (spoil, words) in cases {
        let deal = deal_between(seller, buyer).await;
        let mut order = honest(&deal, Purpose::Purchase).await;
        spoil(&mut order);
        let collateral = honest(&deal, Purpose::BuyerCollateral).await.made_by(lab.seller()).await;
        accepts_with(&deal, order.made_by(lab.seller()).await, collateral).await;
        refuses(&lab, &deal, words).await;
        Deal { seller, buyer, .. } = deal;
    }

    // One invoice for both payments, once in capitals so that it looks like another; of the same amount, or it would be refused
    // for that.
    let deal = Deal::between(seller, buyer, Ask { price: PRICE, collateral: PRICE }).await;
    let doubled = honest(&deal, Purpose::BuyerCollateral).await.made_by(lab.seller()).await;
    accepts_with(&deal, doubled.to_uppercase(), doubled).await;
    refuses(&lab, &deal, &["field ln_invoice", "payment hash"]).await;
    Deal { seller, buyer, .. } = deal;

    // The buyer's own node as the payee.
    let deal = deal_between(seller, buyer).await;
    let own = honest(&deal, Purpose::Purchase).await.made_by(lab.buyer()).await;
    let collateral = honest(&deal, Purpose::BuyerCollateral).await.made_by(lab.seller()).await;
    accepts_with(&deal, own, collateral).await;
    refuses(&lab, &deal, &["field ln_invoice", "own node"]).await;
    Deal { seller, buyer, .. } = deal;

    // A stranger's node as the payee, then another network: no node of ours signs those.
    for (network, words) in [
        (Network::Regtest, &["field ln_invoice", "payee"] as &[&str]),
        (Network::Mainnet, &["field ln_invoice", "mainnet", "regtest"]),
    ] {
        let deal = deal_between(seller, buyer).await;
        let Order { hash, sat, memo, cltv, expiry } = honest(&deal, Purpose::Purchase).await;
        let stranger = NodeKey::from_bytes(&[0x66; 32]).unwrap();
        let draft = invoice::Draft {
            network,
            amount: Some(crate::lab::sat(sat).to_msat()),
            hash,
            description: memo,
            hashed_description: false,
            timestamp: SystemClock.now(),
            expiry_seconds: expiry,
            cltv: u64::from(cltv),
            payment_secret: [8; 32],
            splits: true,
            hints: Vec::new(),
        };
        let collateral = honest(&deal, Purpose::BuyerCollateral).await.made_by(lab.seller()).await;
        accepts_with(&deal, draft.sign(&stranger).unwrap(), collateral).await;
        refuses(&lab, &deal, words).await;
        Deal { seller, buyer, .. } = deal;
    }
    assert_eq!(lab.books().await, before);
    assert_eq!((seller.alarms(), buyer.alarms()), (vec![], vec![]));
}

/// The very same invoice twice is no acceptance at all: it is ignored with the reason, and an honest one still counts.
#[tokio::test]
async fn acceptance__one_invoice_twice__ignored_with_the_reason() {
    let Some(lab) = lab("a doubled invoice").await else { return };
    let (relay, before) = (Relay::start().await, lab.books().await);
    let mut deal = Deal::bid(&lab, &relay, Ask::default()).await;
    let good = honest(&deal, Purpose::Purchase).await;
    let one = Order { hash: PaymentHash::from_bytes([10; 32]), ..good.clone() }.made_by(lab.seller()).await;
    let other = Order { hash: PaymentHash::from_bytes([11; 32]), ..good }.made_by(lab.seller()).await;
    let mut draft = acceptance(&deal, one.clone(), other.clone()).await;
    draft.content = draft.content.replace(&other, &one);
    publishes(&deal, draft).await;
    let told = within(SOON, async || {
        deal.buyer.ignored().iter().any(|why| why.contains("is the same invoice as ln_invoice")).then_some(())
    });
    assert!(told.await.is_some(), "{:?}", deal.buyer.ignored());
    let no = deal.buyer.is_refused(deal.trade, Command::Pay).await;
    assert!(no.contains("not accepted the bid yet"), "{no}");
    deal.carry_on().await;
    deal.ends(&lab, before, Ending::Completed).await;
}

/// A second acceptance after a good one: the first counts, and its invoices alone are paid.
#[tokio::test]
async fn acceptance__a_second_one__ignored() {
    let Some(lab) = lab("a second acceptance").await else { return };
    let (relay, before) = (Relay::start().await, lab.books().await);
    let mut deal = Deal::offered(&lab, &relay, Ask::default()).await;
    let paid_invoices: Vec<_> =
        deal.buyer.view(deal.trade).await.htlcs.into_iter().map(|htlc| htlc.invoice).collect();
    let stray = PaymentHash::from_bytes([9; 32]);
    let other = Order { hash: stray, ..honest(&deal, Purpose::Purchase).await }.made_by(lab.seller()).await;
    let [collateral, _] = paid_invoices.as_slice() else { panic!("two invoices") };
    accepts_with(&deal, other, collateral.clone().unwrap()).await;
    deal.carry_on().await;
    let invoices: Vec<_> =
        deal.buyer.view(deal.trade).await.htlcs.into_iter().map(|htlc| htlc.invoice).collect();
    assert_eq!(invoices, paid_invoices);
    deal.ends(&lab, before, Ending::Completed).await;
    let invoice = lab.seller().get(&format!("/v1/invoice/{stray}")).await.unwrap();
    let open = within(SOON, async || (invoice["state"] == "OPEN").then_some(())).await;
    assert!(open.is_some(), "nothing came in on it: {invoice}");
}
