//! Situation: where a trade stands, in plain words for people.
//!
//! For every stage and side: where the money is, who can move it, what happens if nobody does anything and by when, what
//! our person can do next, and what to beware of. It decides nothing: what is possible is asked of the machine itself.

pub(crate) mod amount;
mod buyer;
mod choices;
pub mod commitment;
mod deadlines;
mod money;
pub mod picture;
mod seller;
mod when;

pub use choices::{Choice, command_name, refusal};
pub use commitment::commitment;
pub use deadlines::Deadline;
pub use money::{Money, Place};
pub use when::{SECONDS_PER_BLOCK, When};

use crate::{
    leg::Leg,
    moment::At,
    stage::{Stage, stage},
    terms::Side,
    trade::Trade,
};
use domp_protocol::{ids::TradeId, purpose::Purpose};
use serde::Serialize;

/// Where a trade stands, for people and for programs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Situation {
    /// The trade.
    pub trade: TradeId,
    /// Whose situation it is.
    pub side: Side,
    /// The stage.
    pub stage: Stage,
    /// In a sentence or two.
    pub summary: String,
    /// Where the money is, one entry an HTLC, in the order in which they are locked.
    pub money: Vec<Money>,
    /// What happens if nobody does anything; nothing once the trade is over.
    pub otherwise: Option<Otherwise>,
    /// What our person can do now. A command that is not here would be refused.
    pub next: Vec<Choice>,
    /// What to beware of.
    pub warnings: Vec<String>,
    /// Every deadline that still means something, in order.
    pub deadlines: Vec<Deadline>,
}

/// Every deadline of a trade that still means something, in order; the quick way for lists of many trades, since the whole
/// [`situation`] also asks the machine for everything that is possible.
pub fn deadlines(trade: &Trade, at: At) -> Vec<Deadline> {
    deadlines::all(trade, stage(trade), at)
}

/// What happens if nobody does anything.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Otherwise {
    /// What.
    pub words: String,
    /// When at the latest, where that is known.
    pub by: Option<When>,
}

impl Otherwise {
    fn new(words: impl Into<String>, by: Option<When>) -> Option<Self> {
        Some(Self { words: words.into(), by })
    }
}

/// What one side is told at one stage.
struct Story {
    summary: String,
    otherwise: Option<Otherwise>,
    warnings: Vec<String>,
}

impl Story {
    fn new(summary: impl Into<String>) -> Self {
        Self { summary: summary.into(), otherwise: None, warnings: Vec::new() }
    }
    fn otherwise(mut self, words: impl Into<String>, by: Option<When>) -> Self {
        self.otherwise = Otherwise::new(words, by);
        self
    }
    fn beware(mut self, warning: impl Into<String>) -> Self {
        self.warnings.push(warning.into());
        self
    }
    fn beware_if(self, condition: bool, warning: &str) -> Self {
        if condition { self.beware(warning) } else { self }
    }
}

/// What is told instead while a restored store does not know what was done before (C-47).
fn in_doubt(trade: &Trade, at: At, story: Story) -> Story {
    let held = trade.leg(Purpose::Purchase).is_some_and(Leg::is_locked);
    if trade.side == Side::Buyer || !held {
        return story.beware(
            "This trade was restored from a backup. Until the relays and your node have told what you did since, nothing is done \
             for you that may have been done before.",
        );
    }
    if trade.is_claiming() {
        return story;
    }
    let by = crate::resolution::price_due(trade).map(|by| When::height(by, at));
    Story::new(
        "This trade was restored from a backup. Your node holds the price, and it is not known whether you shipped before.",
    )
    .otherwise(
        "the price stays held for the buyer's confirmation; without one your node gives everything back.",
        by,
    )
    .beware("If the goods went out, say so with had-shipped. If they did not, say not-shipped: only then do deadlines count again.")
    .beware("Do not ship a second time.")
}

/// The situation of a trade at a moment.
pub fn situation(trade: &Trade, at: At) -> Situation {
    let stage = stage(trade);
    let mut story = match trade.side {
        Side::Buyer => buyer::story(trade, stage, at),
        Side::Seller => seller::story(trade, stage, at),
    };
    if trade.in_doubt() && trade.unwind.is_none() && !stage.is_ended() {
        story = in_doubt(trade, at, story);
    }
    if !at.fresh && !stage.is_ended() {
        story.warnings.push(
            "Your node is not synced, or its last block is too old to rely on. Nothing is paid, shipped or confirmed until it \
             is; what has to be given back is given back all the same."
                .to_owned(),
        );
    }
    Situation {
        trade: trade.terms.trade,
        side: trade.side,
        stage,
        summary: story.summary,
        money: money::all(trade, at),
        otherwise: story.otherwise,
        next: choices::choices(trade, at),
        warnings: story.warnings,
        deadlines: deadlines::all(trade, stage, at),
    }
}

impl Situation {
    /// All of it as lines of text.
    pub fn lines(&self) -> Vec<String> {
        let mut lines = vec![self.summary.clone()];
        lines.extend(self.money.iter().map(|money| format!("{} {}", money.words, money.control)));
        if let Some(otherwise) = &self.otherwise {
            lines.push(match otherwise.by {
                Some(by) => format!("If nobody does anything: {} By {by}.", otherwise.words),
                None => format!("If nobody does anything: {}", otherwise.words),
            });
        }
        lines
            .extend(self.next.iter().map(|choice| format!("You can: {} ({})", choice.command, choice.words)));
        lines.extend(self.warnings.iter().map(|warning| format!("Beware: {warning}")));
        lines
    }
}
