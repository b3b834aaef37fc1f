//! What a Lightning payment of a trade is for `[D3-01]`.

use serde::{Deserialize, Serialize};
use std::fmt;

/// The purposes DIP-03 knows, spelled as its HTLC structure spells them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Purpose {
    /// P: the price, from buyer to seller, on the buyer's hash.
    #[serde(rename = "domp_purchase")]
    Purchase,
    /// Cb: the buyer's deposit, from buyer to seller, on another hash of the buyer's.
    #[serde(rename = "domp_buyer_collateral")]
    BuyerCollateral,
    /// Cs: the seller's deposit, from seller to buyer; arbitrated mode only.
    #[serde(rename = "domp_seller_collateral")]
    SellerCollateral,
    /// An ordinary small payment to a relay.
    #[serde(rename = "domp_anti_spam")]
    AntiSpam,
}

impl Purpose {
    /// The string used in HTLC structures, tags and invoice descriptions.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Purchase => "domp_purchase",
            Self::BuyerCollateral => "domp_buyer_collateral",
            Self::SellerCollateral => "domp_seller_collateral",
            Self::AntiSpam => "domp_anti_spam",
        }
    }
}
impl fmt::Display for Purpose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
impl std::str::FromStr for Purpose {
    type Err = UnknownPurpose;
    fn from_str(text: &str) -> Result<Self, UnknownPurpose> {
        [Self::Purchase, Self::BuyerCollateral, Self::SellerCollateral, Self::AntiSpam]
            .into_iter()
            .find(|purpose| purpose.as_str() == text)
            .ok_or_else(|| UnknownPurpose(text.chars().take(40).collect()))
    }
}

/// A purpose string that DIP-03 does not know.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is not a payment purpose (known: domp_purchase, domp_buyer_collateral, domp_seller_collateral, domp_anti_spam)"
)]
pub struct UnknownPurpose(String);
