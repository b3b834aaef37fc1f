//! The Lightning port: what an escrow needs of a node, whichever node it is.
//!
//! The node is the truth about money. Every answer that is not certain is an [`LnError::Unknown`] or
//! [`LnError::Unavailable`]: nobody pays, refunds or gives up because of one. All calls are bounded in time by the
//! adapter. All calls that change something are safe to repeat.

use async_trait::async_trait;
use domp_protocol::{
    ids::{NodeId, PaymentHash},
    network::Network,
    secret::Preimage,
    units::{Blocks, Height, Msat, Unix},
};
use futures::stream::BoxStream;
use serde::{Deserialize, Serialize};

/// What a kind of node can do, declared by its adapter so that nobody ever asks "which node is this".
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Capabilities {
    /// The implementation and version, for people: `LND 0.21.2-beta`.
    pub implementation: String,
    /// Can hold a payment on a given hash (payee side). Without it the node can only pay `[D3-39]`.
    pub holds: bool,
    /// D: how many blocks before an HTLC's expiry the node lets go of a held payment by itself.
    pub auto_cancel: Blocks,
    /// How many blocks before expiry the node goes on chain when it knows the preimage.
    pub on_chain_claim: Blocks,
    /// Still claims a held HTLC whose channel was closed meanwhile.
    pub settles_on_chain: bool,
    /// Paying the same hash twice is refused by the node itself, so that a payment call may be repeated.
    pub dedupes_payments: bool,
    /// Smallest final CLTV delta that it issues.
    pub min_cltv: Blocks,
    /// Largest total CLTV it pays with.
    pub max_route_cltv: Blocks,
    /// The payer sees the final hop's expiry, not only the first's.
    pub sees_final_expiry: bool,
    /// Held HTLCs that fit in one channel and direction.
    pub slots_per_channel: u32,
}

/// A node's description of itself and its view of the chain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NodeInfo {
    /// Its public key.
    pub id: NodeId,
    /// Its name for people; untrusted text.
    pub alias: String,
    /// The network it is on.
    pub network: Network,
    /// Its chain's tip.
    pub tip: Tip,
}

/// The tip of a node's chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tip {
    /// Height of the best block the node has.
    pub height: Height,
    /// Timestamp in that block's header.
    pub block_time: Unix,
    /// Whether the node itself says that it is synced to the chain.
    pub synced: bool,
}

/// A request to issue an invoice that is held instead of settled: on a hash its payee cannot open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HoldInvoice {
    /// The payer's hash.
    pub hash: PaymentHash,
    /// Exact amount.
    pub amount: Msat,
    /// c: `min_final_cltv_expiry_delta`.
    pub cltv: Blocks,
    /// Seconds until the invoice can no longer be paid.
    pub expiry_seconds: u32,
    /// Plain-text description.
    pub description: String,
    /// Include route hints to private channels.
    pub private_hints: bool,
}

/// What a payee's node says of an invoice.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum InvoiceState {
    /// Issued, not (fully) paid.
    Open,
    /// The whole amount is held.
    Held(Vec<HeldPart>),
    /// Settled: the money is the payee's.
    Settled,
    /// Cancelled or expired: nothing is held, the payer has or gets everything back.
    Cancelled,
}

/// One HTLC of a held payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeldPart {
    /// Its amount.
    pub amount: Msat,
    /// The height at which it was accepted.
    pub accepted_at: Height,
    /// Its absolute CLTV expiry.
    pub expiry: Height,
}

/// A request to pay an invoice that was checked before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pay {
    /// The invoice, exactly as checked.
    pub bolt11: String,
    /// Its payment hash, by which the payment is followed ever after.
    pub hash: PaymentHash,
    /// Largest routing fee, on top of the amount.
    pub max_fee: Msat,
    /// The most parts the payment may be split into.
    pub max_parts: u32,
    /// Largest total CLTV delta, so that money is never locked longer than told.
    pub max_cltv: Blocks,
    /// How long the node may look for a route; not how long the payment may be held.
    pub timeout_seconds: u32,
}

