//! Around E: letting go in time, or the chain.

use crate::scene::{Deal, Pair, mine_to, sat};
use domp_ports::lightning::{ChannelStatus, InvoiceState, PaymentState};
use domp_protocol::units::{Blocks, Height};
use domp_simnet::{Conduct, ForceCloseReason, Profile};

#[test]
fn held__paid_by_lnd__expires_three_blocks_after_c() {
    let mut pair = Pair::new();
    let height = pair.world.height();
    let deal = pair.deal(1);
    let parts = deal.parts(&pair.world);
    assert_eq!(parts.len(), 1);
    assert_eq!((parts[0].accepted_at, parts[0].expiry), (height, height.plus(Blocks(303))));
}

#[test]
fn held__nobody_acts__let_go_at_each_kinds_own_distance() {
    for (profile, distance) in [(Profile::lnd(), 18), (Profile::ldk(), 39), (Profile::cln(), 24)] {
        let mut pair = Pair::of(Profile::lnd(), profile);
        let deal = pair.deal(1);
        let let_go = deal.expiry(&pair.world).minus(Blocks(distance));
        mine_to(&mut pair.world, let_go.minus(Blocks(1)));
        assert!(matches!(deal.invoice(&pair.world), InvoiceState::Held(_)), "held until E - {distance} - 1");
        pair.world.mine(1);
        assert_eq!(deal.invoice(&pair.world), InvoiceState::Cancelled, "let go at E - {distance}");
        assert!(matches!(deal.payment(&pair.world), PaymentState::Failed(_)));
        assert_eq!(pair.world.force_closes(), []);
    }
}

#[test]
fn held__payee_down_from_let_go_until_before_expiry__gives_back_and_keeps_the_channel() {
    let mut pair = Pair::new();
    let deal = pair.deal(1);
    let expiry = deal.expiry(&pair.world);
    pair.world.stop(pair.payee);
    mine_to(&mut pair.world, expiry.minus(Blocks(5)));
    assert!(matches!(deal.payment(&pair.world), PaymentState::InFlight(_)), "nobody lets go meanwhile");
    pair.world.start(pair.payee);
    assert_eq!(deal.invoice(&pair.world), InvoiceState::Cancelled);
    assert!(matches!(deal.payment(&pair.world), PaymentState::Failed(_)));
    assert_eq!(pair.world.force_closes(), []);
}

#[test]
fn held__payee_never_comes_back__payer_takes_it_back_on_chain_at_expiry() {
    let mut pair = Pair::new();
    let money = pair.world.balances(pair.payer).total();
    let deal = pair.deal(1);
    let expiry = deal.expiry(&pair.world);
    pair.world.stop(pair.payee);
    mine_to(&mut pair.world, expiry.minus(Blocks(1)));
    assert_eq!(pair.world.force_closes(), []);
    pair.world.mine(1);
    let closes = pair.world.force_closes();
    assert_eq!(closes.len(), 1);
    assert_eq!((closes[0].by, closes[0].peer, closes[0].height), (pair.payer, pair.payee, expiry));
    assert_eq!(closes[0].reason, ForceCloseReason::Expired(deal.hash()));
    assert!(matches!(deal.payment(&pair.world), PaymentState::Failed(_)));
    assert_eq!(pair.world.channels(pair.payer)[0].status, ChannelStatus::ForceClosing);
    assert_eq!(pair.world.balances(pair.payer).total(), money, "the payer lost nothing");
    pair.world.mine(143);
    assert_eq!(pair.world.balances(pair.payer).on_chain, sat(100_000), "the HTLC first, the rest is locked");
    pair.world.mine(1);
    assert_eq!(pair.world.balances(pair.payer).on_chain, money, "and can spend it all in the end");
    assert_eq!(pair.world.channels(pair.payer), [], "the channel is gone");
}

