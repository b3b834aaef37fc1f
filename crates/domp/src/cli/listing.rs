//! `domp listing`: publish and look at listings.

use super::{
    args::{Browse, Listing as Wanted, NewListing},
    person, progress,
    session::Session,
};
use crate::{
    client::Client,
    failure::Failure,
    question,
    reference::IdReference,
    wire::listing::{Listing, ListingList, ListingRequest, Shipping, Withdrawn},
};

/// Does it.
///
/// # Errors
/// What the daemon refuses.
pub async fn run(session: &Session, wanted: Wanted) -> Result<(), Failure> {
    let client = session.client()?;
    match wanted {
        Wanted::Create(new) => create(session, &client, *new).await,
        Wanted::List => session.output.show(&client.get::<ListingList>("/v1/listings").await?),
        Wanted::Show(on) => {
            let reference = IdReference::parse("listing", &on.listing)?;
            if let Some(seller) = &on.seller {
                person::only_of(session, &client, reference.as_str(), seller).await?;
            }
            let listing: Listing = client.get(&format!("/v1/listings/{}", reference.as_str())).await?;
            session.output.show(&listing)
        }
        Wanted::Browse(browse) => {
            let path = browse_path(session, &browse).await?;
            session.output.show(&client.get::<ListingList>(&path).await?)
        }
        Wanted::Withdraw(on) => {
            let reference = IdReference::parse("listing", &on.listing)?;
            let path = format!("/v1/listings/{}/withdraw", reference.as_str());
            there(&client).await?;
            session.output.before_commitment(WITHDRAWAL)?;
            question::confirm(session.output, session.yes, "Withdraw it?")?;
            session.output.show(&client.post::<_, Withdrawn>(&path, &serde_json::json!({})).await?)
        }
    }
}

/// Whether the daemon is there at all: nobody is asked for a yes to what cannot be done.
async fn there(client: &Client) -> Result<(), Failure> {
    client.get::<serde_json::Value>("/v1/health").await.map(|_| ())
}

/// What a seller has to know first.
const WITHDRAWAL: &str = "No bid that arrives from now on is taken; this cannot be undone, but the goods can be listed anew.\n\
     Bids that are here already stay, and you may accept one. Relays are asked to delete the listing; not all do.";

async fn browse_path(session: &Session, browse: &Browse) -> Result<String, Failure> {
    let mut path = format!("/v1/listings/browse?limit={}", browse.limit);
    if let Some(seller) = &browse.seller {
        path.push_str("&seller=");
        path.push_str(&person::key(session, "seller", seller).await?);
    }
    Ok(path)
}

async fn create(session: &Session, client: &Client, new: NewListing) -> Result<(), Failure> {
    let shipping = Shipping {
        domestic_cost_sat: new.shipping_domestic,
        international_cost_sat: new.shipping_international,
        estimated_days: new.shipping_days,
    };
    let request = ListingRequest {
        product_name: new.name,
        description: new.description,
        price_sat: new.price,
        category: new.category,
        storage_link: new.link,
        shipping: (shipping != Shipping::default()).then_some(shipping),
        name: None,
        handling_blocks: new.handling,
        transit_blocks: new.transit,
        inspection_blocks: new.inspection,
    };
    there(client).await?;
    session.output.before_commitment(&warning(&request))?;
    question::confirm(session.output, session.yes, "Publish it?")?;
    let listing: Listing =
        progress::told(session.output, client, client.post("/v1/listings", &request)).await?;
    session.output.show(&listing)
}

/// What a seller has to know first.
fn warning(new: &ListingRequest) -> String {
    format!(
        "You are about to publish, signed and for everybody: {:?} for {}.\n\
         No money moves by this, and you are bound to nothing until you accept a bid.\n\
         A buyer's money will be locked while you have {} blocks to ship, the parcel may travel {} and the buyer may look at \
         it for {} (144 blocks are about a day).\n\
         You are paid when the buyer confirms. If the buyer never confirms, the money goes back and you are not paid: in \
         direct mode nobody can change that.\n\
         `domp listing withdraw` ends it, but a listing cannot be taken back from relays that keep it.",
        new.product_name,
        crate::shown::sats(new.price_sat),
        new.handling_blocks,
        new.transit_blocks,
        new.inspection_blocks
    )
}
