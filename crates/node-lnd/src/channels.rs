//! Channels: what can be sent and received over them, and opening and closing them.

use crate::{
    call::Fault,
    convert,
    node::LndNode,
    rpc::lnrpc::{
        self, CloseChannelRequest, ConnectPeerRequest, LightningAddress, ListChannelsRequest,
        NewAddressRequest, OpenChannelRequest, PendingChannelsRequest, WalletBalanceRequest,
    },
};
use domp_ports::lightning::{Channel, ChannelStatus, Liquidity, LnError};
use domp_protocol::{ids::NodeId, units::Msat};
use std::time::Duration;

/// Opening and closing wait for the peer, a wallet and a chain backend.
const PATIENCE: Duration = Duration::from_secs(60);
/// How long LND tries to reach a peer.
const PEER_SECONDS: u64 = 10;
/// Weight of one HTLC output in a commitment transaction (BOLT 3).
const HTLC_WEIGHT: i64 = 172;
/// By how much the weight of a signed commitment may fall short of the one LND reckons with (signatures vary in size).
const SIGNATURE_SLACK: i64 = 8;

impl LndNode {
    async fn open_channels(&self) -> Result<Vec<lnrpc::Channel>, LnError> {
        let mut client = self.services.lightning();
        let answer = client.list_channels(ListChannelsRequest {});
        let listed = self.services.unary(self.deadline, "ListChannels", answer).await;
        listed.map(|answer| answer.channels).map_err(Fault::open)
    }

    pub(crate) async fn list_channels(&self) -> Result<Vec<Channel>, LnError> {
        let mut channels =
            self.open_channels().await?.iter().map(convert::channel).collect::<Result<Vec<_>, _>>()?;
        let mut client = self.services.lightning();
        let answer = client.pending_channels(PendingChannelsRequest {});
        let pending =
            self.services.unary(self.deadline, "PendingChannels", answer).await.map_err(Fault::open)?;
        let opening = pending.pending_open_channels.iter().map(|it| (&it.channel, ChannelStatus::Opening));
        let waiting =
            pending.waiting_close_channels.iter().map(|it| (&it.channel, closing_status(&it.channel)));
        let forced = pending
            .pending_force_closing_channels
            .iter()
            .map(|it| (&it.channel, ChannelStatus::ForceClosing));
        for (channel, status) in opening.chain(waiting).chain(forced) {
            if let Some(channel) = channel {
                channels.push(convert::pending_channel(channel, status)?);
            }
        }
        Ok(channels)
    }

    pub(crate) async fn sum_liquidity(&self) -> Result<Liquidity, LnError> {
        let on_chain = self.on_chain().await?;
        Ok(Liquidity { on_chain, ..liquidity(&self.open_channels().await?)? })
    }

    async fn on_chain(&self) -> Result<Msat, LnError> {
        let mut client = self.services.lightning();
        let answer = client.wallet_balance(WalletBalanceRequest {});
        let balance =
            self.services.unary(self.deadline, "WalletBalance", answer).await.map_err(Fault::open)?;
        convert::sat(balance.confirmed_balance, "the wallet's balance")
    }

