//! `lock_ok`: the buyer has checked the seller's acknowledgement against its own node.

use super::Say;
use crate::ids::{EventId, PaymentHash};
use crate::kinds::Malformed;
use crate::kinds::fields::{Fields, Object, height, list, msat, parsed};
use crate::units::{Height, Msat};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The buyer's answer to a `lock_ack`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LockOk {
    /// The id of the seller's `lock_ack` event.
    pub ack: EventId,
    /// The hashes of the buyer's own payments that its node has in flight, none twice.
    pub in_flight: Vec<PaymentHash>,
    /// The seller's collateral as the buyer's node holds it (arbitrated mode; absent in direct mode).
    pub seller_collateral: Option<HeldCollateral>,
}

/// The seller's collateral in the buyer's node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeldCollateral {
    /// H_s.
    pub hash: PaymentHash,
    /// The amount held.
    pub amount: Msat,
    /// E: the smallest expiry over all parts.
    pub expiry: Height,
}

impl Say for LockOk {
    const TYPE: &'static str = "lock_ok";

    fn read(fields: &mut Fields) -> Result<Self, Malformed> {
        let ack = fields.need("lock_ack", parsed)?;
        let mut in_flight = Vec::new();
        for value in fields.need("in_flight", list(2))? {
            let hash: PaymentHash =
                parsed(&value).map_err(|problem| Malformed::field("in_flight", problem))?;
            if in_flight.contains(&hash) {
                return Err(Malformed::field("in_flight", "names a payment hash twice"));
            }
            in_flight.push(hash);
        }
        let seller_collateral = fields.raw("seller_collateral").map(HeldCollateral::read).transpose()?;
        Ok(Self { ack, in_flight, seller_collateral })
    }

    fn write(&self, object: Object) -> Object {
        let in_flight: Vec<Value> = self.in_flight.iter().map(|hash| hash.to_string().into()).collect();
        object
            .text("lock_ack", self.ack)
            .with("in_flight", in_flight)
            .maybe("seller_collateral", self.seller_collateral.map(HeldCollateral::write))
    }
}

impl HeldCollateral {
    fn read(value: Value) -> Result<Self, Malformed> {
        let mut fields = Fields::nested(value, "seller_collateral")?;
        let held = Self {
            hash: fields.need("payment_hash", parsed)?,
            amount: fields.need("amount_msat", msat(1))?,
            expiry: fields.need("expiry_height", height)?,
        };
        fields.finish()?;
        Ok(held)
    }
    fn write(self) -> Object {
        Object::new()
            .text("payment_hash", self.hash)
            .with("amount_msat", self.amount.get())
            .with("expiry_height", self.expiry.0)
    }
}
