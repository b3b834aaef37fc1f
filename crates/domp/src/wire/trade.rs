//! Trades as the API shows them.

use super::htlc::HtlcState;
use domp_engine::view::{DeadlineView, HistoryEntry, LetterView, PendingView, TradeSummary, TradeView};
use domp_ports::relays::RelayAnswer;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// One line about each trade, newest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TradeList {
    /// The trades.
    pub trades: Vec<TradeLine>,
}

/// One line about a trade.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TradeLine {
    /// The trade: the id of its bid (kind 301).
    pub id: String,
    /// The listing (kind 300).
    pub listing: String,
    /// What the listing is called, if it is known here. Untrusted text.
    pub product_name: Option<String>,
    /// Which side we are: `buyer` or `seller`.
    pub side: String,
    /// The other person's Nostr key.
    pub peer: String,
    /// Where it stands, in a word or two.
    pub stage: String,
    /// Whether it is over.
    pub ended: bool,
    /// The price.
    pub price_sat: u64,
    /// The buyer's collateral, 0 for none.
    pub buyer_collateral_sat: u64,
    /// When the bid was made.
    pub bid_at: u64,
    /// How many inputs it has seen; grows with each change.
    pub version: u64,
    /// The next deadline.
    pub next_deadline: Option<Deadline>,
}

/// All about a trade.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TradeDetail {
    /// The line about it.
    #[serde(flatten)]
    pub line: TradeLine,
    /// Where the money is, who can move it, what happens if nobody acts, and by when: plain words, one line each.
    pub situation: Vec<String>,
    /// What can be ordered now, by name.
    pub possible: Vec<String>,
    /// Every deadline that still means something, in order.
    pub deadlines: Vec<Deadline>,
    /// Its HTLCs.
    pub htlcs: Vec<HtlcState>,
    /// What both sides agreed on.
    pub terms: Terms,
    /// Why everything goes back, if it does.
    pub unwinding: Option<String>,
    /// What the seller says of the parcel.
    pub shipment: Option<Shipment>,
    /// What we sent.
    pub letters: Vec<Letter>,
    /// What is being done now, or waits to be done again.
    pub pending: Vec<Pending>,
    /// Why nothing is decided for this trade any more, if so.
    pub frozen: Option<String>,
}

/// What the bid fixed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Terms {
    /// The buyer's Nostr key.
    pub buyer: String,
    /// The seller's Nostr key.
    pub seller: String,
    /// The buyer's Lightning node.
    pub buyer_node: String,
    /// The seller's Lightning node: the only payee that is ever paid.
    pub seller_node: String,
    /// The Bitcoin network.
    pub network: String,
    /// Blocks in which the seller has to ship, from the lock.
    pub handling_blocks: u32,
    /// Blocks that the parcel may travel.
    pub transit_blocks: u32,
    /// Blocks that the buyer has to look at the goods.
    pub inspection_blocks: u32,
    /// The hold of the price in blocks (DIP-03's `htlc_timeout_blocks`).
    pub hold_blocks: u32,
    /// Seconds from the acceptance in which everything must be locked.
    pub payment_timeout_seconds: u64,
    /// Where the trade's events go.
    pub relays: Vec<String>,
}

/// A deadline.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Deadline {
    /// Its name, such as `ship_by`, `reveal_by`, `settle_by`, `pay_by`.
    pub name: String,
    /// Who has to act, and what happens then.
    pub meaning: String,
    /// The block height, unless it is a time.
    pub height: Option<u32>,
    /// Blocks until then.
    pub blocks_remaining: Option<u32>,
    /// The time; for a height estimated at ten minutes a block.
    pub at: u64,
    /// Whether the time is only an estimate.
    pub estimated: bool,
    /// Whether it has passed.
    pub passed: bool,
}

/// What the seller says of the parcel. Untrusted text.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Shipment {
    /// Who carries it.
    pub carrier: Option<String>,
    /// Its tracking number.
    pub tracking: Option<String>,
    /// Anything else.
    pub note: Option<String>,
}

/// Something we sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Letter {
    /// Which one.
    pub letter: String,
    /// The signed event, once a relay has it.
    pub event: Option<String>,
    /// The height when it was last handed out for sending.
    pub posted_at_height: u32,
    /// Whether the other side has confirmed that it has it; absent for letters that are not confirmed.
    pub receipted: Option<bool>,
    /// It could not be sent and never will be.
    pub dropped: bool,
    /// What each relay said last.
    pub relays: Vec<RelayWord>,
}

/// What a relay said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RelayWord {
    /// The relay.
    pub relay: String,
    /// `accepted`, `refused` or `no_answer`.
    pub answer: String,
    /// Its reason, or ours.
    pub reason: Option<String>,
}

