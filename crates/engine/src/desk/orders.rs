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
    letter::Paper,
    liquidity::{Funds, Promised, enough},
    situation::{commitment, refusal, situation},
    stage::stage,
    terms::{Side, Terms},
    trade::Trade,
};
use domp_protocol::{
    ids::{EventId, TradeId},
    tags::escrow::Mode,
    units::Blocks,
};
use std::sync::Arc;

/// Blocks that LND adds to the final delta of what it pays, so that a block found meanwhile does no harm.
const PADDING: Blocks = Blocks(3);
/// So many blocks are enough for two routers with the usual deltas.
const ROUTE_ROOM: Blocks = Blocks(160);

/// What room in our channels is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Claim {
    /// For a bid that the seller may accept.
    Bid,
    /// For a payment that is ordered now.
    Pay,
    /// For an acceptance that the buyer may pay.
    Accept,
}

impl Claim {
    const fn side(self) -> Side {
        match self {
            Self::Bid | Self::Pay => Side::Buyer,
            Self::Accept => Side::Seller,
        }
    }

    /// Whether another trade has a claim that comes before this one: it was accepted, its money is not locked yet, and, where
    /// a payment is ordered now, that one's was ordered before.
    fn counts(self, trade: &Trade) -> bool {
        let unlocked = trade.unwind.is_none() && trade.deadlines.is_none() && !stage(trade).is_ended();
        let promised = match self {
            Self::Bid => trade.choices.pay || trade.papers.contains_key(&Paper::Acceptance),
            Self::Pay => trade.choices.pay,
            Self::Accept => trade.choices.accept,
        };
        trade.side == self.side() && unlocked && promised
    }
}

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
                let _turn = self.promising.lock().await;
                self.check_liquidity(Claim::Pay, &trade.terms).await?;
                self.input(id, &Input::Command(command), Along::default()).await?;
            }
            other => {
                self.input(id, &Input::Command(other), Along::default()).await?;
            }
        }
        self.view(id).await
    }

    async fn accept(self: &Arc<Self>, trade: &Trade) -> Result<(), EngineError> {
        // One promise after the other, so that each sees those before it.
        let _turn = self.promising.lock().await;
        self.check_liquidity(Claim::Accept, &trade.terms).await?;
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

    /// Whether our channels can carry this trade `[D3-40]` `[D3-43]`, beside those that were promised their room before, and
    /// whether our node would hold a payment so long at all.
    pub(crate) async fn check_liquidity(&self, claim: Claim, terms: &Terms) -> Result<(), EngineError> {
        if claim.side() == Side::Buyer {
            self.check_route(terms)?;
        }
        let promised = self.promised(claim, &terms.trade).await;
        let funds = Funds { promised, ..self.funds().await? };
        enough(claim.side(), terms, &funds, &self.config.fee)
            .map_err(|shortage| EngineError::Liquidity(shortage.to_string()))
    }

    /// c of the price has to fit into the longest route that our node pays over `[D3-54]`.
    fn check_route(&self, terms: &Terms) -> Result<(), EngineError> {
        let (hold, most) = (terms.agreed.purchase_cltv(), self.ports.lightning.capabilities().max_route_cltv);
        let needs = Blocks(hold.0.saturating_add(PADDING.0));
        if needs > most { Err(EngineError::RouteTooLong { hold, needs, most }) } else { Ok(()) }
    }

    /// What a person should know of the longest route before bidding or paying.
    pub(crate) fn route_warning(&self, terms: &Terms) -> Option<String> {
        let (hold, most) = (terms.agreed.purchase_cltv(), self.ports.lightning.capabilities().max_route_cltv);
        let left = most.0.checked_sub(hold.0.saturating_add(PADDING.0))?;
        (left < ROUTE_ROOM.0).then(|| {
            format!(
                "Your node holds a payment for {most} at most, and this trade needs {hold} at the seller. That leaves {left} \
                 for routers on the way, and many ask for 80 each: without a channel to the seller the payment may find no \
                 way. LND's max-cltv-expiry sets it."
            )
        })
    }

    /// What our other trades on this side need that are not locked yet.
    async fn promised(&self, claim: Claim, but: &TradeId) -> Promised {
        let open: Vec<TradeId> = hold(&self.open).iter().filter(|id| *id != but).copied().collect();
        let mut promised = Promised::default();
        for id in open {
            let Ok((trade, _)) = self.peek(&id).await else { continue };
            if claim.counts(&trade) {
                promised = promised.and(&trade, &self.config.fee);
            }
        }
        promised
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
            promised: Promised::default(),
        })
    }

    /// What an order would mean.
    pub(crate) async fn preview(&self, id: TradeId, command: &Command) -> Result<Preview, EngineError> {
        let (trade, _) = self.peek(&id).await?;
        let at = self.moment()?;
        let mut no = refusal(&trade, command, at).map(|refusal| refusal.to_string());
        let claim = match command {
            Command::Accept => Some(Claim::Accept),
            Command::Pay => Some(Claim::Pay),
            _ => None,
        };
        if let (None, Some(claim)) = (&no, claim) {
            no = self.check_liquidity(claim, &trade.terms).await.err().map(|error| error.to_string());
        }
        let mut warnings = situation(&trade, at).warnings;
        if matches!(command, Command::Pay) {
            warnings.extend(self.route_warning(&trade.terms));
        }
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