#[test]
fn held__payee_that_never_lets_go__force_close_at_expiry_is_recorded_against_it() {
    let mut pair = Pair::new();
    pair.world.set_conduct(pair.payee, Conduct { keeps_what_it_holds: true, ..Conduct::default() });
    let deal = pair.deal(1);
    let expiry = deal.expiry(&pair.world);
    mine_to(&mut pair.world, expiry);
    assert_eq!(pair.world.force_closes()[0].peer, pair.payee);
    assert!(matches!(deal.payment(&pair.world), PaymentState::Failed(_)));
    assert_eq!(deal.invoice(&pair.world), InvoiceState::Cancelled, "it holds nothing any more");
}

#[test]
fn settled__payer_down_and_back__paid_over_the_channel() {
    let mut pair = Pair::new();
    let deal = pair.deal(1);
    pair.world.stop(pair.payer);
    pair.world.settle(pair.payee, &deal.preimage).unwrap();
    assert_eq!(deal.invoice(&pair.world), InvoiceState::Settled, "the payee's node has decided");
    assert_eq!(pair.world.balances(pair.payee).channels, sat(5_000_000), "but the money has not moved");
    pair.world.start(pair.payer);
    assert_eq!(deal.payment(&pair.world), PaymentState::Succeeded);
    assert_eq!(pair.world.balances(pair.payee).channels, sat(5_100_000));
    pair.world.mine(500);
    assert_eq!(pair.world.force_closes(), []);
}

#[test]
fn settled__payer_stays_down__payee_claims_on_chain_before_expiry() {
    let mut pair = Pair::new();
    let deal = pair.deal(1);
    let expiry = deal.expiry(&pair.world);
    pair.world.stop(pair.payer);
    pair.world.settle(pair.payee, &deal.preimage).unwrap();
    mine_to(&mut pair.world, expiry.minus(Blocks(16)));
    let closes = pair.world.force_closes();
    assert_eq!((closes.len(), closes[0].by, closes[0].height), (1, pair.payee, expiry.minus(Blocks(16))));
    assert_eq!(closes[0].reason, ForceCloseReason::Unclaimed(deal.hash()));
    assert_eq!(pair.world.balances(pair.payee).total(), sat(5_100_000), "the payee is paid");
    pair.world.start(pair.payer);
    assert_eq!(deal.payment(&pair.world), PaymentState::Succeeded, "the payer learns it from the chain");
}

#[test]
fn held__channel_forced_closed__payee_that_can_settles_on_chain() {
    let mut pair = Pair::new();
    let deal = pair.deal(1);
    let outpoint = pair.world.channels(pair.payer)[0].outpoint.clone();
    pair.world.close_channel(pair.payer, &outpoint, true).unwrap();
    assert!(matches!(deal.invoice(&pair.world), InvoiceState::Held(_)), "still held on chain");
    pair.world.settle(pair.payee, &deal.preimage).unwrap();
    assert_eq!(deal.payment(&pair.world), PaymentState::Succeeded);
    assert_eq!(pair.world.balances(pair.payee).total(), sat(5_100_000));
}

#[test]
fn held__channel_forced_closed__payee_that_cannot_settle_on_chain_is_not_paid() {
    let mut pair = Pair::of(Profile::lnd(), Profile::cln());
    let deal = pair.deal(1);
    let expiry = deal.expiry(&pair.world);
    let outpoint = pair.world.channels(pair.payer)[0].outpoint.clone();
    pair.world.close_channel(pair.payer, &outpoint, true).unwrap();
    pair.world.settle(pair.payee, &deal.preimage).unwrap();
    assert!(matches!(deal.payment(&pair.world), PaymentState::InFlight(_)), "the preimage does not help it");
    mine_to(&mut pair.world, expiry);
    assert!(matches!(deal.payment(&pair.world), PaymentState::Failed(_)));
    assert_eq!(pair.world.balances(pair.payer).total(), sat(5_000_000), "the payer has it all back");
}