/// What a payer's node says of a payment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum PaymentState {
    /// The node has never heard of it, or has forgotten it. **Not** the same as failed.
    NotFound,
    /// On its way or held; `parts` are the HTLCs in flight now, none while a route is looked for.
    InFlight(Vec<SentPart>),
    /// Paid; the preimage is known to the node.
    Succeeded,
    /// Every part has failed: the money is back.
    Failed(String),
}

/// One HTLC of a payment under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SentPart {
    /// Its amount at the payee.
    pub amount: Msat,
    /// Absolute expiry at the first hop: the latest height at which the money comes back.
    pub first_hop_expiry: Height,
    /// Absolute expiry at the payee, where the node can tell.
    pub final_expiry: Option<Height>,
}

/// What an invoice says, in the node's own decoder: a second opinion beside ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DecodedInvoice {
    /// Payment hash.
    pub hash: PaymentHash,
    /// Amount, if the invoice has one.
    pub amount: Option<Msat>,
    /// The payee's node.
    pub payee: NodeId,
    /// c: `min_final_cltv_expiry_delta`.
    pub cltv: Blocks,
    /// Expiry in seconds after the timestamp.
    pub expiry_seconds: u64,
    /// When it was made.
    pub timestamp: Unix,
}

/// What can be received and sent over the node's active channels now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Liquidity {
    /// Receivable in all, reserves deducted.
    pub inbound: Msat,
    /// Receivable over the best single channel.
    pub inbound_largest: Msat,
    /// Spendable in all, reserves deducted.
    pub outbound: Msat,
    /// Spendable over the best single channel.
    pub outbound_largest: Msat,
    /// Coins on chain, confirmed.
    pub on_chain: Msat,
}

/// A channel, in the words of the node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Channel {
    /// Funding outpoint, `txid:index`.
    pub outpoint: String,
    /// The other end.
    pub peer: NodeId,
    /// Its size.
    pub capacity: Msat,
    /// Ours to send.
    pub local: Msat,
    /// The peer's to send.
    pub remote: Msat,
    /// Usable now.
    pub active: bool,
    /// HTLCs under way in either direction.
    pub htlcs: u32,
    /// What it is going through, when it is not simply open.
    pub status: ChannelStatus,
}

/// Where in its life a channel is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChannelStatus {
    /// Waiting for confirmations.
    Opening,
    /// In use.
    Open,
    /// Closing by agreement.
    Closing,
    /// Closing by force: money is locked for a while.
    ForceClosing,
}

/// Why a node did not do what it was asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LnError {
    /// The node could not be reached or is starting up. Says nothing about the payment or invoice.
    #[error("the Lightning node is not reachable: {0}")]
    Unavailable(String),
    /// The call was sent and its outcome is not known. Says nothing about the payment or invoice.
    #[error("the Lightning node did not say what became of the call: {0}")]
    Unknown(String),
    /// The node has no such invoice.
    #[error("the Lightning node knows no invoice for this hash")]
    NotFound,
    /// The hash is already invoiced with other terms.
    #[error("the Lightning node already has another invoice for this hash")]
    HashInUse,
    /// Cannot settle: the invoice was cancelled before.
    #[error("the invoice is already cancelled")]
    AlreadyCancelled,
    /// Cannot cancel: the invoice was settled before.
    #[error("the invoice is already settled")]
    AlreadySettled,
    /// Cannot settle: nothing is held yet.
    #[error("nothing is held on this invoice yet")]
    NotHeld,
    /// The node understood, and has done nothing and will do nothing. Nothing was sent.
    #[error("the Lightning node refused: {0}")]
    Refused(String),
    /// The credentials do not allow the call.
    #[error("the Lightning node does not allow this call: {0}")]
    Denied(String),
    /// The node cannot do such a thing at all.
    #[error("this kind of Lightning node cannot do that: {0}")]
    Unsupported(&'static str),
    /// The node's answer makes no sense.
    #[error("the Lightning node gave a malformed answer: {0}")]
    Malformed(String),
}

