//! Views: a trade as people and programs see it. Made from the snapshot and the node's tip whenever it is asked for.

use domp_escrow::terms::{Side, Terms};
use domp_ports::relays::RelayAnswer;
use domp_protocol::{
    htlc::HtlcTimeout,
    ids::{EventId, PaymentHash, PublicKey, TradeId},
    purpose::Purpose,
    units::{Blocks, Height, Msat, Sat, Unix},
};
use serde::{Deserialize, Serialize};

/// One line about a trade.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TradeSummary {
    /// The trade: the bid's id.
    pub trade: TradeId,
    /// The listing.
    pub listing: EventId,
    /// What the listing is called, if it is stored here.
    pub product_name: Option<String>,
    /// Which side we are.
    pub side: Side,
    /// The other person.
    pub peer: PublicKey,
    /// Where it stands, in a word or two.
    pub stage: String,
    /// Whether it is over.
    pub ended: bool,
    /// The price.
    pub price: Sat,
    /// The buyer's collateral; 0 for none.
    pub buyer_collateral: Sat,
    /// When the bid was made.
    pub bid_at: Unix,
    /// How many inputs it has seen.
    pub version: u64,
    /// The next deadline.
    pub next_deadline: Option<DeadlineView>,
}

/// All about a trade.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TradeView {
    /// The line about it.
    #[serde(flatten)]
    pub summary: TradeSummary,
    /// What the bid fixed.
    pub terms: Terms,
    /// Where the money is, who can move it, what happens if nobody acts, and by when: plain words, one line each.
    pub situation: Vec<String>,
    /// What our person can do now, as names of commands.
    pub possible: Vec<String>,
    /// Every deadline, in order.
    pub deadlines: Vec<DeadlineView>,
    /// Its HTLCs `[D3-82]`.
    pub htlcs: Vec<HtlcView>,
    /// What we sent.
    pub letters: Vec<LetterView>,
    /// What is being done now, or waits to be done again.
    pub pending: Vec<PendingView>,
    /// Why everything goes back, if it does.
    pub unwinding: Option<String>,
    /// What the seller says of the parcel.
    pub shipment: Option<ShipmentView>,
    /// Why nothing is decided for this trade any more, if so.
    pub frozen: Option<String>,
}

/// A deadline.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeadlineView {
    /// Its name in the protocol: `ship_by`, `reveal_by`, `settle_by`, `held_until`; or `pay_by`, a time.
    pub name: String,
    /// Who has to act, and what happens then.
    pub meaning: String,
    /// The height, if it is one.
    pub height: Option<Height>,
    /// Blocks until then.
    pub blocks_remaining: Option<Blocks>,
    /// The time; at a height: estimated at ten minutes a block from the node's tip.
    pub unix: Unix,
    /// Whether the time is only an estimate.
    pub estimated: bool,
    /// Whether it has passed.
    pub passed: bool,
}

/// An HTLC in DIP-03's structure `[D3-11]`, with its state at our end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HtlcView {
    /// The amount, in millisatoshi.
    pub amount_msat: Msat,
    /// Its hash, once known.
    pub payment_hash: Option<PaymentHash>,
    /// c: the hold in blocks.
    pub timeout_blocks: Blocks,
    /// The payee's Nostr key.
    pub recipient: PublicKey,
    /// What it is for.
    pub purpose: Purpose,
    /// The listing's id.
    pub domp_transaction_id: EventId,
    /// What our node says: `not issued`, `open`, `held`, `settled`, `cancelled`; or `not sent`, `asked`, `in flight`,
    /// `succeeded`, `failed`.
    pub state: String,
    /// How far the hold has run `[D3-85]`, while it is held.
    pub timeout: Option<HtlcTimeout>,
    /// The height at which it was locked.
    pub locked_at: Option<Height>,
    /// E: the smallest expiry of its parts at the payee, where it is known.
    pub expiry_height: Option<Height>,
    /// Its invoice, once made or checked.
    pub invoice: Option<String>,
    /// When the invoice can no longer be paid.
    pub invoice_expires: Option<Unix>,
}

/// A letter of ours.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LetterView {
    /// Which one.
    pub letter: String,
    /// The signed event, once a relay has it.
    pub event: Option<EventId>,
    /// The height when it was last handed out for sending.
    pub posted_at: Height,
    /// Whether the other side has confirmed that it has it; `None` for letters that are not confirmed.
    pub receipted: Option<bool>,
    /// It could not be sent and never will be.
    pub dropped: bool,
    /// What each relay said last, since the engine started.
    pub relays: Vec<RelayResult>,
}

/// What a relay said to a letter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RelayResult {
    /// The relay.
    pub relay: String,
    /// Its answer.
    pub answer: RelayAnswer,
    /// When, by our clock.
    pub at: Unix,
}

/// An effect under way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PendingView {
    /// In a word or two.
    pub effect: String,
    /// Tries so far.
    pub tries: u32,
    /// Why the last try was not enough.
    pub last_error: Option<String>,
}

/// What the seller says of the parcel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShipmentView {
    /// Who carries it.
    pub carrier: Option<String>,
    /// Its tracking number.
    pub tracking: Option<String>,
    /// Anything else.
    pub note: Option<String>,
}

/// One entry of a trade's history.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HistoryEntry {
    /// The version that it made.
    pub version: u64,
    /// Our clock.
    pub at: Unix,
    /// Our node's height.
    pub height: Height,
    /// What came in, in a word or two.
    pub input: String,
    /// What people were told.
    pub notes: Vec<String>,
}
