//! `["hash","domp_seller_collateral",H_s]`: the hash of the seller's own collateral, shown in the acceptance and the
//! deposit (arbitrated mode).

use super::reader::{Tag, Tags, brief, tag};
use crate::ids::PaymentHash;
use crate::kinds::malformed::Malformed;
use crate::purpose::Purpose;

pub(crate) fn read(tags: Tags<'_>) -> Result<Option<PaymentHash>, Malformed> {
    let Some(values) = tags.one("hash")? else { return Ok(None) };
    let [purpose, hash] = values.exactly("[\"hash\", \"domp_seller_collateral\", payment hash]")?;
    if purpose != Purpose::SellerCollateral.as_str() {
        return Err(values.bad(format!(
            "shows a hash of {:?}; only that of domp_seller_collateral is public",
            brief(purpose)
        )));
    }
    values.parse("the payment hash", hash).map(Some)
}

pub(crate) fn write(hash: PaymentHash) -> Tag {
    tag(["hash", Purpose::SellerCollateral.as_str(), &hash.to_string()])
}
