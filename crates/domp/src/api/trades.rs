//! Trades: looking, and ordering.

use super::{
    Shared,
    refusal::Refusal,
    request::{Body, Parameters, TradeRef},
};
use crate::wire::{
    error::ErrorAnswer,
    htlc::{HtlcList, HtlcState},
    listing::Preview,
    order::{Order, OrderDone},
    trade::{History, HistoryLine, ShippingAddress, TradeDetail, TradeLine, TradeList},
};
use axum::{Json, extract::State, http::StatusCode};
use domp_engine::EngineError;
use domp_escrow::note::Refusal as MachineRefusal;
use serde::Deserialize;
use utoipa::IntoParams;

/// Which trades.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct Which {
    /// Only those that are not over.
    #[serde(default)]
    open: bool,
}

/// One line about each trade, newest first.
#[utoipa::path(get, path = "/v1/trades", tag = "trades", params(Which), responses((status = 200, body = TradeList)))]
pub async fn list(
    State(desk): State<Shared>,
    Parameters(which): Parameters<Which>,
) -> Result<Json<TradeList>, Refusal> {
    let trades = desk.engine.trades(which.open).await?;
    Ok(Json(TradeList { trades: trades.iter().map(TradeLine::from).collect() }))
}

/// All about a trade.
#[utoipa::path(get, path = "/v1/trades/{id}", tag = "trades", params(("id" = String, Path, description = "id, or a unique beginning of it")),
    responses((status = 200, body = TradeDetail), (status = 404, body = ErrorAnswer)))]
pub async fn show(State(desk): State<Shared>, TradeRef(id): TradeRef) -> Result<Json<TradeDetail>, Refusal> {
    Ok(Json(TradeDetail::of(&desk.engine.trade(id).await?)))
}

/// DIP-03's HTLC state API: the HTLCs of a trade in DIP-03's structure, with their states and timeouts.
#[utoipa::path(get, path = "/v1/trades/{id}/htlcs", tag = "trades", params(("id" = String, Path, description = "id, or a unique beginning of it")),
    responses((status = 200, body = HtlcList), (status = 404, body = ErrorAnswer)))]
pub async fn htlcs(State(desk): State<Shared>, TradeRef(id): TradeRef) -> Result<Json<HtlcList>, Refusal> {
    let trade = desk.engine.trade(id).await?;
    let height = desk.engine.health().await.node.height;
    Ok(Json(HtlcList {
        trade: id.to_string(),
        current_block_height: height.map(|height| height.0),
        htlcs: trade.htlcs.iter().map(HtlcState::of).collect(),
    }))
}

/// What happened to a trade, oldest first.
#[utoipa::path(get, path = "/v1/trades/{id}/history", tag = "trades", params(("id" = String, Path, description = "id, or a unique beginning of it")),
    responses((status = 200, body = History), (status = 404, body = ErrorAnswer)))]
pub async fn history(State(desk): State<Shared>, TradeRef(id): TradeRef) -> Result<Json<History>, Refusal> {
    let entries = desk.engine.history(id).await?;
    Ok(Json(History { trade: id.to_string(), entries: entries.iter().map(HistoryLine::from).collect() }))
}

/// Where to ship. Private: shown to the two people of the trade only.
#[utoipa::path(get, path = "/v1/trades/{id}/address", tag = "trades", params(("id" = String, Path, description = "id, or a unique beginning of it")),
    responses((status = 200, body = ShippingAddress), (status = 404, body = ErrorAnswer)))]
pub async fn address(
    State(desk): State<Shared>,
    TradeRef(id): TradeRef,
) -> Result<Json<ShippingAddress>, Refusal> {
    let address = desk.engine.shipping_address(id).await?;
    Ok(Json(ShippingAddress { trade: id.to_string(), address }))
}

/// Gives an order. Answers once it is durable; what follows from it is done meanwhile.
#[utoipa::path(post, path = "/v1/trades/{id}/orders", tag = "trades", request_body = Order, params(("id" = String, Path, description = "id, or a unique beginning of it")),
    responses((status = 200, body = OrderDone), (status = 400, body = ErrorAnswer), (status = 404, body = ErrorAnswer),
        (status = 409, body = ErrorAnswer, description = "not now, or not any more; nothing was changed"), (status = 503, body = ErrorAnswer)))]
pub async fn order(
    State(desk): State<Shared>,
    TradeRef(id): TradeRef,
    Body(order): Body<Order>,
) -> Result<Json<OrderDone>, Refusal> {
    if let Order::Accept { i_am_not_paid_if_the_buyer_never_confirms: false } = order {
        let field = "i_am_not_paid_if_the_buyer_never_confirms";
        let message = format!(
            "{field} has to be true: in direct mode a buyer who stays silent gets the money back, and nobody can help the seller"
        );
        return Err(Refusal::new(StatusCode::BAD_REQUEST, "not_acknowledged", message).field(field));
    }
    match desk.engine.command(id, order.command()).await {
        Ok(trade) => Ok(Json(OrderDone { trade: TradeDetail::of(&trade), already: None })),
        Err(EngineError::Refused(MachineRefusal::Already(what))) => {
            let trade = TradeDetail::of(&desk.engine.trade(id).await?);
            Ok(Json(OrderDone { trade, already: Some(what) }))
        }
        Err(error) => Err(error.into()),
    }
}

/// What an order would mean, without giving it.
#[utoipa::path(post, path = "/v1/trades/{id}/preview", tag = "trades", request_body = Order, params(("id" = String, Path, description = "id, or a unique beginning of it")),
    responses((status = 200, body = Preview), (status = 400, body = ErrorAnswer), (status = 404, body = ErrorAnswer)))]
pub async fn preview(
    State(desk): State<Shared>,
    TradeRef(id): TradeRef,
    Body(order): Body<Order>,
) -> Result<Json<Preview>, Refusal> {
    Ok(Json(desk.engine.preview(id, &order.command()).await?.into()))
}
