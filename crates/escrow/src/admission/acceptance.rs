//! Kind 303 at the buyer's end: the acceptance and its invoices, checked before anything is paid.
//!
//! The seller has signed it and it answers our bid, so it counts: a trade has one acceptance, and one that must not be paid
//! ends it before anything was locked. The reason is kept in the trade.

use super::{Admission, Reader};
use crate::{
    input::{Offer, Said},
    leg::Leg,
    trade::Trade,
};
use domp_protocol::{
    invoice::{CheckedInvoice, Expected, MIN_LEFT_SECONDS, check_pair},
    kinds::{Acceptance, AcceptanceEscrow},
    node_proof::ProvenNode,
    purpose::Purpose,
    tags::escrow::Mode,
    units::Unix,
};

/// `made` is the acceptance's own time. Its invoices are judged as of then, so that the verdict is the same however late it
/// is read: a trade that is rebuilt after its money was locked must not find its paid invoices too old. Whether there is
/// still time to pay is asked by the machine when a person orders it.
pub(super) fn judge(trade: &Trade, body: &Acceptance, made: Unix, with: &Reader<'_>) -> Admission {
    let with = &Reader { now: with.now.min(made), ..*with };
    let said = match offers(trade, body, with) {
        Ok(offers) => Said::Acceptance(offers),
        Err(reason) => Said::BadAcceptance(reason),
    };
    Admission::Said { said, preimage: None }
}

/// The trade's invoices in the order of its legs, or why they must not be paid.
fn offers(trade: &Trade, body: &Acceptance, with: &Reader<'_>) -> Result<Vec<Offer>, String> {
    let escrow = body.escrow.as_ref().ok_or(
        "tag escrow is missing: the seller's client does not speak this escrow, so nothing would be held",
    )?;
    same_terms(trade, body, escrow)?;
    let seller = trade.terms.seller;
    ProvenNode::verify(&escrow.node.node, &seller, &escrow.node.signature)
        .map_err(|error| format!("tag ln_node: {error}"))?;
    let mut checked = Vec::new();
    for leg in &trade.legs {
        checked.push(check(trade, leg, body, with)?);
    }
    if let [first, second] = checked.as_slice() {
        check_pair(first, second).map_err(|error| error.to_string())?;
    }
    let offers = trade.legs.iter().zip(&checked).map(|(leg, invoice)| Offer {
        purpose: leg.purpose,
        hash: invoice.hash(),
        amount: leg.amount,
        cltv: invoice.cltv(),
        expires: invoice.expires_at(),
        bolt11: invoice.bolt11().to_owned(),
    });
    Ok(offers.collect())
}

/// Mode, heights, node and hold are the bid's own `[D3-55]`.
fn same_terms(trade: &Trade, body: &Acceptance, escrow: &AcceptanceEscrow) -> Result<(), String> {
    let terms = &trade.terms;
    if escrow.mode != Mode::Direct {
        return Err(format!("tag escrow says {}; the bid chose direct", escrow.mode));
    }
    if escrow.heights != terms.agreed {
        return Err("tag heights differs from the bid's; all numbers of blocks must be equal".to_owned());
    }
    if escrow.node.node != terms.seller_node {
        return Err(format!(
            "tag ln_node names {}; the listing names {}, and no other node is paid",
            escrow.node.node, terms.seller_node
        ));
    }
    let hold = terms.agreed.purchase_cltv();
    if body.htlc_timeout() != hold {
        let found = body.htlc_timeout();
        return Err(format!("field htlc_timeout_blocks is {found}; the agreed numbers make it {hold}"));
    }
    match (&body.collateral_invoice, terms.buyer_collateral.is_zero()) {
        (None, false) => Err(format!(
            "field collateral_invoice is missing; the bid's collateral is {}",
            terms.buyer_collateral
        )),
        (Some(_), true) => Err("field collateral_invoice is there, but the bid's collateral is 0".to_owned()),
        (None, true) | (Some(_), false) => Ok(()),
    }
}

/// One invoice against every rule `[D3-46]`.
///
/// c is not a range here: both sides computed the same c(P) from the same numbers, the 303 and `lock_ack` repeat it, and
/// every deadline follows from it. A larger one would lock the buyer's money longer than told.
fn check(trade: &Trade, leg: &Leg, body: &Acceptance, with: &Reader<'_>) -> Result<CheckedInvoice, String> {
    let (field, text) = match leg.purpose {
        Purpose::BuyerCollateral => {
            ("collateral_invoice", body.collateral_invoice.as_deref().unwrap_or_default())
        }
        Purpose::Purchase | Purpose::SellerCollateral | Purpose::AntiSpam => {
            ("ln_invoice", body.ln_invoice.as_str())
        }
    };
    let hash =
        leg.hash.ok_or_else(|| format!("field {field}: we have no payment hash for {}", leg.purpose))?;
    let expected = Expected {
        network: trade.terms.network,
        amount: leg.amount,
        hash,
        payee: trade.terms.seller_node,
        own_node: Some(with.own_node),
        purpose: leg.purpose,
        trade: trade.terms.trade,
        min_cltv: leg.cltv,
        max_cltv: leg.cltv,
        min_left_seconds: MIN_LEFT_SECONDS,
        may_split: with.may_split,
    };
    CheckedInvoice::check(text, &expected, with.now).map_err(|error| format!("field {field}: {error}"))
}
