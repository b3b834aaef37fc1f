//! Trades in which nothing breaks: every way in which one can end, and what is refused on the way.

use crate::lab::{
    Ask, COLLATERAL, Deal, PRICE, Person, Plot, Relay, SOON, Setup, Spot, bid_on, lab, received, refund,
    teapot, within,
};
use domp_engine::EngineError;
use domp_escrow::{
    input::Command,
    stage::{Ending, Stage},
    terms::Side,
};
use domp_ports::relays::{Relays as _, Wanted};

#[tokio::test]
async fn trade__confirmed__seller_paid_and_collateral_home() {
    let Some(lab) = lab("a trade on real nodes").await else { return };
    let (relay, before) = (Relay::start().await, lab.books().await);
    let mut deal = Deal::locked(&lab, &relay, Ask::default()).await;
    // While it is held both nodes say so `[D3-82]`, and the seller knows where to send the goods.
    for (side, state) in [(Side::Seller, "held"), (Side::Buyer, "in flight")] {
        let view = deal.person(side).view(deal.trade).await;
        assert_eq!(view.htlcs.len(), 2);
        for htlc in &view.htlcs {
            assert_eq!((htlc.state.as_str(), htlc.timeout_blocks.0), (state, 396), "{view:?}");
        }
    }
    let address = deal.seller.engine().shipping_address(deal.trade).await.unwrap();
    assert_eq!(address.as_deref(), Some("1 Kiln Lane"));
    deal.carry_on().await;
    deal.ends(&lab, before, Ending::Completed).await;
}

#[tokio::test]
async fn trade__without_collateral__seller_paid() {
    let Some(lab) = lab("a trade without collateral").await else { return };
    let (relay, before) = (Relay::start().await, lab.books().await);
    let mut deal = Deal::bid(&lab, &relay, Ask { collateral: 0, ..Ask::default() }).await;
    deal.carry_on().await;
    assert_eq!(deal.buyer.view(deal.trade).await.htlcs.len(), 1);
    deal.ends(&lab, before, Ending::Completed).await;
}

/// Nobody acts until the last height: the money is back before LND would let go of it by itself, and the channel is open.
/// The goods came after all, so an ordinary payment follows.
#[tokio::test]
async fn trade__silent_buyer__money_back_at_the_deadline_then_paid_late() {
    let Some(lab) = lab("a silent buyer on real nodes").await else { return };
    let (relay, before) = (Relay::start().await, lab.books().await);
    let deal = Deal::shipped(&lab, &relay, Ask::default()).await;
    let settle_by = deal.settle_by().await;
    lab.mine_to(settle_by - 1).await;
    assert_eq!(deal.seller.stage(deal.trade).await, Some(Stage::Shipped), "held until the deadline");
    lab.mine_to(settle_by).await;
    deal.both_until(Stage::Ended(Ending::Refunded)).await;
    assert_eq!(lab.height().await, settle_by, "the chain stood still meanwhile");
    deal.adds_up(&lab, before, Ending::Refunded).await;

    deal.seller.is_refused(deal.trade, Command::OfferLateInvoice).await;
    deal.buyer.orders(deal.trade, received()).await;
    deal.may(Side::Seller, "offer late invoice").await;
    deal.seller.orders(deal.trade, Command::OfferLateInvoice).await;
    deal.may(Side::Buyer, "pay late").await;
    deal.buyer.orders(deal.trade, Command::PayLate).await;
    deal.ends(&lab, before, Ending::PaidLate).await;
    let again = deal.buyer.is_refused(deal.trade, Command::PayLate).await;
    assert!(again.contains("never paid twice"), "{again}");
}

#[tokio::test]
async fn trade__refunded_after_shipping__everything_home() {
    let Some(lab) = lab("a refund on real nodes").await else { return };
    let (relay, before) = (Relay::start().await, lab.books().await);
    let deal = Deal::shipped(&lab, &relay, Ask::default()).await;
    deal.seller.orders(deal.trade, refund()).await;
    deal.ends(&lab, before, Ending::Refunded).await;
    let why = deal.buyer.view(deal.trade).await.unwinding;
    assert!(why.is_some(), "the buyer knows that it was a refund");
}