impl LnError {
    /// Whether the outcome is open: the call may or may not have had its effect.
    pub const fn is_unknown(&self) -> bool {
        matches!(self, Self::Unavailable(_) | Self::Unknown(_) | Self::Malformed(_))
    }
}

/// A Lightning node `[D3-45]`.
#[async_trait]
pub trait Lightning: Send + Sync {
    /// What this node can do.
    fn capabilities(&self) -> Capabilities;
    /// Who the node is and where its chain stands.
    async fn info(&self) -> Result<NodeInfo, LnError>;
    /// New tips as they come; the first item is the present one. Ends when the connection breaks.
    async fn blocks(&self) -> Result<BoxStream<'static, Tip>, LnError>;
    /// zbase32 signature of the node's key over `message`, as `signmessage` gives it.
    async fn sign_message(&self, message: &str) -> Result<String, LnError>;

    /// Issues a hold invoice; asked again with the same terms it returns the same invoice.
    async fn issue_hold_invoice(&self, invoice: &HoldInvoice) -> Result<String, LnError>;
    /// Issues an ordinary invoice, settled as soon as it is paid, with route hints over unannounced channels where it needs
    /// them to be found.
    async fn issue_invoice(
        &self,
        amount: Msat,
        expiry_seconds: u32,
        description: &str,
    ) -> Result<String, LnError>;
    /// State of an invoice of ours.
    async fn invoice(&self, hash: &PaymentHash) -> Result<InvoiceState, LnError>;
    /// States of an invoice of ours as they change; the first item is the present one. Ends after a final state or
    /// when the connection breaks.
    async fn watch_invoice(&self, hash: &PaymentHash) -> Result<BoxStream<'static, InvoiceState>, LnError>;
    /// Takes what is held. Settling what is settled is fine.
    async fn settle(&self, preimage: &Preimage) -> Result<(), LnError>;
    /// Gives back what is held, and lets nothing more in. Cancelling what is cancelled is fine.
    async fn cancel(&self, hash: &PaymentHash) -> Result<(), LnError>;

    /// Reads an invoice with the node's own decoder.
    async fn decode(&self, bolt11: &str) -> Result<DecodedInvoice, LnError>;
    /// Starts a payment and returns once the node has it; says nothing about its outcome. A payment that the node
    /// already has is fine.
    async fn pay(&self, pay: &Pay) -> Result<(), LnError>;
    /// State of a payment of ours. An unknown hash is [`PaymentState::NotFound`], not an error.
    async fn payment(&self, hash: &PaymentHash) -> Result<PaymentState, LnError>;
    /// States of a payment of ours as they change; the first item is the present one. Ends after a final state or
    /// when the connection breaks.
    async fn watch_payment(&self, hash: &PaymentHash) -> Result<BoxStream<'static, PaymentState>, LnError>;

    /// What can be received and sent now.
    async fn liquidity(&self) -> Result<Liquidity, LnError>;
    /// All channels, with those that are opening or closing `[D3-81]`.
    async fn channels(&self) -> Result<Vec<Channel>, LnError>;
    /// A fresh on-chain address of the node's wallet.
    async fn new_address(&self) -> Result<String, LnError>;
    /// Connects to a peer at `host:port`.
    async fn connect_peer(&self, peer: &NodeId, address: &str) -> Result<(), LnError>;
    /// Opens a channel, giving `push` to the peer from the start; returns its funding outpoint.
    async fn open_channel(&self, peer: &NodeId, capacity: Msat, push: Msat) -> Result<String, LnError>;
    /// Closes a channel, by agreement unless `force`.
    async fn close_channel(&self, outpoint: &str, force: bool) -> Result<(), LnError>;
}
