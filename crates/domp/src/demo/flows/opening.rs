//! The opening of every flow: a listing, a bid, an acceptance. Nothing is locked in it.

use crate::demo::{
    Flow,
    ground::CHANNEL,
    play::Play,
    step::{Scene, Who},
    trouble::Trouble,
};
use crate::shown::sats;
use domp_engine::desk::{NewBid, NewListing};
use domp_escrow::{input::Command, stage::Stage};
use domp_protocol::{
    ids::EventId,
    units::{Blocks, Sat},
};

const PRICE: Sat = match Sat::new(100_000) {
    Ok(sat) => sat,
    Err(_) => Sat::ZERO,
};
/// A day to ship, a day on the way, three to look at the goods.
const HANDLING: Blocks = Blocks(144);
const TRANSIT: Blocks = Blocks(144);
const INSPECTION: Blocks = Blocks(432);

/// Where the parcel goes. Only the two people ever see it.
pub const ADDRESS: &str = "Sample Street 1, 12345 Sampletown";

/// Listing, bid and acceptance.
pub async fn until_accepted(play: &mut Play<'_>, flow: Flow) -> Result<(), Trouble> {
    ready(play).await?;
    let listing = listed(play).await?;
    play.pass(Blocks(1)).await?;
    bid(play, listing, flow).await?;
    play.pass(Blocks(1)).await?;
    accepted(play).await
}

async fn ready(play: &mut Play<'_>) -> Result<(), Trouble> {
    let title = format!("A seller, a buyer, and a channel of {} between them", sats(CHANNEL.get()));
    let mut paragraphs = play.described().to_vec().into_iter();
    let mut scene = Scene::new("ready", Who::Both, title, paragraphs.next().unwrap_or_default());
    for paragraph in paragraphs {
        scene = scene.and(paragraph);
    }
    play.tell(scene).await
}

async fn listed(play: &mut Play<'_>) -> Result<EventId, Trouble> {
    let new = NewListing {
        product_name: "Bicycle lamp".to_owned(),
        description: "Bright, waterproof, as good as new.".to_owned(),
        price: PRICE,
        category: None,
        storage_link: None,
        shipping_info: None,
        name: None,
        handling: HANDLING,
        transit: TRANSIT,
        inspection: INSPECTION,
    };
    let could_not = play.seller.could_not("publish a listing");
    let listing = play.seller.engine.create_listing(new).await.map_err(could_not)?;
    let hold = listing.escrow.as_ref().map_or(Blocks::default(), |escrow| escrow.hold);
    let scene = Scene::new(
        "listed",
        Who::Seller,
        format!("The seller offers a bicycle lamp for {}", sats(PRICE.get())),
        format!(
            "The listing (kind 300) is signed with the seller's Nostr key, and the seller's Lightning node signs that it \
             belongs to this key: nobody can put another node's invoice in between. It promises to ship within {HANDLING}, \
             allows {TRANSIT} for the parcel and {INSPECTION} for looking at the goods; so money is held for up to {hold}, about \
             {} days.",
            hold.0.div_ceil(144)
        ),
    )
    .and(
        "The escrow is direct: there is no third party. Only the buyer can release the money. If the buyer stays silent it goes \
         back, and both are told so before they agree to anything.",
    );
    play.tell(scene).await?;
    Ok(listing.listing)
}

async fn bid(play: &mut Play<'_>, listing: EventId, flow: Flow) -> Result<(), Trouble> {
    let new = NewBid {
        listing,
        amount: None,
        buyer_collateral: None,
        message: None,
        shipping_address: Some(ADDRESS.to_owned()),
        payment_timeout_hours: (flow == Flow::Nonpayment).then_some(1),
    };
    let view = play.buyer.engine.bid(new).await.map_err(play.buyer.could_not("bid"))?;
    let trade = view.summary.trade;
    // The seller can answer once the bid and the buyer's hashes have come through the relay.
    let can_accept = |view: &domp_engine::view::TradeView| view.possible.iter().any(|name| name == "accept");
    play.seller.until(trade, "the bid and its hashes have arrived", can_accept).await?;
    play.is_about(trade);
    let (buyer, _) = play.views().await?;
    let (price, collateral) = (buyer.summary.price.get(), buyer.summary.buyer_collateral.get());
    let scene = Scene::new(
        "bid",
        Who::Buyer,
        format!("The buyer bids {}, with a collateral of {}", sats(price), sats(collateral)),
        "The buyer's vault makes two secrets, one for the price and one for the collateral, and stores them before anything \
         leaves the machine. The bid (kind 301) only commits to their hashes; the hashes themselves go to the seller in an \
         encrypted message, so that nobody else can use them.",
    )
    .and(
        "The collateral shows that the buyer means it, but in direct mode nobody could ever rule that it is lost: it always goes \
         home. The seller is told so.",
    )
    .otherwise("the bid lapses; nothing was ever locked", &buyer, "answer_by");
    play.tell(scene).await
}

async fn accepted(play: &mut Play<'_>) -> Result<(), Trouble> {
    let trade = play.trade()?;
    play.seller.order(trade, Command::Accept, "accept the bid").await?;
    play.both_at(Stage::Offered, Stage::Offered, "the acceptance has arrived").await?;
    let (buyer, _) = play.views().await?;
    let scene = Scene::new(
        "accepted",
        Who::Seller,
        "The seller accepts",
        "The seller's node makes two hold invoices on the buyer's hashes, and the acceptance (kind 303) carries them. If they \
         are paid, the node can hold the money but not take it: the secrets are with the buyer.",
    )
    .and(
        "The buyer's engine has checked both: network, amounts, hashes, the node that is to be paid and its signature, expiry, \
         and how long the money would be held. It pays no invoice that fails a check.",
    )
    .otherwise("the acceptance runs out; nothing was ever locked", &buyer, "pay_by");
    play.tell(scene).await
}
