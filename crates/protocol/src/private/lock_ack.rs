//! `lock_ack`: the seller signs what its node holds, and every deadline that follows from it.

use super::Say;
use crate::deadlines::Deadlines;
use crate::htlc::Htlc;
use crate::ids::{EventId, PublicKey};
use crate::kinds::Malformed;
use crate::kinds::fields::{Fields, Object, height, list, parsed};
use crate::kinds::json::brief_error;
use crate::purpose::Purpose;
use crate::tags::escrow::Mode;
use crate::units::Height;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The seller's acknowledgement of a lock. The trade it is about is the bid; each HTLC names the listing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LockAck {
    /// The acceptance (kind 303).
    pub acceptance: EventId,
    /// The payment confirmation (kind 311).
    pub payment: EventId,
    /// The buyer's key.
    pub buyer: PublicKey,
    /// The seller's key.
    pub seller: PublicKey,
    /// The mode.
    pub mode: Mode,
    /// P.
    pub purchase: LockedHtlc,
    /// Cb; absent when the buyer's collateral is zero.
    pub buyer_collateral: Option<LockedHtlc>,
    /// The lock and what follows from it.
    pub deadlines: Deadlines,
}

/// One HTLC as the payee's node holds it `[D3-11]`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LockedHtlc {
    /// DIP-03's structure.
    pub htlc: Htlc,
    /// E: the smallest expiry over all parts.
    pub expiry: Height,
}

impl Say for LockAck {
    const TYPE: &'static str = "lock_ack";

    fn read(fields: &mut Fields) -> Result<Self, Malformed> {
        let seller: PublicKey = fields.need("seller", parsed)?;
        let (purchase, buyer_collateral) = read_htlcs(fields, seller)?;
        let mode = fields.need("mode", parsed)?;
        if mode == Mode::Arbitrated {
            return Err(Malformed::ArbitratedOnly("lock_ack with mode arbitrated".to_owned()));
        }
        let ack = Self {
            acceptance: fields.need("acceptance", parsed)?,
            payment: fields.need("payment", parsed)?,
            buyer: fields.need("buyer", parsed)?,
            seller,
            mode,
            purchase,
            buyer_collateral,
            deadlines: Deadlines {
                lock: fields.need("lock", height)?,
                held_until: fields.need("k", height)?,
                ship_by: fields.need("ship_by", height)?,
                reveal_by: fields.need("reveal_by", height)?,
                settle_by: fields.need("settle_by", height)?,
            },
        };
        if ack.buyer == ack.seller {
            return Err(Malformed::field("seller", "is the buyer's key"));
        }
        Ok(ack)
    }

    fn write(&self, object: Object) -> Object {
        let htlcs: Vec<Value> =
            std::iter::once(&self.purchase).chain(&self.buyer_collateral).map(LockedHtlc::write).collect();
        object
            .text("acceptance", self.acceptance)
            .text("payment", self.payment)
            .text("buyer", self.buyer)
            .text("seller", self.seller)
            .text("mode", self.mode)
            .with("htlcs", htlcs)
            .with("lock", self.deadlines.lock.0)
            .with("k", self.deadlines.held_until.0)
            .with("ship_by", self.deadlines.ship_by.0)
            .with("reveal_by", self.deadlines.reveal_by.0)
            .with("settle_by", self.deadlines.settle_by.0)
    }
}

impl LockedHtlc {
    fn read(value: Value) -> Result<Self, Malformed> {
        let mut fields = Fields::nested(value, "htlcs")?;
        let htlc = fields.need("htlc", |value| {
            serde_json::from_value(value.clone())
                .map_err(|error| format!("is refused: {}", brief_error(&error)))
        })?;
        let expiry = fields.need("expiry_height", height)?;
        fields.finish()?;
        Ok(Self { htlc, expiry })
    }
    fn write(&self) -> Value {
        let htlc = &self.htlc;
        let structure = Object::new()
            .with("amount_msat", htlc.amount().get())
            .text("payment_hash", htlc.payment_hash())
            .with("timeout_blocks", htlc.timeout().0)
            .text("recipient", htlc.recipient())
            .text("purpose", htlc.purpose())
            .text("domp_transaction_id", htlc.chain_root());
        Object::new().with("htlc", structure).with("expiry_height", self.expiry.0).into()
    }
}

/// P and Cb, each at most once, both paid to the seller, on different hashes, in one chain.
fn read_htlcs(fields: &mut Fields, seller: PublicKey) -> Result<(LockedHtlc, Option<LockedHtlc>), Malformed> {
    let (mut purchase, mut collateral): (Option<LockedHtlc>, Option<LockedHtlc>) = (None, None);
    for value in fields.need("htlcs", list(2))? {
        let locked = LockedHtlc::read(value)?;
        let purpose = locked.htlc.purpose();
        let slot = match purpose {
            Purpose::Purchase => &mut purchase,
            Purpose::BuyerCollateral => &mut collateral,
            Purpose::SellerCollateral | Purpose::AntiSpam => {
                return Err(Malformed::field(
                    "htlcs",
                    format!("has one for {purpose}, which the seller never holds"),
                ));
            }
        };
        if locked.htlc.recipient() != seller {
            return Err(Malformed::field(
                "htlcs",
                format!("has one for {purpose} that is not paid to the seller"),
            ));
        }
        if slot.replace(locked).is_some() {
            return Err(Malformed::field("htlcs", format!("has two for {purpose}")));
        }
    }
    let purchase = purchase.ok_or_else(|| Malformed::field("htlcs", "has none for domp_purchase"))?;
    if let Some(collateral) = &collateral {
        if collateral.htlc.payment_hash() == purchase.htlc.payment_hash() {
            return Err(Malformed::field("htlcs", "has the same payment hash for both roles"));
        }
        if collateral.htlc.chain_root() != purchase.htlc.chain_root() {
            return Err(Malformed::field("htlcs", "names two listings"));
        }
    }
    Ok((purchase, collateral))
}
