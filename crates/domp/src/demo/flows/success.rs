//! Success: the parcel arrives, the buyer confirms, the seller is paid and the collateral goes home.

use super::locking;
use crate::demo::{
    play::Play,
    step::{Scene, Who},
    trouble::Trouble,
};
use crate::shown::sats;
use domp_escrow::{
    input::{Command, Condition, Verdict},
    stage::Ending,
};
use domp_protocol::units::Blocks;

/// From the post office to the buyer's hands.
const ON_THE_WAY: Blocks = Blocks(22);

pub async fn ending(play: &mut Play<'_>) -> Result<(), Trouble> {
    locking::until_locked(play).await?;
    locking::until_shipped(play).await?;
    arrived(play).await?;
    confirmed(play).await
}

async fn arrived(play: &mut Play<'_>) -> Result<(), Trouble> {
    play.pass(ON_THE_WAY).await?;
    let (buyer, _) = play.views().await?;
    let scene = Scene::new(
        "arrived",
        Who::Nobody,
        format!("The parcel arrives, {ON_THE_WAY} later"),
        "The buyer unpacks it and looks at it. No money has moved since it was locked, and the two nodes still hold the same.",
    )
    .otherwise("everything goes back to the buyer, and the seller has lost the goods", &buyer, "settle_by");
    play.tell(scene).await
}

async fn confirmed(play: &mut Play<'_>) -> Result<(), Trouble> {
    let trade = play.trade()?;
    let verdict = Verdict { condition: Condition::Received, rating: Some(5), feedback: None, reason: None };
    play.buyer.order(trade, Command::Confirm(verdict), "confirm the goods").await?;
    play.over(Ending::Completed, "the seller is paid and the collateral is home").await?;
    let (buyer, _) = play.views().await?;
    let (price, collateral) = (sats(buyer.summary.price.get()), sats(buyer.summary.buyer_collateral.get()));
    let scene = Scene::new(
        "settled",
        Who::Buyer,
        "The buyer confirms: the seller is paid, the collateral is home",
        "The confirmation (kind 313) carries the price's secret, encrypted to the seller: it leaves the buyer's vault here for \
         the first time, and it cannot be taken back.",
    )
    .and(format!(
        "The seller's node opens the price with it and has {price}. In the same job it lets go of the collateral, and {collateral} \
         are back with the buyer. The collateral's secret never left the vault, and never will."
    ));
    play.tell(scene).await
}
