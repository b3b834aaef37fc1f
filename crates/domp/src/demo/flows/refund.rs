//! Refund: the money is held, and the seller gives it back.

use super::locking;
use crate::demo::{
    play::Play,
    step::{Scene, Who},
    trouble::Trouble,
};
use domp_escrow::{input::Command, stage::Ending};
use domp_protocol::units::Blocks;

pub async fn ending(play: &mut Play<'_>) -> Result<(), Trouble> {
    locking::until_locked(play).await?;
    play.pass(Blocks(6)).await?;
    let trade = play.trade()?;
    let reason = "The lamp fell down and broke. I am sorry.".to_owned();
    play.seller.order(trade, Command::Refund { reason }, "refund").await?;
    play.over(Ending::Refunded, "everything is back with the buyer").await?;
    let scene = Scene::new(
        "refunded",
        Who::Seller,
        "The seller cannot ship, and gives the money back",
        "The seller signs a refund (kind 314), and the seller's node lets go of both payments at once. From here on nothing can \
         pay the seller in this trade any more, not even the buyer's secret.",
    )
    .and(
        "The buyer's engine does not take the message for it: the trade is over only when its own node says that both payments \
         have come back.",
    );
    play.tell(scene).await
}
