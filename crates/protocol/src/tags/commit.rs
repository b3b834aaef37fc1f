//! `["commit",purpose,C]`: a bid's commitments to the hashes that the seller will invoice.
//!
//! A hash shown in a public bid could be copied into an earlier bid of somebody else's, and the seller would then
//! refuse the real one. So the bid shows C = SHA256(H ‖ nonce), and H and the nonce travel to the seller alone.

use super::reader::{Tag, Tags, tag};
use crate::ids::{Commitment, Nonce, PaymentHash};
use crate::kinds::malformed::Malformed;
use crate::purpose::Purpose;
use crate::units::Sat;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// The commitments of a bid, one for each role that has an amount.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Commits {
    /// To the hash of the price.
    pub purchase: Commitment,
    /// To the hash of the buyer's collateral; absent when that is zero.
    pub buyer_collateral: Option<Commitment>,
}

/// A payment hash with the nonce that hides it in its commitment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Opened {
    /// H = SHA256(R).
    pub hash: PaymentHash,
    /// The random bytes beside it.
    pub nonce: Nonce,
}

impl Opened {
    /// C = SHA256(H ‖ nonce).
    pub fn commitment(&self) -> Commitment {
        let digest = Sha256::new().chain_update(self.hash.as_bytes()).chain_update(self.nonce.as_bytes());
        Commitment::from_bytes(digest.finalize().into())
    }
    /// Whether this hash and nonce are what `commitment` was made of; compared in constant time.
    pub fn opens(&self, commitment: &Commitment) -> bool {
        self.commitment().as_bytes().ct_eq(commitment.as_bytes()).into()
    }
}

const NAME: &str = "commit";

pub(crate) fn read(tags: Tags<'_>, buyer_collateral: Sat) -> Result<Commits, Malformed> {
    let (mut purchase, mut collateral) = (None, None);
    for values in tags.up_to(NAME, 4)? {
        let [purpose, commitment] = values.exactly("[\"commit\", purpose, commitment]")?;
        let purpose: Purpose = values.parse("the purpose", purpose)?;
        let slot = match purpose {
            Purpose::Purchase => &mut purchase,
            Purpose::BuyerCollateral => &mut collateral,
            Purpose::SellerCollateral | Purpose::AntiSpam => {
                return Err(values.bad(format!("of {purpose}: a bid commits to the buyer's hashes only")));
            }
        };
        if slot.replace(values.parse::<Commitment>("the commitment", commitment)?).is_some() {
            return Err(values.bad(format!("of {purpose} occurs twice; only one is allowed")));
        }
    }
    let Some(purchase) = purchase else {
        return Err(Malformed::tag(NAME, "of domp_purchase is missing"));
    };
    if collateral.is_none() && !buyer_collateral.is_zero() {
        return Err(Malformed::tag(
            NAME,
            format!("of domp_buyer_collateral is missing for {buyer_collateral}"),
        ));
    }
    if collateral.is_some() && buyer_collateral.is_zero() {
        return Err(Malformed::tag(NAME, "of domp_buyer_collateral stands beside a collateral of 0"));
    }
    if collateral == Some(purchase) {
        return Err(Malformed::tag(NAME, "is the same for both roles: the two hashes must differ"));
    }
    Ok(Commits { purchase, buyer_collateral: collateral })
}

pub(crate) fn write(commits: &Commits) -> Vec<Tag> {
    let one =
        |purpose: Purpose, commitment: Commitment| tag([NAME, purpose.as_str(), &commitment.to_string()]);
    std::iter::once(one(Purpose::Purchase, commits.purchase))
        .chain(commits.buyer_collateral.map(|commitment| one(Purpose::BuyerCollateral, commitment)))
        .collect()
}
