//! Invoices that are not what they seem, and payers that pay twice.

use crate::scene::{CLTV, Deal, Pair, preimage, sat};
use domp_ports::lightning::{HoldInvoice, InvoiceState, LnError, Pay, PaymentState};
use domp_protocol::{
    invoice::Draft,
    network::Network,
    node_key::NodeKey,
    units::{Blocks, Msat, Unix},
};
use domp_simnet::{Conduct, Profile, Settings, World};

fn draft(world: &World, amount: Option<Msat>) -> Draft {
    Draft {
        network: Network::Regtest,
        amount,
        hash: preimage(1).hash(),
        description: "a thing".into(),
        hashed_description: false,
        timestamp: world.now(),
        expiry_seconds: 3600,
        cltv: u64::from(CLTV.0),
        payment_secret: [9; 32],
        splits: true,
        hints: Vec::new(),
    }
}

fn order(bolt11: String) -> Pay {
    Pay {
        bolt11,
        hash: preimage(1).hash(),
        max_fee: sat(100),
        max_parts: 4,
        max_cltv: Blocks(2016),
        timeout_seconds: 60,
    }
}

#[test]
fn pay__invoice_of_a_stranger__no_route() {
    let mut pair = Pair::new();
    let stranger = NodeKey::from_bytes(&[3; 32]).unwrap();
    let bolt11 = draft(&pair.world, Some(sat(50_000))).sign(&stranger).unwrap();
    pair.world.pay(pair.payer, &order(bolt11)).unwrap();
    let state = pair.world.payment(pair.payer, &preimage(1).hash());
    assert!(matches!(&state, PaymentState::Failed(reason) if reason.contains("no route")), "{state:?}");
}

#[test]
fn pay__amountless_foreign_or_expired_invoice__refused_and_not_recorded() {
    let mut pair = Pair::new();
    let stranger = NodeKey::from_bytes(&[3; 32]).unwrap();
    let base = draft(&pair.world, Some(sat(50_000)));
    let cases = [
        (Draft { amount: None, ..base.clone() }, "no amount"),
        (Draft { network: Network::Mainnet, ..base.clone() }, "not for regtest"),
        (Draft { timestamp: Unix(base.timestamp.0 - 3600), ..base.clone() }, "expired"),
        (Draft { cltv: 2014, ..base }, "CLTV limit"),
    ];
    for (draft, reason) in cases {
        let refusal = pair.world.pay(pair.payer, &order(draft.sign(&stranger).unwrap())).unwrap_err();
        assert!(matches!(&refusal, LnError::Refused(text) if text.contains(reason)), "{refusal}");
        assert_eq!(pair.world.payment(pair.payer, &preimage(1).hash()), PaymentState::NotFound);
    }
}

#[test]
fn pay__doubled_invoice_with_another_secret_or_amount__not_let_in() {
    let mut pair = Pair::new();
    let deal = Deal::issued(&mut pair.world, pair.payer, pair.payee, 1);
    let base = draft(&pair.world, Some(deal.terms.amount));
    for odd in [base.clone(), Draft { amount: Some(sat(99_999)), ..base }] {
        let bolt11 = pair.world.sign_invoice(pair.payee, &odd).unwrap();
        pair.world.pay(pair.payer, &order(bolt11)).unwrap();
        assert!(matches!(deal.payment(&pair.world), PaymentState::Failed(_)), "{:?}", odd.amount);
        assert_eq!(deal.invoice(&pair.world), InvoiceState::Open);
    }
    pair.world.pay(pair.payer, &deal.order()).unwrap();
    assert_eq!(deal.parts(&pair.world).len(), 1, "the real one is let in");
}

#[test]
fn pay__right_secret_and_another_total__not_let_in() {
    let mut pair = Pair::new();
    let deal = Deal::issued(&mut pair.world, pair.payer, pair.payee, 1);
    let read: lightning_invoice::Bolt11Invoice = deal.bolt11.parse().unwrap();
    let odd = Draft { payment_secret: read.payment_secret().0, ..draft(&pair.world, Some(sat(99_999))) };
    let bolt11 = pair.world.sign_invoice(pair.payee, &odd).unwrap();
    pair.world.pay(pair.payer, &order(bolt11)).unwrap();
    assert_eq!(deal.invoice(&pair.world), InvoiceState::Open);
    assert!(matches!(deal.payment(&pair.world), PaymentState::Failed(_)));
}

#[test]
fn issue_hold_invoice__on_the_hash_of_an_ordinary_one__hash_in_use() {
    let mut pair = Pair::new();
    let bolt11 = pair.world.issue_invoice(pair.payee, sat(50_000), 3600, "x").unwrap();
    let read = pair.world.decode(pair.payer, &bolt11).unwrap();
    let terms = HoldInvoice {
        hash: read.hash,
        amount: sat(50_000),
        cltv: read.cltv,
        expiry_seconds: 3600,
        description: "x".into(),
        private_hints: false,
    };
    assert_eq!(pair.world.issue_hold_invoice(pair.payee, &terms), Err(LnError::HashInUse));
}

