//! Orders: what a person may be told before and after giving one, and the checks that stand before the machine's own.

use super::{Preview, exclusive::has_the_listing};
use crate::{
    EngineError,
    commit::Along,
    inner::{Inner, hold},
    view::TradeView,
};
use domp_escrow::{
    input::{Command, Input},
    liquidity::{Funds, enough},
    situation::{commitment, refusal, situation},
    stage::stage,
    terms::{Side, Terms},
    trade::Trade,
};
use domp_protocol::{
    ids::{EventId, TradeId},
    tags::escrow::Mode,
};
use std::sync::Arc;

/// The setting that names the trade that has a listing.
fn taken_name(listing: &EventId) -> String {
    format!("listing/{listing}/taken")
}

impl Inner {
    /// Carries out a person's order.
    pub(crate) async fn order(
        self: &Arc<Self>,
        id: TradeId,
        command: Command,
    ) -> Result<TradeView, EngineError> {
        self.until_recovered().await?;
        let (trade, _) = self.peek(&id).await?;
        let at = self.moment()?;
        // The machine's own reason comes first: who is short of funds for what is impossible anyway need not know.
        if let Some(no) = refusal(&trade, &command, at) {
            return Err(EngineError::Refused(no));
        }
        match command {
            Command::Accept => self.accept(&trade).await?,
            Command::Pay => {
                self.check_liquidity(Side::Buyer, &trade.terms).await?;
                self.input(id, &Input::Command(command), Along::default()).await?;
            }
            other => {
                self.input(id, &Input::Command(other), Along::default()).await?;
            }
        }
        self.view(id).await
    }

    async fn accept(self: &Arc<Self>, trade: &Trade) -> Result<(), EngineError> {
        self.check_liquidity(Side::Seller, &trade.terms).await?;
        let listing = trade.terms.listing;
        let lock = Arc::clone(hold(&self.listings).entry(listing).or_default());
        let _held = lock.lock().await;
        let id = trade.terms.trade;
        if let Some(by) = self.taken_by(&listing).await?.filter(|by| *by != id) {
            let stage = self.peek(&by).await.map(|(other, _)| stage(&other).to_string())?;
            return Err(EngineError::ListingTaken { listing, by, stage });
        }
        self.ports.journal.set_setting(&taken_name(&listing), &id.to_string()).await?;
        self.input(id, &Input::Command(Command::Accept), Along::default()).await?;
        hold(&self.listings).retain(|_, lock| Arc::strong_count(lock) > 1);
        Ok(())
    }

    /// The trade that has a listing of ours now.
    pub(crate) async fn taken_by(&self, listing: &EventId) -> Result<Option<TradeId>, EngineError> {
        let stored = self.ports.journal.setting(&taken_name(listing)).await?;
        let Some(by) = stored.and_then(|text| text.parse::<TradeId>().ok()) else { return Ok(None) };
        match self.peek(&by).await {
            Ok((trade, _)) => Ok(has_the_listing(&trade).then_some(by)),
            Err(EngineError::NoTrade(_)) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Whether our channels can carry this trade `[D3-40]` `[D3-43]`.
    pub(crate) async fn check_liquidity(&self, side: Side, terms: &Terms) -> Result<(), EngineError> {
        let funds = self.funds().await?;
        enough(side, terms, &funds, &self.config.fee)
            .map_err(|shortage| EngineError::Liquidity(shortage.to_string()))
    }

    async fn funds(&self) -> Result<Funds, EngineError> {
        let lightning = &self.ports.lightning;
        let liquidity = self.node(lightning.liquidity()).await?;
        let channels = self.node(lightning.channels()).await?;
        let slots = lightning.capabilities().slots_per_channel;
        let free_slots = channels
            .iter()
            .filter(|channel| channel.active)
            .fold(0_u32, |sum, channel| sum.saturating_add(slots.saturating_sub(channel.htlcs)));
        Ok(Funds {
            receivable: liquidity.inbound,
            receivable_largest: liquidity.inbound_largest,
            spendable: liquidity.outbound,
            spendable_largest: liquidity.outbound_largest,
            free_slots,
        })
    }

    /// What an order would mean.
    pub(crate) async fn preview(&self, id: TradeId, command: &Command) -> Result<Preview, EngineError> {
        let (trade, _) = self.peek(&id).await?;
        let at = self.moment()?;
        let mut no = refusal(&trade, command, at).map(|refusal| refusal.to_string());
        let side = match command {
            Command::Accept => Some(Side::Seller),
            Command::Pay => Some(Side::Buyer),
            _ => None,
        };
        if let (None, Some(side)) = (&no, side) {
            no = self.check_liquidity(side, &trade.terms).await.err().map(|error| error.to_string());
        }
        let mut warnings = situation(&trade, at).warnings;
        if matches!(command, Command::Accept) && !self.ports.lightning.capabilities().settles_on_chain {
            warnings.push(
                "Your node cannot take held money once a channel was closed: sell only to channel peers you trust.".to_owned(),
            );
        }
        Ok(Preview { situation: commitment(&trade, command, at, &self.config.fee), refusal: no, warnings })
    }

    /// Waits until everything that was open at the start has been looked at; not for ever.
    pub(crate) async fn until_recovered(&self) -> Result<(), EngineError> {
        let mut recovered = self.recovered.subscribe();
        if self.chain.tip().is_none() {
            self.moment()?;
        }
        let patience = self.config.times.catch_up.saturating_mul(2);
        match tokio::time::timeout(patience, recovered.wait_for(|recovered| *recovered)).await {
            Ok(_) => Ok(()),
            Err(_) => Err(EngineError::NoTip(
                self.chain
                    .last_error()
                    .unwrap_or_else(|| "it is still catching up; try again in a moment".to_owned()),
            )),
        }
    }

    /// The modes of an escrow as text.
    pub(crate) fn mode_names(modes: &[Mode]) -> Vec<String> {
        modes.iter().map(|mode| mode.as_str().to_owned()).collect()
    }
}