#[tokio::test]
async fn trade__both_agree_to_cancel__everything_home() {
    let Some(lab) = lab("a mutual cancellation on real nodes").await else { return };
    let (relay, before) = (Relay::start().await, lab.books().await);
    let mut deal = Deal::locked(&lab, &relay, Ask::default()).await;
    deal.plot = Plot::AgreeCancel;
    deal.carry_on().await;
    deal.ends(&lab, before, Ending::Refunded).await;
}

#[tokio::test]
async fn trade__complaint_then_both_agree_to_release__seller_paid() {
    let Some(lab) = lab("a mutual release on real nodes").await else { return };
    let (relay, before) = (Relay::start().await, lab.books().await);
    let mut deal = Deal::shipped(&lab, &relay, Ask::default()).await;
    deal.plot = Plot::AgreeRelease;
    deal.carry_on().await;
    deal.ends(&lab, before, Ending::Completed).await;
}

#[tokio::test]
async fn trade__accepted_and_never_paid__abandoned_when_its_time_is_up() {
    let Some(lab) = lab("an unpaid acceptance on real nodes").await else { return };
    let (relay, before) = (Relay::start().await, lab.books().await);
    let deal = Deal::offered(&lab, &relay, Ask::default()).await;
    for person in [&deal.seller, &deal.buyer] {
        person.clock.turn(3601);
    }
    deal.ends(&lab, before, Ending::Abandoned).await;
    deal.buyer.is_refused(deal.trade, Command::Pay).await;
    for htlc in deal.seller.view(deal.trade).await.htlcs {
        assert_eq!(htlc.state, "cancelled");
    }
}

/// The buyer's program stops after the collateral is locked and before the price is: the collateral does not wait for ever.
#[tokio::test]
async fn trade__only_the_collateral_locked__home_after_the_grace_period() {
    let Some(lab) = lab("half a lock on real nodes").await else { return };
    let (relay, before) = (Relay::start().await, lab.books().await);
    let mut deal = Deal::offered(&lab, &relay, Ask::default()).await;
    deal.buyer.crash.choose(&Spot::before_effect("pay domp_purchase"));
    deal.buyer.orders(deal.trade, Command::Pay).await;
    deal.until(Side::Seller, Stage::Locking).await;
    let crashed = within(SOON, async || deal.buyer.has_crashed().then_some(())).await;
    assert!(crashed.is_some(), "it stopped before the price was paid: {:?}", deal.buyer.crash.passed());
    let locked_at = lab.height().await;
    lab.mine_to(locked_at + 36).await;
    deal.until(Side::Seller, Stage::Ended(Ending::Refunded)).await;
    // It comes back, and must not pay the price now. That its node never heard of that payment proves nothing while the
    // invoice could be paid.
    deal.buyer.restart().await;
    deal.until(Side::Buyer, Stage::Returning).await;
    deal.buyer.clock.turn(86_400);
    deal.ends(&lab, before, Ending::Refunded).await;
}

#[tokio::test]
async fn listing__two_buyers__sold_once_and_free_again_when_the_first_falls_through() {
    let Some(lab) = lab("two buyers on real nodes").await else { return };
    let (relay, before) = (Relay::start().await, lab.books().await);
    let first = Deal::bid(&lab, &relay, Ask::default()).await;
    let second_buyer = Person::new(&lab, Setup::new("buyer", &[relay.url()])).await;
    let second = second_buyer.engine().bid(bid_on(first.listing, COLLATERAL)).await.unwrap().summary.trade;
    let arrived = within(SOON, async || first.seller.stage(second).await.map(|_| ())).await;
    assert!(arrived.is_some(), "the second bid reaches the seller");

    first.seller.orders(first.trade, Command::Accept).await;
    let taken = async || match first.seller.engine().accept(second).await {
        Err(error @ EngineError::ListingTaken { .. }) => error.to_string(),
        other => panic!("{other:?}"),
    };
    let why = taken().await;
    assert!(why.contains(&first.trade.to_string()) && why.contains("sold once"), "{why}");

    // The first buyer walks away, so the second one can have it, and then nobody else.
    first.until(Side::Buyer, Stage::Offered).await;
    first.buyer.orders(first.trade, Command::Withdraw).await;
    first.seller.orders(first.trade, Command::Withdraw).await;
    first.both_until(Stage::Ended(Ending::Abandoned)).await;
    let mut sold = Deal { buyer: second_buyer, trade: second, ..first };
    sold.carry_on().await;
    sold.ends(&lab, before, Ending::Completed).await;
}

