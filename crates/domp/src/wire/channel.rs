//! The node and its channels as the API shows them, and what can be asked of it `[D3-81]`.

use domp_ports::lightning::{Channel as NodeChannel, ChannelStatus, Liquidity as NodeLiquidity};
use domp_protocol::units::Msat;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Channels and what can be moved over them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ChannelList {
    /// All channels, with those that are opening or closing.
    pub channels: Vec<Channel>,
    /// What can be received and sent now.
    pub liquidity: Liquidity,
}

/// A channel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Channel {
    /// Funding outpoint, `txid:index`.
    pub outpoint: String,
    /// The other end.
    pub peer: String,
    /// Its size.
    pub capacity_msat: u64,
    /// Ours to send.
    pub local_msat: u64,
    /// The peer's to send.
    pub remote_msat: u64,
    /// Usable now.
    pub active: bool,
    /// HTLCs under way in either direction.
    pub htlcs: u32,
    /// `opening`, `open`, `closing`, `force_closing`.
    pub status: String,
}

/// What can be moved over the active channels now, reserves deducted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Liquidity {
    /// Receivable in all.
    pub inbound_msat: u64,
    /// Receivable over the best single channel.
    pub inbound_largest_msat: u64,
    /// Spendable in all.
    pub outbound_msat: u64,
    /// Spendable over the best single channel.
    pub outbound_largest_msat: u64,
    /// Coins on chain, confirmed.
    pub on_chain_msat: u64,
}

/// A channel to be opened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OpenRequest {
    /// The peer's key, 66 hex digits.
    pub peer: String,
    /// `host:port`; needed unless the peer is connected already.
    #[serde(default)]
    pub address: Option<String>,
    /// The channel's size.
    pub capacity_sat: u64,
    /// How much of it the peer has from the start: a present, unless something else was agreed.
    #[serde(default)]
    pub push_sat: u64,
}

/// A channel to be closed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CloseRequest {
    /// Funding outpoint.
    pub outpoint: String,
    /// Without the peer's agreement: the money is locked for a while, and fees are higher.
    #[serde(default)]
    pub force: bool,
}

/// A peer to be connected.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ConnectRequest {
    /// The peer's key, 66 hex digits.
    pub peer: String,
    /// `host:port`.
    pub address: String,
}

/// A channel that is being opened or closed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ChannelDone {
    /// Its funding outpoint.
    pub outpoint: String,
}

/// A peer that is connected.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Connected {
    /// The peer.
    pub peer: String,
}

/// A fresh address of the node's wallet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Address {
    /// The address.
    pub address: String,
}

impl From<&NodeChannel> for Channel {
    fn from(channel: &NodeChannel) -> Self {
        let status = match channel.status {
            ChannelStatus::Opening => "opening",
            ChannelStatus::Open => "open",
            ChannelStatus::Closing => "closing",
            ChannelStatus::ForceClosing => "force_closing",
        };
        Self {
            outpoint: channel.outpoint.clone(),
            peer: channel.peer.to_string(),
            capacity_msat: channel.capacity.get(),
            local_msat: channel.local.get(),
            remote_msat: channel.remote.get(),
            active: channel.active,
            htlcs: channel.htlcs,
            status: status.to_owned(),
        }
    }
}

impl From<NodeLiquidity> for Liquidity {
    fn from(liquidity: NodeLiquidity) -> Self {
        let NodeLiquidity { inbound, inbound_largest, outbound, outbound_largest, on_chain } = liquidity;
        let [inbound_msat, inbound_largest_msat, outbound_msat, outbound_largest_msat, on_chain_msat] =
            [inbound, inbound_largest, outbound, outbound_largest, on_chain].map(Msat::get);
        Self { inbound_msat, inbound_largest_msat, outbound_msat, outbound_largest_msat, on_chain_msat }
    }
}
