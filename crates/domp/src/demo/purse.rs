//! Purses: who has how much, as the person's own node says.

use super::{step::Who, trouble::Trouble};
use domp_engine::view::TradeView;
use domp_ports::lightning::{ChannelStatus, Lightning};
use domp_protocol::units::Msat;
use serde::Serialize;

/// One person's money.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Purse {
    /// In channels, free to be spent.
    pub channels_msat: Msat,
    /// In channels, sent into HTLCs that are not resolved.
    pub locked_msat: Msat,
    /// Set aside in channels that this node opened, for the fee of closing them on chain; it is this person's, and comes
    /// back less that fee.
    pub set_aside_msat: Msat,
    /// On chain, confirmed.
    pub on_chain_msat: Msat,
    /// Channels that are open and usable.
    pub open_channels: usize,
    /// Channels in any other state.
    pub other_channels: usize,
    /// HTLCs under way in the channels.
    pub htlcs: u32,
}

/// Both people's money.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Balances {
    /// The buyer's.
    pub buyer: Purse,
    /// The seller's.
    pub seller: Purse,
}

impl Balances {
    /// Whether nothing is under way, and the two nodes agree on who has what of the sum that there was before.
    pub fn is_quiet(&self, before: &Self) -> bool {
        let sum = |balances: &Self| balances.buyer.total().saturating_add(balances.seller.total());
        self.buyer.htlcs == 0 && self.seller.htlcs == 0 && sum(self) == sum(before)
    }
}

/// Whether a node opened the channel: then it pays for closing it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Opener {
    /// This one.
    Own,
    /// The other one.
    Peer,
}

impl Purse {
    /// Reads it from the node. `view` is the person's side of the trade, if there is one: a node's list of channels does not
    /// say whose an HTLC is.
    ///
    /// # Errors
    /// If the node does not answer.
    pub async fn read(
        who: Who,
        node: &dyn Lightning,
        opener: Opener,
        view: Option<&TradeView>,
    ) -> Result<Self, Trouble> {
        let failed = |source| Trouble::Node { who, source };
        let channels = node.channels().await.map_err(failed)?;
        let on_chain_msat = node.liquidity().await.map_err(failed)?.on_chain;
        let in_htlcs = |state: &str| {
            let htlcs = view.into_iter().flat_map(|view| &view.htlcs).filter(|htlc| htlc.state == state);
            htlcs.fold(Msat::ZERO, |sum, htlc| sum.saturating_add(htlc.amount_msat))
        };
        let (sent, held) = (in_htlcs("in flight"), in_htlcs("held"));
        let mut purse = Self { on_chain_msat, locked_msat: sent, ..Self::default() };
        let mut rest = Msat::ZERO;
        for channel in &channels {
            let balances = channel.local.saturating_add(channel.remote);
            purse.channels_msat = purse.channels_msat.saturating_add(channel.local);
            rest = rest.saturating_add(channel.capacity.saturating_sub(balances));
            purse.htlcs = purse.htlcs.saturating_add(channel.htlcs);
            if channel.active && channel.status == ChannelStatus::Open {
                purse.open_channels += 1;
            } else {
                purse.other_channels += 1;
            }
        }
        if opener == Opener::Own {
            purse.set_aside_msat = rest.saturating_sub(sent).saturating_sub(held);
        }
        Ok(purse)
    }

    /// All of it.
    pub const fn total(&self) -> Msat {
        self.channels_msat
            .saturating_add(self.locked_msat)
            .saturating_add(self.set_aside_msat)
            .saturating_add(self.on_chain_msat)
    }
}
