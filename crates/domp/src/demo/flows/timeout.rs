//! Timeout: the parcel was sent, the buyer stays silent, and at the deadline everything goes back.

use super::locking;
use crate::demo::{
    play::Play,
    step::{Scene, Who},
    trouble::Trouble,
};
use domp_engine::view::TradeView;
use domp_escrow::stage::{Ending, Stage};
use domp_protocol::units::Height;

pub async fn ending(play: &mut Play<'_>) -> Result<(), Trouble> {
    locking::until_locked(play).await?;
    locking::until_shipped(play).await?;
    silent(play).await?;
    returned(play).await
}

/// To the last block in which the buyer could have confirmed.
async fn silent(play: &mut Play<'_>) -> Result<(), Trouble> {
    let (before, _) = play.views().await?;
    let (from, to) = (play.height().await?, deadline(&before, "reveal_by")?);
    play.pass_to(to).await?;
    play.both_at(Stage::Shipped, Stage::Shipped, "the money is still held").await?;
    let (buyer, _) = play.views().await?;
    let blocks = from.until(to);
    let scene = Scene::new(
        "silent",
        Who::Nobody,
        format!("The buyer stays silent for {blocks}"),
        format!(
            "The parcel may have come, or not: with two people nobody else can know. About {} days pass. This is the last block \
             in which the buyer could confirm: later the seller could no longer be sure to claim the price before it expires.",
            blocks.0 / 144
        ),
    )
    .otherwise("the seller's node gives everything back by itself", &buyer, "settle_by");
    play.tell(scene).await
}

/// To the block at which the seller's engine gives back what it may no longer hold.
async fn returned(play: &mut Play<'_>) -> Result<(), Trouble> {
    let (before, sellers) = play.views().await?;
    let to = deadline(&before, "settle_by")?;
    let expiry = sellers.htlcs.iter().filter_map(|htlc| htlc.expiry_height).min();
    play.pass_to(to).await?;
    play.over(Ending::Refunded, "everything is back with the buyer").await?;
    let early = expiry.map_or_else(|| "some blocks".to_owned(), |expiry| to.until(expiry).to_string());
    let scene = Scene::new(
        "returned",
        Who::Nobody,
        "The deadline: everything goes back",
        format!(
            "The seller's engine had its node let go of both payments, {early} before they would have expired. That is the point \
             of stopping early: nothing had to be settled on the Bitcoin chain, and the channel is open and usable on both ends."
        ),
    )
    .and(
        "The seller sent a parcel and was not paid. In direct mode nobody can rule against a silent buyer: that is said before \
         the seller accepts. If the buyer confirms after all, the seller can still send an ordinary invoice.",
    );
    play.tell(scene).await
}

fn deadline(view: &TradeView, name: &str) -> Result<Height, Trouble> {
    let found =
        view.deadlines.iter().find(|deadline| deadline.name == name).and_then(|deadline| deadline.height);
    found.ok_or_else(|| Trouble::Unexpected(format!("the engine names no deadline {name}")))
}
