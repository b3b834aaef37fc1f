//! DIP-03's HTLC state API `[D3-82]`: each HTLC in DIP-03's structure `[D3-11]`, with what our node says of it.

use domp_engine::view::HtlcView;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The HTLCs of one trade.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct HtlcList {
    /// The trade.
    pub trade: String,
    /// Our node's height; absent until it has told one.
    pub current_block_height: Option<u32>,
    /// In the order in which they are locked: the buyer's collateral, then the price.
    pub htlcs: Vec<HtlcState>,
}

/// One HTLC and its state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct HtlcState {
    /// `domp_purchase` or `domp_buyer_collateral`.
    pub purpose: String,
    /// What our own node says. At the payee's end: `not issued`, `open`, `held`, `settled`, `cancelled`; at the payer's:
    /// `not sent`, `asked`, `in flight`, `succeeded`, `failed`.
    pub state: String,
    /// DIP-03's structure; absent until the buyer has told the hash.
    pub htlc: Option<HtlcStructure>,
    /// How far the hold has run; absent unless it is held.
    pub timeout: Option<HtlcTimeoutState>,
    /// The height at which it was locked.
    pub locked_at_height: Option<u32>,
    /// Its absolute expiry at the payee, the smallest over its parts, where it is known.
    pub expiry_height: Option<u32>,
    /// Its BOLT11 invoice, once made or checked.
    pub invoice: Option<String>,
    /// When the invoice can no longer be paid.
    pub invoice_expires_at: Option<u64>,
}

/// DIP-03's "DOMP HTLC Structure": exactly its six fields.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct HtlcStructure {
    /// The amount held, in millisatoshi.
    pub amount_msat: u64,
    /// SHA256 of the secret that settles it.
    pub payment_hash: String,
    /// The hold in blocks: the final CLTV delta of its invoice.
    pub timeout_blocks: u32,
    /// The payee's Nostr key.
    pub recipient: String,
    /// What it is for.
    pub purpose: String,
    /// The id of the chain's root, the listing.
    pub domp_transaction_id: String,
}

/// DIP-03's timeout state: 144, 800000, 799900 → 44 `[D3-85]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct HtlcTimeoutState {
    /// The hold in blocks.
    pub htlc_timeout_blocks: u32,
    /// Our node's height.
    pub current_block_height: u32,
    /// The height at which it was locked.
    pub payment_block_height: u32,
    /// Blocks until the hold ends; 0 once it has.
    pub blocks_remaining: u32,
}

impl HtlcState {
    /// What the engine knows.
    pub fn of(view: &HtlcView) -> Self {
        let purpose = view.purpose.to_string();
        let htlc = view.payment_hash.map(|hash| HtlcStructure {
            amount_msat: view.amount_msat.get(),
            payment_hash: hash.to_string(),
            timeout_blocks: view.timeout_blocks.0,
            recipient: view.recipient.to_string(),
            purpose: purpose.clone(),
            domp_transaction_id: view.domp_transaction_id.to_string(),
        });
        // One form of this state exists, and the protocol writes it.
        let timeout = view
            .timeout
            .and_then(|timeout| serde_json::to_value(timeout).and_then(serde_json::from_value).ok());
        Self {
            purpose,
            state: view.state.clone(),
            htlc,
            timeout,
            locked_at_height: view.locked_at.map(|height| height.0),
            expiry_height: view.expiry_height.map(|height| height.0),
            invoice: view.invoice.clone(),
            invoice_expires_at: view.invoice_expires.map(|unix| unix.0),
        }
    }
}