    pub(crate) async fn fresh_address(&self) -> Result<String, LnError> {
        let mut client = self.services.lightning();
        let answer =
            client.new_address(NewAddressRequest { r#type: lnrpc::AddressType::WitnessPubkeyHash.into() });
        let made = self.services.unary(self.deadline, "NewAddress", answer).await;
        made.map(|answer| answer.address).map_err(Fault::refused)
    }

    /// LND reconnects by itself to peers it has a channel with, so the connection need not be a lasting one.
    pub(crate) async fn connect_to_peer(&self, peer: &NodeId, address: &str) -> Result<(), LnError> {
        let addr = Some(LightningAddress { pubkey: peer.to_string(), host: address.to_owned() });
        let mut client = self.services.lightning();
        let answer = client.connect_peer(ConnectPeerRequest { addr, timeout: PEER_SECONDS });
        match self.services.unary(PATIENCE, "ConnectPeer", answer).await {
            Ok(_) => Ok(()),
            Err(fault) if fault.says("already connected to peer") => Ok(()),
            Err(fault) => Err(fault.refused()),
        }
    }

    pub(crate) async fn fund_channel(
        &self,
        peer: &NodeId,
        capacity: Msat,
        push: Msat,
    ) -> Result<String, LnError> {
        let mut client = self.services.lightning();
        let answer = client.open_channel_sync(OpenChannelRequest {
            node_pubkey: peer.as_bytes().to_vec(),
            local_funding_amount: whole_sat(capacity)?,
            push_sat: whole_sat(push)?,
        });
        match self.services.unary(PATIENCE, "OpenChannelSync", answer).await {
            Ok(point) => convert::outpoint(&point),
            Err(fault) => Err(fault.refused()),
        }
    }

    pub(crate) async fn end_channel(&self, outpoint: &str, force: bool) -> Result<(), LnError> {
        let channel_point = Some(convert::channel_point(outpoint)?);
        let mut client = self.services.lightning();
        let answer = client.close_channel(CloseChannelRequest { channel_point, force });
        match self.services.open(PATIENCE, "CloseChannel", answer).await {
            Ok(Some(_)) => Ok(()),
            Ok(None) => Err(LnError::Unknown("CloseChannel ended without an answer".to_owned())),
            Err(fault) => Err(fault.refused()),
        }
    }
}

/// What can be moved over the active ones of these channels.
pub(crate) fn liquidity(channels: &[lnrpc::Channel]) -> Result<Liquidity, LnError> {
    let mut liquidity = Liquidity::default();
    for channel in channels.iter().filter(|channel| channel.active) {
        let outbound = sendable(channel, End::Local)?;
        let inbound = sendable(channel, End::Remote)?;
        liquidity.outbound = liquidity.outbound.saturating_add(outbound);
        liquidity.outbound_largest = liquidity.outbound_largest.max(outbound);
        liquidity.inbound = liquidity.inbound.saturating_add(inbound);
        liquidity.inbound_largest = liquidity.inbound_largest.max(inbound);
    }
    Ok(liquidity)
}

/// Which end of a channel sends.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    Local,
    Remote,
}

/// What one end can send at once: its balance, less its reserve, less what the end that pays the commitment's fee must
/// keep (the fee at twice the rate with two more HTLCs, as LND does), and no more than may be in flight.
fn sendable(channel: &lnrpc::Channel, end: End) -> Result<Msat, LnError> {
    let (balance, constraints) = match end {
        End::Local => (channel.local_balance, channel.local_constraints.unwrap_or_default()),
        End::Remote => (channel.remote_balance, channel.remote_constraints.unwrap_or_default()),
    };
    let balance = convert::sat(balance, "a channel's balance")?;
    let reserve = convert::sat(i64::try_from(constraints.chan_reserve_sat).unwrap_or(i64::MAX), "a reserve")?;
    let pays_fee = channel.initiator == (end == End::Local);
    let buffer = if pays_fee { convert::sat(fee_buffer(channel), "a fee buffer")? } else { Msat::ZERO };
    let free = balance.saturating_sub(reserve).saturating_sub(buffer);
    let under_way: i64 = channel
        .pending_htlcs
        .iter()
        .filter(|htlc| htlc.incoming == (end == End::Remote))
        .fold(0, |sum, htlc| htlc.amount.saturating_add(sum));
    match Msat::new(constraints.max_pending_amt_msat) {
        Ok(limit) if limit != Msat::ZERO => {
            Ok(free.min(limit.saturating_sub(convert::sat(under_way, "HTLCs under way")?)))
        }
        // No limit told, or one beyond all bitcoin.
        _ => Ok(free),
    }
}

fn fee_buffer(channel: &lnrpc::Channel) -> i64 {
    let weight = channel.commit_weight.saturating_add(SIGNATURE_SLACK + 2 * HTLC_WEIGHT);
    let fee = weight.saturating_mul(channel.fee_per_kw).saturating_mul(2) / 1000;
    fee.saturating_sub(channel.commit_fee).max(0)
}

/// A channel whose closing transaction is not confirmed: by agreement only if it says so.
fn closing_status(channel: &Option<lnrpc::pending_channels_response::PendingChannel>) -> ChannelStatus {
    let agreed =
        channel.as_ref().is_some_and(|channel| channel.chan_status_flags.contains("CoopBroadcasted"));
    if agreed { ChannelStatus::Closing } else { ChannelStatus::ForceClosing }
}

fn whole_sat(amount: Msat) -> Result<i64, LnError> {
    let sat = amount.to_sat_floor();
    if sat.to_msat() != amount {
        return Err(LnError::Refused(format!("a channel's amounts are whole satoshi, not {amount}")));
    }
    i64::try_from(sat.get()).map_err(|_| LnError::Refused(format!("{sat} is too large for a channel")))
}

#[cfg(test)]
#[allow(non_snake_case)]
mod tests {
    use super::*;
    use crate::rpc::lnrpc::{ChannelConstraints, Htlc};

