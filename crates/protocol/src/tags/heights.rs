//! `["heights","1",h,t,i,D_S]` in a listing, `["heights","1",h,t,i,D_S,D_B]` in a bid and its acceptance: the numbers of
//! blocks that both sides agree on `[D3-55]`.

use super::escrow::ESCROW_VERSION;
use super::reader::{Tag, Values, brief};
use crate::deadlines::Agreed;
use crate::kinds::malformed::Malformed;
use crate::units::Blocks;

/// The name of the tag.
pub(crate) const NAME: &str = "heights";

/// Whose event carries the tag, which decides whether D_B is in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Carrier {
    /// A listing: the buyer's node is not known yet.
    Listing,
    /// A bid or an acceptance: both distances are there.
    Bid,
}

/// The agreed numbers, each inside its range.
pub(crate) fn read(tag: Values<'_>, carrier: Carrier) -> Result<Agreed, Malformed> {
    let (numbers, buyer) = match carrier {
        Carrier::Listing => (tag.exactly::<5>("[\"heights\", \"1\", h, t, i, D_S]")?.as_slice(), None),
        Carrier::Bid => {
            let values = tag.exactly::<6>("[\"heights\", \"1\", h, t, i, D_S, D_B]")?;
            (&values[..5], Some(&values[5]))
        }
    };
    if numbers[0] != ESCROW_VERSION {
        return Err(tag.bad(format!("has version {:?}; only version 1 is spoken here", brief(&numbers[0]))));
    }
    let blocks = |what: &str, text: &str| tag.number(what, text).map(Blocks);
    let agreed = Agreed {
        handling: blocks("h", &numbers[1])?,
        transit: blocks("t", &numbers[2])?,
        inspection: blocks("i", &numbers[3])?,
        seller_auto_cancel: blocks("D_S", &numbers[4])?,
        buyer_auto_cancel: buyer.map(|text| blocks("D_B", text)).transpose()?,
    };
    agreed.check().map_err(|error| tag.bad(error.to_string()))?;
    Ok(agreed)
}

/// The tag of these numbers; D_B is written where it is known.
pub(crate) fn write(agreed: &Agreed) -> Tag {
    let numbers = [agreed.handling, agreed.transit, agreed.inspection, agreed.seller_auto_cancel];
    [NAME.to_owned(), ESCROW_VERSION.to_owned()]
        .into_iter()
        .chain(numbers.into_iter().chain(agreed.buyer_auto_cancel).map(|blocks| blocks.0.to_string()))
        .collect()
}
