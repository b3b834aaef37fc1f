//! Kind 303, acceptance: the seller takes a bid and invoices it `[D3-14]`, `[D3-15]`.

use super::body::Kind;
use super::fields::{Fields, Object, blocks, parsed, small, text};
use super::malformed::Malformed;
use crate::deadlines::{Agreed, HTLC_TIMEOUT};
use crate::ids::{EventId, PaymentHash};
use crate::tags::escrow::{self, Mode};
use crate::tags::hash;
use crate::tags::heights::{self, Carrier};
use crate::tags::node::{self, LnNode};
use crate::tags::reader::{Tag, Tags};
use crate::tags::relays::{self, RelayUrl};
use crate::tags::sealed::{self, Sealed};
use crate::units::Blocks;
use serde::{Deserialize, Serialize};

/// An acceptance.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Acceptance {
    /// `bid_ref`: the bid.
    pub bid: EventId,
    /// `ln_invoice`: the price's invoice. Untrusted text until the invoice checks have passed.
    pub ln_invoice: String,
    /// `collateral_invoice`: the buyer collateral's invoice. One document requires it, the other does not.
    pub collateral_invoice: Option<String>,
    /// `estimated_shipping_time`, up to 100 characters.
    pub estimated_shipping_time: Option<String>,
    /// `shipping_time_days`, 0 to 90.
    pub shipping_time_days: Option<u8>,
    /// `terms`, up to 1000 characters.
    pub terms: Option<String>,
    /// `invoice_expiry_seconds`, 300 to 86,400: how long the *invoices* may be paid, see
    /// [`Acceptance::invoice_expiry_seconds`] for the default. Never a number of blocks.
    pub invoice_expiry_seconds: Option<u32>,
    /// `htlc_timeout_blocks`, 144 to 2016: how long the *payments* are held, see
    /// [`Acceptance::htlc_timeout`] for the default `[D3-12]`, `[D3-53]`.
    pub htlc_timeout: Option<Blocks>,
    /// The escrow accepted; absent in the acceptances of other clients.
    pub escrow: Option<AcceptanceEscrow>,
}

/// The escrow that an acceptance agrees to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AcceptanceEscrow {
    /// The bid's mode.
    pub mode: Mode,
    /// The bid's numbers of blocks.
    pub heights: Agreed,
    /// The seller's node, whose invoices these are `[D3-19]`.
    pub node: LnNode,
    /// The hash of the seller's collateral (arbitrated mode).
    pub seller_collateral: Option<PaymentHash>,
    /// Where the seller reads and sends.
    pub relays: Vec<RelayUrl>,
    /// The seller's recovery data, readable by the seller alone.
    pub backup: Option<Sealed>,
}

/// The longest invoice that is read, in characters: BOLT11 has no limit of its own.
pub const LONGEST_INVOICE: usize = 4096;
/// The default of `invoice_expiry_seconds`.
pub const INVOICE_EXPIRY_SECONDS: u32 = 3600;

impl Acceptance {
    /// Seconds for which the invoices may be paid.
    pub fn invoice_expiry_seconds(&self) -> u32 {
        self.invoice_expiry_seconds.unwrap_or(INVOICE_EXPIRY_SECONDS)
    }
    /// Blocks for which the payments are held.
    pub fn htlc_timeout(&self) -> Blocks {
        self.htlc_timeout.unwrap_or(Blocks(*HTLC_TIMEOUT.start()))
    }
}

impl Kind for Acceptance {
    const KIND: u16 = 303;

    fn read(content: &str, tags: &[Tag]) -> Result<Self, Malformed> {
        let mut fields = Fields::parse(content)?;
        let acceptance = Self {
            bid: fields.need("bid_ref", parsed)?,
            ln_invoice: fields.need("ln_invoice", text(1..=LONGEST_INVOICE))?,
            collateral_invoice: fields.maybe("collateral_invoice", text(1..=LONGEST_INVOICE))?,
            estimated_shipping_time: fields.maybe("estimated_shipping_time", text(0..=100))?,
            shipping_time_days: fields.maybe("shipping_time_days", small(0..=90))?,
            terms: fields.maybe("terms", text(0..=1000))?,
            invoice_expiry_seconds: fields.maybe("invoice_expiry_seconds", small(300..=86_400))?,
            htlc_timeout: fields.maybe("htlc_timeout_blocks", blocks(HTLC_TIMEOUT))?,
            escrow: AcceptanceEscrow::read(Tags::new(tags))?,
        };
        fields.finish()?;
        if acceptance.collateral_invoice.as_ref() == Some(&acceptance.ln_invoice) {
            return Err(Malformed::field("collateral_invoice", "is the same invoice as ln_invoice"));
        }
        Ok(acceptance)
    }

    fn content(&self) -> String {
        Object::new()
            .text("bid_ref", self.bid)
            .text("ln_invoice", &self.ln_invoice)
            .maybe_text("collateral_invoice", self.collateral_invoice.as_ref())
            .maybe_text("estimated_shipping_time", self.estimated_shipping_time.as_ref())
            .maybe("shipping_time_days", self.shipping_time_days)
            .maybe_text("terms", self.terms.as_ref())
            .maybe("invoice_expiry_seconds", self.invoice_expiry_seconds)
            .maybe("htlc_timeout_blocks", self.htlc_timeout.map(|blocks| blocks.0))
            .to_ascii()
    }

    fn tags(&self) -> Vec<Tag> {
        let Some(escrow) = &self.escrow else { return Vec::new() };
        let mut tags = vec![escrow::write(&[escrow.mode]), heights::write(&escrow.heights)];
        tags.push(node::write(&escrow.node));
        tags.extend(escrow.seller_collateral.map(hash::write));
        tags.extend(relays::write(&escrow.relays));
        tags.extend(escrow.backup.iter().map(|backup| sealed::write(sealed::BACKUP, backup)));
        tags
    }

    fn predecessor(&self) -> Option<EventId> {
        Some(self.bid)
    }
}

impl AcceptanceEscrow {
    fn read(tags: Tags<'_>) -> Result<Option<Self>, Malformed> {
        let Some(mode) = escrow::read_choice(tags)? else { return Ok(None) };
        let seller_collateral = hash::read(tags)?;
        if mode == Mode::Direct && seller_collateral.is_some() {
            return Err(Malformed::tag("hash", "stands in direct mode, which has no seller collateral"));
        }
        Ok(Some(Self {
            mode,
            heights: heights::read(tags.need(heights::NAME)?, Carrier::Bid)?,
            node: node::read(tags.need(node::NAME)?)?,
            seller_collateral,
            relays: relays::read(tags)?,
            backup: sealed::read(tags, sealed::BACKUP)?,
        }))
    }
}
