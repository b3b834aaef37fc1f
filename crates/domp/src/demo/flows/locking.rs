//! Locking and shipping: the money is held, and the parcel leaves.

use super::opening::ADDRESS;
use crate::demo::{
    play::Play,
    step::{Scene, Who},
    trouble::Trouble,
};
use domp_escrow::{
    input::{Command, Shipment},
    stage::Stage,
};
use domp_protocol::units::Blocks;

/// The buyer pays, and both sides confirm what is locked.
pub async fn until_locked(play: &mut Play<'_>) -> Result<(), Trouble> {
    play.pass(Blocks(1)).await?;
    let trade = play.trade()?;
    play.buyer.order(trade, Command::Pay, "pay").await?;
    play.both_at(Stage::ToShip, Stage::ToShip, "both sides have confirmed the lock").await?;
    let (buyer, _) = play.views().await?;
    let scene = Scene::new(
        "held",
        Who::Buyer,
        "The buyer pays: the money is held",
        "The buyer's node sends the collateral first, then the price. Both arrive at the seller's node, which holds them: the \
         money has left the buyer's balance and is not in the seller's.",
    )
    .and(
        "The seller's engine signs what its node holds, with every deadline. The buyer's compares that with its own node, and \
         signs that it agrees. Only now is the seller told to ship.",
    )
    .otherwise("nothing is shipped, and the seller's node gives everything back", &buyer, "ship_by");
    play.tell(scene).await
}

/// The seller ships, an hour later.
pub async fn until_shipped(play: &mut Play<'_>) -> Result<(), Trouble> {
    play.pass(Blocks(6)).await?;
    let trade = play.trade()?;
    let address = play.seller.engine.shipping_address(trade).await;
    let address = address.map_err(play.seller.could_not("read the address"))?;
    if address.as_deref() != Some(ADDRESS) {
        return Err(Trouble::Unexpected("the seller does not have the buyer's shipping address".to_owned()));
    }
    let shipment = Shipment {
        carrier: Some("Sample Post".to_owned()),
        tracking: Some("SP 0001".to_owned()),
        note: None,
    };
    play.seller.order(trade, Command::Ship(shipment), "say that the parcel is on its way").await?;
    play.both_at(Stage::Shipped, Stage::Shipped, "the buyer knows that the parcel is on its way").await?;
    let (buyer, _) = play.views().await?;
    let scene = Scene::new(
        "shipped",
        Who::Seller,
        "The seller ships",
        "The address came encrypted with the buyer's payment confirmation (kind 311). The seller sends the parcel and says so \
         in an encrypted message. The seller now relies on the buyer: only a confirmation pays.",
    )
    .otherwise(
        "the seller's node gives everything back to the buyer, and the seller has lost the goods",
        &buyer,
        "settle_by",
    );
    play.tell(scene).await
}