    /// A channel of ten million satoshi as a real LND showed it; its log said that it can send 4,892,000 sat, and its
    /// peer 4,900,000.
    fn real() -> lnrpc::Channel {
        let constraints =
            Some(ChannelConstraints { chan_reserve_sat: 100_000, max_pending_amt_msat: 9_900_000_000 });
        lnrpc::Channel {
            active: true,
            capacity: 10_000_000,
            local_balance: 4_996_530,
            remote_balance: 5_000_000,
            commit_fee: 2_810,
            commit_weight: 1_116,
            fee_per_kw: 2_500,
            initiator: true,
            local_constraints: constraints,
            remote_constraints: constraints,
            ..lnrpc::Channel::default()
        }
    }
    fn sat(channel: &lnrpc::Channel, end: End) -> u64 {
        sendable(channel, end).unwrap().to_sat_floor().get()
    }

    #[test]
    fn sendable__real_channel__is_what_lnd_says() {
        assert_eq!((sat(&real(), End::Local), sat(&real(), End::Remote)), (4_892_000, 4_900_000));
        let seen_by_peer = lnrpc::Channel {
            initiator: false,
            local_balance: 5_000_000,
            remote_balance: 4_996_530,
            ..real()
        };
        let both = (sat(&seen_by_peer, End::Local), sat(&seen_by_peer, End::Remote));
        assert_eq!(both, (4_900_000, 4_892_000));
    }

    #[test]
    fn sendable__limit_in_flight__caps_what_is_left_of_it() {
        let mut channel = real();
        channel.local_constraints =
            Some(ChannelConstraints { chan_reserve_sat: 100_000, max_pending_amt_msat: 1_000_000_000 });
        assert_eq!(sat(&channel, End::Local), 1_000_000);
        channel.pending_htlcs =
            vec![Htlc { incoming: false, amount: 400_000 }, Htlc { incoming: true, amount: 300_000 }];
        assert_eq!(sat(&channel, End::Local), 600_000);
        channel.pending_htlcs.push(Htlc { incoming: false, amount: 700_000 });
        assert_eq!(sat(&channel, End::Local), 0);
    }

    #[test]
    fn sendable__less_than_the_reserve__is_nothing() {
        let channel = lnrpc::Channel { local_balance: 99_000, ..real() };
        assert_eq!(sat(&channel, End::Local), 0);
        let nonsense = lnrpc::Channel { local_balance: -1, ..real() };
        assert!(matches!(sendable(&nonsense, End::Local), Err(LnError::Malformed(_))));
    }

    #[test]
    fn amount__with_millisatoshi__refused_for_a_channel() {
        assert_eq!(whole_sat(Msat::new(5_000).unwrap()), Ok(5));
        assert!(matches!(whole_sat(Msat::new(5_001).unwrap()), Err(LnError::Refused(_))));
    }
}
