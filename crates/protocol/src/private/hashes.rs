//! `hashes`: the buyer shows the seller the hashes that its bid committed to.

use super::Say;
use crate::kinds::Malformed;
use crate::kinds::fields::{Fields, Object, list, parsed};
use crate::purpose::Purpose;
use crate::tags::commit::{Commits, Opened};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The openings of a bid's commitments, one for each role.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hashes {
    /// Of the price.
    pub purchase: Opened,
    /// Of the buyer's collateral; absent when that is zero.
    pub buyer_collateral: Option<Opened>,
}

impl Hashes {
    /// The commitments of these hashes, as a bid carries them.
    pub fn commits(&self) -> Commits {
        Commits {
            purchase: self.purchase.commitment(),
            buyer_collateral: self.buyer_collateral.map(|opened| opened.commitment()),
        }
    }
    /// Whether these hashes are exactly those that the bid committed to, role by role; compared in constant time.
    pub fn open(&self, commits: &Commits) -> bool {
        let collateral = match (&self.buyer_collateral, &commits.buyer_collateral) {
            (Some(opened), Some(commitment)) => opened.opens(commitment),
            (None, None) => true,
            _ => false,
        };
        self.purchase.opens(&commits.purchase) & collateral
    }
}

impl Say for Hashes {
    const TYPE: &'static str = "hashes";

    fn read(fields: &mut Fields) -> Result<Self, Malformed> {
        let (mut purchase, mut collateral) = (None, None);
        for value in fields.need("hashes", list(2))? {
            let mut one = Fields::nested(value, "hashes")?;
            let purpose: Purpose = one.need("purpose", parsed)?;
            let opened =
                Opened { hash: one.need("payment_hash", parsed)?, nonce: one.need("nonce", parsed)? };
            one.finish()?;
            let slot = match purpose {
                Purpose::Purchase => &mut purchase,
                Purpose::BuyerCollateral => &mut collateral,
                Purpose::SellerCollateral | Purpose::AntiSpam => {
                    return Err(Malformed::field(
                        "hashes.purpose",
                        format!("is {purpose}, no hash of the buyer's"),
                    ));
                }
            };
            if slot.replace(opened).is_some() {
                return Err(Malformed::field("hashes", format!("has two for {purpose}")));
            }
        }
        let purchase = purchase.ok_or_else(|| Malformed::field("hashes", "has none for domp_purchase"))?;
        if collateral.is_some_and(|opened: Opened| opened.hash == purchase.hash) {
            return Err(Malformed::field("hashes", "has the same payment hash for both roles"));
        }
        Ok(Self { purchase, buyer_collateral: collateral })
    }

    fn write(&self, object: Object) -> Object {
        let one = |purpose: Purpose, opened: &Opened| {
            Value::from(
                Object::new()
                    .text("purpose", purpose)
                    .text("payment_hash", opened.hash)
                    .text("nonce", opened.nonce),
            )
        };
        let hashes: Vec<Value> = std::iter::once(one(Purpose::Purchase, &self.purchase))
            .chain(self.buyer_collateral.iter().map(|opened| one(Purpose::BuyerCollateral, opened)))
            .collect();
        object.with("hashes", hashes)
    }
}
