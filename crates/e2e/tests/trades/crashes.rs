//! Crashes at every point of a trade. The points are not written down here: a trade is watched, and then run again once for
//! each point that it passed, with one side stopped there as if its process had been killed.
//!
//! Nobody mines meanwhile, so the trades of one plot run beside each other on the same two nodes.

use crate::lab::{Ask, Deal, Lab, Plot, Relay, Spot, lab, received};
use domp_escrow::{
    input::Command,
    stage::{Ending, Stage},
    terms::Side,
};
use futures::{StreamExt as _, future::join_all, stream};
use std::collections::BTreeSet;

/// Trades at a time: more only wait for each other.
const AT_ONCE: usize = 6;

type Points = BTreeSet<(bool, Spot)>;

/// The points that both sides passed; `true` is the seller's.
fn passed(deal: &Deal) -> Points {
    let of = |side: Side| {
        let spots = deal.person(side).crash.passed();
        spots.into_iter().map(move |spot| (side == Side::Seller, spot))
    };
    of(Side::Seller).chain(of(Side::Buyer)).collect()
}

/// One trade from its listing to its end, whatever happens on the way.
async fn whole(lab: &Lab, relay: &Relay, plot: Plot, crash: Option<&(Side, Spot)>) -> Deal {
    let mut deal = Deal::begun_whatever_happens(lab, relay, plot, crash).await;
    deal.carry_on().await;
    for side in [Side::Seller, Side::Buyer] {
        let stage = deal.person(side).stage(deal.trade).await;
        if stage != Some(Stage::Ended(plot.ending())) {
            deal.give_up(&format!("ended as {stage:?}")).await;
        }
    }
    deal.is_calm().await;
    deal
}

#[tokio::test]
async fn every_point_of_a_trade__one_side_stopped_there__the_trade_ends_right() {
    let Some(lab) = lab("crashes at every point").await else { return };
    let relay = Relay::start().await;
    let before = lab.books().await;
    let mut paid = 0;
    let mut seen = Points::new();
    let (mut crashed, mut never) = (Vec::new(), Vec::new());
    for plot in Plot::ALL {
        let watched = whole(&lab, &relay, plot, None).await;
        paid += watched.paid(plot.ending());
        let fresh: Vec<(Side, Spot)> = passed(&watched)
            .difference(&seen)
            .filter(|(_, spot)| spot.is_effect() || spot.is_order())
            .map(|(seller, spot)| (if *seller { Side::Seller } else { Side::Buyer }, spot.clone()))
            .collect();
        seen.extend(passed(&watched));
        drop(watched);
        let trades = fresh.iter().map(|crash| {
            let (lab, relay) = (&lab, &relay);
            async move {
                let deal = whole(lab, relay, plot, Some(crash)).await;
                (deal.paid(plot.ending()), deal.restarts(), crash)
            }
        });
        let mut trades = stream::iter(trades).buffer_unordered(AT_ONCE);
        while let Some((price, restarts, (side, spot))) = trades.next().await {
            paid += price;
            let point = format!("{plot:?}, {}: {spot}", side.as_str());
            // Two people who act at the same time do not always hear of each other in the same order.
            if restarts == 1 { crashed.push(point) } else { never.push(point) }
        }
    }
    assert!(crashed.len() >= 60, "only {} points were tried: {crashed:#?}", crashed.len());
    assert!(never.len() * 10 <= crashed.len(), "too many points were not reached again: {never:#?}");
    for wanted in ["issue", "pay", "settle", "cancel", "send"] {
        let tried = crashed.iter().any(|point| point.contains(&format!(" effect {wanted} ")));
        assert!(tried, "no crash at {wanted}: {crashed:#?}");
    }
    assert_eq!(lab.books().await, before.after(paid));
}

/// The ordinary payment after the hold is made once, wherever a program stops meanwhile.
#[tokio::test]
async fn every_point_of_a_late_payment__one_side_stopped_there__paid_once() {
    let Some(lab) = lab("crashes while paying late").await else { return };
    let relay = Relay::start().await;
    let before = lab.books().await;
    let points =
        [(Side::Seller, "issue_late"), (Side::Seller, "send late_invoice"), (Side::Buyer, "pay_late")];
    let points = points.iter().flat_map(|(side, what)| {
        [Spot::before_effect(what), Spot::after_effect(what)].map(|spot| (*side, spot))
    });
    let begun = points.map(|(side, spot)| {
        let (lab, relay) = (&lab, &relay);
        async move {
            let deal = Deal::shipped(lab, relay, Ask::default()).await;
            deal.person(side).crash.choose(&spot);
            (deal, spot)
        }
    });
    let mut deals = join_all(begun).await;
    // One mining for all: it is the slow part.
    let mut settle_by = 0;
    for (deal, _) in &deals {
        settle_by = settle_by.max(deal.settle_by().await);
    }
    lab.mine_to(settle_by).await;
    join_all(deals.iter_mut().map(|(deal, spot)| paid_late(deal, spot))).await;
    let paid = deals.iter().map(|(deal, _)| deal.paid(Ending::PaidLate)).sum();
    assert_eq!(lab.books().await, before.after(paid));
}

async fn paid_late(deal: &mut Deal, spot: &Spot) {
    deal.mishap = format!("stopped {spot}: ");
    deal.both_until(Stage::Ended(Ending::Refunded)).await;
    deal.buyer.orders(deal.trade, received()).await;
    deal.may(Side::Seller, "offer late invoice").await;
    let _ = deal.seller.engine().command(deal.trade, Command::OfferLateInvoice).await;
    deal.kept_up(async |deal| deal.offers(Side::Buyer, "pay late").await).await;
    // The engine may stop before it can answer.
    let _ = deal.buyer.engine().command(deal.trade, Command::PayLate).await;
    let paid = Some(Stage::Ended(Ending::PaidLate));
    deal.kept_up(async |deal| {
        deal.seller.stage(deal.trade).await == paid && deal.buyer.stage(deal.trade).await == paid
    })
    .await;
    assert_eq!(deal.restarts(), 1, "{spot} was never reached");
    deal.is_calm().await;
}
