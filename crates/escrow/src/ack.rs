//! The lock acknowledgement: what the seller says it holds, checked by the buyer against its own node.

use crate::{
    leg::{Leg, PaidState},
    terms::Terms,
};
use domp_protocol::{
    deadlines::Deadlines,
    ids::{EventId, PaymentHash},
    purpose::Purpose,
    units::{Blocks, Height, Msat},
};
use serde::{Deserialize, Serialize};

/// Blocks by which two honest nodes may differ on the height at which an HTLC was accepted.
pub const TIP_SKEW: Blocks = Blocks(3);

/// What the seller's node holds and the deadlines that follow.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Ack {
    /// The 303.
    pub acceptance: EventId,
    /// The 311.
    pub payment: EventId,
    /// One entry a leg.
    pub legs: Vec<AckLeg>,
    /// Every deadline.
    pub deadlines: Deadlines,
}

/// One HTLC as the seller's node holds it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct AckLeg {
    /// What it is for.
    pub purpose: Purpose,
    /// Its hash.
    pub hash: PaymentHash,
    /// The amount held.
    pub amount: Msat,
    /// c.
    pub cltv: Blocks,
    /// E: the smallest expiry of its parts.
    pub expiry: Height,
}

/// Why a buyer does not agree (yet) with an acknowledgement.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Disagreement {
    /// Our own payment is not (yet) in flight, so nothing can be compared.
    NotInFlight(Purpose),
    /// A field says something else than we know.
    Field(String),
}

/// Compares an acknowledgement with what the buyer's own node knows. Invariant: funded means that our own node, or the
/// payee's signed word checked against our own route's expiry, says so.
pub fn compare(terms: &Terms, legs: &[Leg], ack: &Ack) -> Result<(), Disagreement> {
    let field = |text: String| Err(Disagreement::Field(text));
    if ack.legs.len() != legs.len() {
        return field(format!("it lists {} HTLCs, this trade has {}", ack.legs.len(), legs.len()));
    }
    for leg in legs {
        compare_leg(leg, ack)?;
    }
    if ack.deadlines != Deadlines::at(ack.deadlines.lock, &terms.agreed) {
        return field("its deadlines do not follow from its lock height and the agreed numbers".into());
    }
    let Some((asked, seen)) = pay_heights(legs) else {
        return Err(Disagreement::NotInFlight(Purpose::Purchase));
    };
    let lock = ack.deadlines.lock;
    // Too low a lock costs the seller its own time. One that a restored buyer cannot compare is not refused for it.
    let price = legs.iter().find(|leg| leg.purpose == Purpose::Purchase);
    let inferred = price.and_then(Leg::paying).is_some_and(|paying| paying.inferred);
    if lock.plus(TIP_SKEW) < asked && !inferred || lock > seen.plus(TIP_SKEW) {
        return field(format!(
            "it says the price was locked at {lock}, we paid it between {asked} and {seen}"
        ));
    }
    let own = price.and_then(|leg| Some(leg.paying()?.node.final_expiry()?.minus(leg.cltv)));
    match own {
        // The payee would not take it: so short of blocks the deadlines do not fit below the expiry.
        Some(latest) if lock > latest.plus(TIP_SKEW) => field(format!(
            "it says the price was locked at {lock}, what our node holds bears a lock at {latest} at the latest"
        )),
        Some(_) | None => Ok(()),
    }
}

/// The heights between which the price was paid.
fn pay_heights(legs: &[Leg]) -> Option<(Height, Height)> {
    let paying = legs.iter().find(|leg| leg.purpose == Purpose::Purchase)?.paying()?;
    Some((paying.asked_at?, paying.seen_at?))
}

fn compare_leg(leg: &Leg, ack: &Ack) -> Result<(), Disagreement> {
    let purpose = leg.purpose;
    let field = |text: String| Err(Disagreement::Field(format!("{purpose}: {text}")));
    let Some(said) = ack.legs.iter().find(|said| said.purpose == purpose) else {
        return field("missing".into());
    };
    if Some(said.hash) != leg.hash {
        return field("another payment hash".into());
    }
    // Routers may pass on more than they were told to; what we sent is the least that must be there.
    if said.amount < leg.amount.to_msat() {
        return field(format!("holds {}, we sent {}", said.amount, leg.amount.to_msat()));
    }
    if said.cltv != leg.cltv {
        return field(format!("says c = {}, agreed were {}", said.cltv, leg.cltv));
    }
    let Some(paying) = leg.paying() else { return field("not ours to pay".into()) };
    let PaidState::InFlight { final_expiry, first_hop_expiry } = paying.node else {
        return Err(Disagreement::NotInFlight(purpose));
    };
    let Some(asked) = paying.asked_at else { return Err(Disagreement::NotInFlight(purpose)) };
    if said.expiry < asked.plus(leg.cltv) {
        return field(format!("expires at {}, before our own {}", said.expiry, asked.plus(leg.cltv)));
    }
    if said.expiry > first_hop_expiry {
        return field(format!("expires at {}, after our own first hop {first_hop_expiry}", said.expiry));
    }
    // The last router may leave the payee more time than we asked for, at its own risk.
    match final_expiry {
        Some(expiry) if said.expiry < expiry => {
            field(format!("expires at {}, our node says {expiry}", said.expiry))
        }
        Some(_) | None => Ok(()),
    }
}

/// The deadlines a buyer keeps: counted from the earlier of the acknowledged lock and its own payment, since a secret
/// revealed too late is lost while one revealed early is not.
pub fn buyers_deadlines(terms: &Terms, legs: &[Leg], ack: &Ack) -> Deadlines {
    let lock = match pay_heights(legs) {
        Some((asked, _)) => ack.deadlines.lock.min(asked),
        None => ack.deadlines.lock,
    };
    Deadlines::at(lock, &terms.agreed)
}