/// Something under way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Pending {
    /// In a word or two.
    pub effect: String,
    /// Tries so far.
    pub tries: u32,
    /// Why the last one was not enough.
    pub last_error: Option<String>,
}

/// What happened to a trade, oldest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct History {
    /// The trade.
    pub trade: String,
    /// The entries.
    pub entries: Vec<HistoryLine>,
}

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct HistoryLine {
    /// The version that it made.
    pub version: u64,
    /// When, by our clock.
    pub at: u64,
    /// Our node's height.
    pub height: u32,
    /// What came in, in a word or two.
    pub input: String,
    /// What people were told.
    pub notes: Vec<String>,
}

/// Where to ship.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ShippingAddress {
    /// The trade.
    pub trade: String,
    /// The address; absent until it is known here. Private: it stands in no event in clear.
    pub address: Option<String>,
}

impl From<&TradeSummary> for TradeLine {
    fn from(summary: &TradeSummary) -> Self {
        Self {
            id: summary.trade.to_string(),
            listing: summary.listing.to_string(),
            product_name: summary.product_name.clone(),
            side: summary.side.as_str().to_owned(),
            peer: summary.peer.to_string(),
            stage: summary.stage.clone(),
            ended: summary.ended,
            price_sat: summary.price.get(),
            buyer_collateral_sat: summary.buyer_collateral.get(),
            bid_at: summary.bid_at.0,
            version: summary.version,
            next_deadline: summary.next_deadline.as_ref().map(Deadline::from),
        }
    }
}

impl TradeDetail {
    /// What the engine knows.
    pub fn of(view: &TradeView) -> Self {
        let terms = &view.terms;
        Self {
            line: TradeLine::from(&view.summary),
            situation: view.situation.clone(),
            possible: view.possible.clone(),
            deadlines: view.deadlines.iter().map(Deadline::from).collect(),
            htlcs: view.htlcs.iter().map(HtlcState::of).collect(),
            terms: Terms {
                buyer: terms.buyer.to_string(),
                seller: terms.seller.to_string(),
                buyer_node: terms.buyer_node.to_string(),
                seller_node: terms.seller_node.to_string(),
                network: terms.network.to_string(),
                handling_blocks: terms.agreed.handling.0,
                transit_blocks: terms.agreed.transit.0,
                inspection_blocks: terms.agreed.inspection.0,
                hold_blocks: terms.agreed.purchase_cltv().0,
                payment_timeout_seconds: terms.payment_timeout_seconds,
                relays: terms.relays.clone(),
            },
            unwinding: view.unwinding.clone(),
            shipment: view.shipment.as_ref().map(|shipment| Shipment {
                carrier: shipment.carrier.clone(),
                tracking: shipment.tracking.clone(),
                note: shipment.note.clone(),
            }),
            letters: view.letters.iter().map(Letter::from).collect(),
            pending: view.pending.iter().map(Pending::from).collect(),
            frozen: view.frozen.clone(),
        }
    }
}

impl From<&DeadlineView> for Deadline {
    fn from(view: &DeadlineView) -> Self {
        Self {
            name: view.name.clone(),
            meaning: view.meaning.clone(),
            height: view.height.map(|height| height.0),
            blocks_remaining: view.blocks_remaining.map(|blocks| blocks.0),
            at: view.unix.0,
            estimated: view.estimated,
            passed: view.passed,
        }
    }
}

impl From<&LetterView> for Letter {
    fn from(view: &LetterView) -> Self {
        Self {
            letter: view.letter.clone(),
            event: view.event.map(|event| event.to_string()),
            posted_at_height: view.posted_at.0,
            receipted: view.receipted,
            dropped: view.dropped,
            relays: view.relays.iter().map(|result| RelayWord::of(&result.relay, &result.answer)).collect(),
        }
    }
}

impl RelayWord {
    /// A relay and its answer.
    pub fn of(relay: &str, answer: &RelayAnswer) -> Self {
        let (word, reason) = match answer {
            RelayAnswer::Accepted => ("accepted", None),
            RelayAnswer::Refused(why) => ("refused", Some(why.clone())),
            RelayAnswer::NoAnswer(why) => ("no_answer", Some(why.clone())),
        };
        Self { relay: relay.to_owned(), answer: word.to_owned(), reason }
    }

    /// Whether it took the event.
    pub fn accepted(&self) -> bool {
        self.answer == "accepted"
    }
}

impl From<&PendingView> for Pending {
    fn from(view: &PendingView) -> Self {
        Self { effect: view.effect.clone(), tries: view.tries, last_error: view.last_error.clone() }
    }
}

impl From<&HistoryEntry> for HistoryLine {
    fn from(entry: &HistoryEntry) -> Self {
        Self {
            version: entry.version,
            at: entry.at.0,
            height: entry.height.0,
            input: entry.input.clone(),
            notes: entry.notes.clone(),
        }
    }
}
