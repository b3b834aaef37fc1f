//! Nonpayment: the seller has accepted, and the buyer never pays.

use crate::demo::{
    play::Play,
    step::{Scene, Who},
    trouble::Trouble,
};
use domp_engine::EngineError;
use domp_escrow::{input::Command, stage::Ending};

pub async fn ending(play: &mut Play<'_>) -> Result<(), Trouble> {
    let (buyer, _) = play.views().await?;
    let pay_by =
        buyer.deadlines.iter().find(|deadline| deadline.name == "pay_by").map(|deadline| deadline.unix);
    let pay_by =
        pay_by.ok_or_else(|| Trouble::Unexpected("the engine names no deadline pay_by".to_owned()))?;
    let blocks = play.pass_until(pay_by).await?;
    play.over(Ending::Abandoned, "both sides have given the trade up").await?;
    cannot_pay_any_more(play).await?;
    listing_is_free(play).await?;
    let mut scene = Scene::new(
        "expired",
        Who::Nobody,
        "The buyer does not pay: the acceptance runs out",
        format!("The bid allowed an hour for paying. {blocks} are mined, and the hour is over."),
    )
    .and(
        "Each engine gives the trade up by itself. The seller's node has cancelled both invoices, so that no late payment can \
         come in, and the listing is free for somebody else. The buyer's engine was just told to pay all the same, and refused.",
    );
    if let Some(remark) = play.about_time() {
        scene = scene.and(remark);
    }
    play.tell(scene).await
}

/// A late order to pay must be refused before anything is sent.
async fn cannot_pay_any_more(play: &Play<'_>) -> Result<(), Trouble> {
    match play.buyer.engine.command(play.trade()?, Command::Pay).await {
        Err(EngineError::Refused(_)) => Ok(()),
        Err(error) => Err(play.buyer.could_not("be refused a late payment")(error)),
        Ok(_) => Err(Trouble::Unexpected(
            "the buyer's engine took an order to pay after the time for it".to_owned(),
        )),
    }
}

/// A listing of which nothing was sold can be sold to somebody else.
async fn listing_is_free(play: &Play<'_>) -> Result<(), Trouble> {
    let listings =
        play.seller.engine.my_listings().await.map_err(play.seller.could_not("show the listings"))?;
    match listings.iter().find_map(|listing| listing.taken_by) {
        None => Ok(()),
        Some(by) => Err(Trouble::Unexpected(format!("the listing is still taken by trade {by}"))),
    }
}
