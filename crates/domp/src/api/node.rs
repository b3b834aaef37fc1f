//! The node's channels `[D3-81]`.

use super::{Shared, refusal::Refusal, request::Body};
use crate::{
    reference,
    wire::{
        channel::{
            Address, Channel, ChannelDone, ChannelList, CloseRequest, ConnectRequest, Connected, OpenRequest,
        },
        error::ErrorAnswer,
    },
};
use axum::{Json, extract::State, http::StatusCode};
use domp_protocol::{
    ids::NodeId,
    units::{Msat, Sat},
};

/// Channels and liquidity.
#[utoipa::path(get, path = "/v1/channels", tag = "node", responses((status = 200, body = ChannelList), (status = 503, body = ErrorAnswer)))]
pub async fn channels(State(desk): State<Shared>) -> Result<Json<ChannelList>, Refusal> {
    let node = &desk.engine.ports().lightning;
    let channels = node.channels().await?.iter().map(Channel::from).collect();
    Ok(Json(ChannelList { channels, liquidity: node.liquidity().await?.into() }))
}

/// Opens a channel. Costs an on-chain fee.
#[utoipa::path(post, path = "/v1/channels/open", tag = "node", request_body = OpenRequest,
    responses((status = 200, body = ChannelDone), (status = 400, body = ErrorAnswer), (status = 503, body = ErrorAnswer)))]
pub async fn open(
    State(desk): State<Shared>,
    Body(new): Body<OpenRequest>,
) -> Result<Json<ChannelDone>, Refusal> {
    let peer = peer(&new.peer)?;
    let (capacity, push) = (amount("capacity_sat", new.capacity_sat)?, amount("push_sat", new.push_sat)?);
    if push >= capacity {
        let message = format!(
            "push_sat is {}; it has to be less than capacity_sat, {}",
            new.push_sat, new.capacity_sat
        );
        return Err(Refusal::new(StatusCode::BAD_REQUEST, "bad_field", message).field("push_sat"));
    }
    let node = &desk.engine.ports().lightning;
    if let Some(address) = &new.address {
        node.connect_peer(&peer, address).await?;
    }
    let outpoint = node.open_channel(&peer, capacity, push).await?;
    Ok(Json(ChannelDone { outpoint }))
}

/// Closes a channel. One that carries HTLCs of an open trade is not closed by agreement before they have ended.
#[utoipa::path(post, path = "/v1/channels/close", tag = "node", request_body = CloseRequest,
    responses((status = 200, body = ChannelDone), (status = 400, body = ErrorAnswer), (status = 409, body = ErrorAnswer), (status = 503, body = ErrorAnswer)))]
pub async fn close(
    State(desk): State<Shared>,
    Body(which): Body<CloseRequest>,
) -> Result<Json<ChannelDone>, Refusal> {
    let node = &desk.engine.ports().lightning;
    let channels = node.channels().await?;
    let Some(channel) = channels.iter().find(|channel| channel.outpoint == which.outpoint) else {
        let message = format!("the node has no channel {}", which.outpoint);
        return Err(Refusal::new(StatusCode::NOT_FOUND, "unknown_channel", message).field("outpoint"));
    };
    if channel.htlcs > 0 && !which.force {
        let message = format!(
            "channel {} carries {} HTLCs; closing it now would endanger them",
            which.outpoint, channel.htlcs
        );
        return Err(Refusal::new(StatusCode::CONFLICT, "channel_in_use", message)
            .hint("wait until the trades over it have ended"));
    }
    node.close_channel(&which.outpoint, which.force).await?;
    Ok(Json(ChannelDone { outpoint: which.outpoint }))
}

/// Connects to a peer.
#[utoipa::path(post, path = "/v1/peers", tag = "node", request_body = ConnectRequest,
    responses((status = 200, body = Connected), (status = 400, body = ErrorAnswer), (status = 503, body = ErrorAnswer)))]
pub async fn connect(
    State(desk): State<Shared>,
    Body(new): Body<ConnectRequest>,
) -> Result<Json<Connected>, Refusal> {
    let id = peer(&new.peer)?;
    desk.engine.ports().lightning.connect_peer(&id, &new.address).await?;
    Ok(Json(Connected { peer: id.to_string() }))
}

/// A fresh address of the node's wallet.
#[utoipa::path(post, path = "/v1/addresses", tag = "node", responses((status = 200, body = Address), (status = 503, body = ErrorAnswer)))]
pub async fn address(State(desk): State<Shared>) -> Result<Json<Address>, Refusal> {
    Ok(Json(Address { address: desk.engine.ports().lightning.new_address().await? }))
}

fn peer(text: &str) -> Result<NodeId, Refusal> {
    let (id, _) = reference::node(text)?;
    id.parse().map_err(|_| {
        Refusal::new(StatusCode::BAD_REQUEST, "bad_id", format!("{id} is not a node's key")).field("peer")
    })
}

fn amount(field: &'static str, sat: u64) -> Result<Msat, Refusal> {
    Sat::new(sat).map(Sat::to_msat).map_err(|error| Refusal::from((field, error.to_string())))
}