#[tokio::test]
async fn bid__delivered_again_by_another_relay__one_trade() {
    let Some(lab) = lab("a bid that arrives twice").await else { return };
    let (one, other) = (Relay::start().await, Relay::start().await);
    let before = lab.books().await;
    let seller = Person::new(&lab, Setup::new("seller", &[one.url(), other.url()])).await;
    let buyer = Person::new(&lab, Setup::new("buyer", &[one.url()])).await;
    let mut deal = Deal::between(seller, buyer, Ask::default()).await;
    let wanted = Wanted { ids: vec![deal.trade], ..Wanted::default() };
    let (found, _) = deal.seller.pool().fetch(wanted, &[]).await.unwrap();
    let bid = found.first().expect("the bid is on a relay").json.clone();
    deal.seller.publishes(&bid).await;
    deal.carry_on().await;
    deal.seller.publishes(&bid).await;
    assert_eq!(deal.seller.engine().trades(false).await.unwrap().len(), 1);
    deal.ends(&lab, before, Ending::Completed).await;
}

/// The same person bids twice: two bids, of which one is sold to.
#[tokio::test]
async fn bid__second_of_the_same_buyer__only_one_can_be_accepted() {
    let Some(lab) = lab("two bids of one buyer").await else { return };
    let (relay, before) = (Relay::start().await, lab.books().await);
    let mut deal = Deal::bid(&lab, &relay, Ask::default()).await;
    let again = deal.buyer.engine().bid(bid_on(deal.listing, COLLATERAL)).await.unwrap().summary.trade;
    assert_ne!(again, deal.trade);
    within(SOON, async || deal.seller.stage(again).await).await.expect("it reaches the seller");
    deal.carry_on().await;
    let why = deal.seller.is_refused(again, Command::Accept).await;
    assert!(why.contains("sold once"), "{why}");
    deal.ends(&lab, before, Ending::Completed).await;
}

#[tokio::test]
async fn bid__on_ones_own_listing_or_with_the_sellers_node__refused() {
    let Some(lab) = lab("bids that make no sense").await else { return };
    let (relay, before) = (Relay::start().await, lab.books().await);
    let seller = Person::new(&lab, Setup::new("seller", &[relay.url()])).await;
    let listing = seller.engine().create_listing(teapot(PRICE)).await.unwrap().listing;
    let why = seller.engine().bid(bid_on(listing, COLLATERAL)).await.unwrap_err().to_string();
    assert!(why.contains("your own"), "{why}");
    // Another person, but the same node: a payment to oneself is no escrow.
    let neighbour = Person::new(&lab, Setup::new("seller", &[relay.url()])).await;
    let why = neighbour.engine().bid(bid_on(listing, COLLATERAL)).await.unwrap_err().to_string();
    assert!(why.contains("same Lightning node"), "{why}");
    // More than the channel has: said with both numbers before anything is published.
    let rich = seller.engine().create_listing(teapot(15_000_000)).await.unwrap().listing;
    let buyer = Person::new(&lab, Setup::new("buyer", &[relay.url()])).await;
    let why = buyer.engine().bid(bid_on(rich, 0)).await.unwrap_err();
    assert!(matches!(why, EngineError::Liquidity(_)), "{why:?}");
    assert!(why.to_string().contains("open a channel"), "{why}");
    for person in [&seller, &neighbour, &buyer] {
        assert_eq!(person.engine().trades(false).await.unwrap(), []);
    }
    assert_eq!(lab.books().await, before);
}