#[test]
fn held__channel_forced_closed_and_cancelled__payer_waits_for_expiry() {
    let mut pair = Pair::new();
    let deal = pair.deal(1);
    let expiry = deal.expiry(&pair.world);
    let outpoint = pair.world.channels(pair.payer)[0].outpoint.clone();
    pair.world.close_channel(pair.payee, &outpoint, true).unwrap();
    pair.world.cancel(pair.payee, &deal.hash()).unwrap();
    mine_to(&mut pair.world, expiry.minus(Blocks(1)));
    assert_eq!(pair.world.channels(pair.payer)[0].htlcs, 1, "listed while an HTLC is unresolved");
    assert_eq!(pair.world.balances(pair.payer).offered, sat(100_000));
    assert!(matches!(deal.payment(&pair.world), PaymentState::InFlight(_)));
    pair.world.mine(1);
    assert!(matches!(deal.payment(&pair.world), PaymentState::Failed(_)));
    assert_eq!(pair.world.force_closes().len(), 1, "closed once");
}

#[test]
fn held__payees_chain_source_stuck__lets_go_only_when_it_sees_blocks_again() {
    let mut pair = Pair::new();
    let deal = pair.deal(1);
    let (start, expiry) = (pair.world.height(), deal.expiry(&pair.world));
    pair.world.stall_chain(pair.payee);
    mine_to(&mut pair.world, expiry.minus(Blocks(2)));
    pair.world.stall_chain(pair.payee);
    let tip = pair.world.info(pair.payee).tip;
    assert_eq!((tip.height, tip.synced), (start, false), "it sees the old tip and says so");
    assert!(matches!(deal.invoice(&pair.world), InvoiceState::Held(_)));
    pair.world.resume_chain(pair.payee);
    assert_eq!(deal.invoice(&pair.world), InvoiceState::Cancelled);
    assert_eq!(pair.world.info(pair.payee).tip, pair.world.tip());
    assert_eq!(pair.world.force_closes(), []);
}

#[test]
fn reorganised__heights_go_back_and_nothing_is_lost() {
    let mut pair = Pair::new();
    pair.world.mine(10);
    let deal = pair.deal(1);
    let (start, expiry) = (pair.world.height(), deal.expiry(&pair.world));
    pair.world.reorganise(Blocks(6), 2);
    assert_eq!(pair.world.height(), start.minus(Blocks(4)));
    assert_eq!(deal.expiry(&pair.world), expiry, "an expiry is absolute");
    mine_to(&mut pair.world, expiry.minus(Blocks(19)));
    assert!(matches!(deal.invoice(&pair.world), InvoiceState::Held(_)));
    pair.world.mine(1);
    assert_eq!(deal.invoice(&pair.world), InvoiceState::Cancelled);
    pair.world.reorganise(Blocks(3), 0);
    assert_eq!(deal.invoice(&pair.world), InvoiceState::Cancelled, "what is done stays done");
}

#[test]
fn reorganised__deeper_than_the_simulation__stops_at_its_first_block() {
    let mut pair = Pair::new();
    let start = pair.world.height();
    pair.world.mine(3);
    pair.world.reorganise(Blocks(100), 0);
    assert_eq!(pair.world.height(), start);
    assert_ne!(start, Height(0));
}

#[test]
fn channel__closed_by_agreement_with_htlcs__refused() {
    let mut pair = Pair::new();
    let deal: Deal = pair.deal(1);
    let outpoint = pair.world.channels(pair.payer)[0].outpoint.clone();
    let refusal = pair.world.close_channel(pair.payer, &outpoint, false).unwrap_err();
    assert!(refusal.to_string().contains("HTLCs"), "{refusal}");
    pair.world.cancel(pair.payee, &deal.hash()).unwrap();
    pair.world.close_channel(pair.payer, &outpoint, false).unwrap();
    pair.world.mine(3);
    assert_eq!(pair.world.balances(pair.payee).on_chain, sat(5_000_000));
}
