//! Listings and bids.

use super::{
    Shared,
    refusal::Refusal,
    request::{self, Body, ListingRef, Parameters},
};
use crate::{
    reference::IdReference,
    wire::{
        error::ErrorAnswer,
        listing::{BidRequest, Listing, ListingList, ListingRequest, Preview, Withdrawn},
        trade::TradeDetail,
    },
};
use axum::{Json, extract::State, http::StatusCode};
use domp_engine::desk::{ListingView, NewBid};
use serde::Deserialize;
use utoipa::IntoParams;

/// The most listings that one look at the relays brings.
pub const MOST_BROWSED: usize = 500;

/// How many.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct HowMany {
    /// At most so many, up to 500.
    #[serde(default = "fifty")]
    limit: usize,
    /// Only those of this seller, a Nostr key.
    #[serde(default)]
    seller: Option<String>,
}

const fn fifty() -> usize {
    50
}

/// Our own listings, newest first.
#[utoipa::path(get, path = "/v1/listings", tag = "listings", responses((status = 200, body = ListingList)))]
pub async fn list(State(desk): State<Shared>) -> Result<Json<ListingList>, Refusal> {
    Ok(Json(listings(&desk.engine.my_listings().await?)))
}

/// The newest listings on our relays.
#[utoipa::path(get, path = "/v1/listings/browse", tag = "listings", params(HowMany),
    responses((status = 200, body = ListingList), (status = 503, body = ErrorAnswer)))]
pub async fn browse(
    State(desk): State<Shared>,
    Parameters(many): Parameters<HowMany>,
) -> Result<Json<ListingList>, Refusal> {
    if !(1..=MOST_BROWSED).contains(&many.limit) {
        let message = format!("limit is {}; it has to be from 1 to {MOST_BROWSED}", many.limit);
        return Err(Refusal::new(StatusCode::BAD_REQUEST, "bad_parameter", message).field("limit"));
    }
    let mut found = desk.engine.browse(if many.seller.is_some() { MOST_BROWSED } else { many.limit }).await?;
    if let Some(seller) = &many.seller {
        let seller = crate::reference::key("seller", seller)?;
        found.retain(|listing| listing.seller.to_string() == seller);
        found.truncate(many.limit);
    }
    Ok(Json(listings(&found)))
}

/// A listing, from here or from the relays.
#[utoipa::path(get, path = "/v1/listings/{id}", tag = "listings", params(("id" = String, Path, description = "id, or a unique beginning of it")),
    responses((status = 200, body = Listing), (status = 404, body = ErrorAnswer)))]
pub async fn show(State(desk): State<Shared>, ListingRef(id): ListingRef) -> Result<Json<Listing>, Refusal> {
    Ok(Json(Listing::from(&desk.engine.fetch_listing(id).await?)))
}

/// Withdraws a listing of ours: no bid that arrives from now on is taken, and relays are asked to delete it (NIP-09). Bids that
/// are here already may still be accepted. Done again, the relays are asked again.
#[utoipa::path(post, path = "/v1/listings/{id}/withdraw", tag = "listings", params(("id" = String, Path, description = "id, or a unique beginning of it")),
    responses((status = 200, body = Withdrawn), (status = 404, body = ErrorAnswer), (status = 503, body = ErrorAnswer)))]
pub async fn withdraw(
    State(desk): State<Shared>,
    ListingRef(id): ListingRef,
) -> Result<Json<Withdrawn>, Refusal> {
    Ok(Json(Withdrawn::of(&desk.engine.withdraw_listing(id).await?)))
}

/// Publishes a listing.
#[utoipa::path(post, path = "/v1/listings", tag = "listings", request_body = ListingRequest,
    responses((status = 200, body = Listing), (status = 400, body = ErrorAnswer), (status = 503, body = ErrorAnswer)))]
pub async fn create(
    State(desk): State<Shared>,
    Body(new): Body<ListingRequest>,
) -> Result<Json<Listing>, Refusal> {
    let listing = desk.engine.create_listing(new.into_engine()?).await?;
    Ok(Json(Listing::from(&listing)))
}

/// Bids on a listing. Answers once the bid is durable; it is sent meanwhile.
#[utoipa::path(post, path = "/v1/bids", tag = "listings", request_body = BidRequest,
    responses((status = 200, body = TradeDetail), (status = 400, body = ErrorAnswer), (status = 404, body = ErrorAnswer),
        (status = 409, body = ErrorAnswer), (status = 503, body = ErrorAnswer)))]
pub async fn bid(
    State(desk): State<Shared>,
    Body(new): Body<BidRequest>,
) -> Result<Json<TradeDetail>, Refusal> {
    let new = resolved(&desk, new).await?;
    Ok(Json(TradeDetail::of(&desk.engine.bid(new).await?)))
}

/// What a bid would mean, without making it.
#[utoipa::path(post, path = "/v1/bids/preview", tag = "listings", request_body = BidRequest,
    responses((status = 200, body = Preview), (status = 400, body = ErrorAnswer), (status = 404, body = ErrorAnswer)))]
pub async fn preview(
    State(desk): State<Shared>,
    Body(new): Body<BidRequest>,
) -> Result<Json<Preview>, Refusal> {
    let new = resolved(&desk, new).await?;
    Ok(Json(desk.engine.preview_bid(&new).await?.into()))
}

async fn resolved(desk: &Shared, new: BidRequest) -> Result<NewBid, Refusal> {
    let listing = request::listing(desk, &IdReference::parse("listing", &new.listing)?).await?;
    Ok(new.into_engine(listing)?)
}

fn listings(views: &[ListingView]) -> ListingList {
    ListingList { listings: views.iter().map(Listing::from).collect() }
}