#[test]
fn ldk_payer__tight_cltv_limit__adds_no_more_than_fits() {
    let mut pair = Pair::of(Profile::ldk(), Profile::lnd());
    let height = pair.world.height();
    for number in 0..10 {
        let deal = Deal::issued(&mut pair.world, pair.payer, pair.payee, number);
        pair.world.pay(pair.payer, &Pay { max_cltv: Blocks(305), ..deal.order() }).unwrap();
        let added = height.plus(CLTV).until(deal.expiry(&pair.world));
        assert!((1..=5).contains(&added.0), "{added} on top of c");
    }
}

#[test]
fn pay__own_invoice__refused() {
    let mut pair = Pair::new();
    let deal = Deal::issued(&mut pair.world, pair.payee, pair.payee, 1);
    let refusal = pair.world.pay(pair.payee, &deal.order()).unwrap_err();
    assert!(refusal.to_string().contains("self-payments"), "{refusal}");
}

#[test]
fn two_nodes__issue_on_one_hash__each_payment_reaches_its_own() {
    let mut pair = Pair::new();
    let squatter = pair.world.add_node("squatter", Profile::lnd());
    pair.world.channel(pair.payer, squatter, sat(1_000_000), Msat::ZERO);
    let squatted = Deal::issued(&mut pair.world, pair.payer, squatter, 1);
    let real = Deal::issued(&mut pair.world, pair.payer, pair.payee, 1);
    assert_ne!(squatted.bolt11, real.bolt11);
    pair.world.pay(pair.payer, &real.order()).unwrap();
    assert_eq!(real.parts(&pair.world).len(), 1);
    assert_eq!(squatted.invoice(&pair.world), InvoiceState::Open);
    pair.world.pay(pair.payer, &squatted.order()).unwrap();
    assert_eq!(squatted.invoice(&pair.world), InvoiceState::Open, "one payment a hash");
}

#[test]
fn held__invoice_expires__still_held() {
    let mut pair = Pair::new();
    let deal = pair.deal(1);
    pair.world.pass_seconds(90_000);
    assert!(matches!(deal.invoice(&pair.world), InvoiceState::Held(_)));
    assert_eq!(pair.world.pay(pair.payer, &deal.order()), Ok(()), "paying again what is in flight is fine");
}

#[test]
fn open__invoice_expires__cancelled() {
    let mut pair = Pair::new();
    let deal = Deal::issued(&mut pair.world, pair.payer, pair.payee, 1);
    pair.world.pass_seconds(86_399);
    assert_eq!(deal.invoice(&pair.world), InvoiceState::Open);
    pair.world.pass_seconds(1);
    assert_eq!(deal.invoice(&pair.world), InvoiceState::Cancelled);
}

#[test]
fn payer_without_dedupe__pays_twice__both_are_sent_and_one_is_let_in() {
    let mut world = World::new(Settings::default());
    let payer = world.add_node("payer", Profile::pay_only());
    let router = world.add_node("router", Profile::lnd());
    let payee = world.add_node("payee", Profile::lnd());
    world.channel(payer, router, sat(1_000_000), Msat::ZERO);
    world.channel(router, payee, sat(1_000_000), Msat::ZERO);
    world.set_conduct(router, Conduct { stalls_payments: true, ..Conduct::default() });
    let deal = Deal::issued(&mut world, payer, payee, 1);
    world.pay(payer, &deal.order()).unwrap();
    world.pay(payer, &deal.order()).unwrap();
    assert_eq!(deal.in_flight(&world).len(), 2, "this is why such a node may never be told twice");
    world.release(router);
    assert_eq!(deal.parts(&world).len(), 1, "the payee lets in one");
    assert_eq!(deal.in_flight(&world).len(), 1);
}

#[test]
fn same_settings__same_calls__same_world() {
    let run = || {
        let mut pair = Pair::of(Profile::ldk(), Profile::lnd());
        let deal = pair.deal(1);
        pair.world.mine(7);
        pair.world.settle(pair.payee, &deal.preimage).unwrap();
        let id = pair.world.node_id(pair.payee);
        let signature = pair.world.sign_message(pair.payee, "x");
        (deal.bolt11, id, signature, pair.world.take_changes(), pair.world.balances(pair.payer))
    };
    assert_eq!(run(), run());
}

#[test]
fn other_seed__other_keys() {
    let key = |seed| {
        let mut world = World::new(Settings { seed, ..Settings::default() });
        let node = world.add_node("a", Profile::lnd());
        world.node_id(node)
    };
    assert_ne!(key(1), key(2));
}
