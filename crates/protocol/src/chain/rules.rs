//! The rules that bind an event to the ones it refers to. Each looks at ancestors only, which never change, so an event
//! once judged valid or refused stays so.

use super::{Chain, ChainError, Line, Problem};
use crate::deadlines::Agreed;
use crate::ids::{EventId, PublicKey};
use crate::kinds::{Acceptance, Bid, Body, CounterBid, Listing, PaymentConfirmation, PaymentMethod, Signed};
use crate::tags::escrow::Mode;
use crate::units::Blocks;

/// Whether the event is valid next to the events it refers to.
pub(super) fn judge(chain: &Chain, event: &Signed<Body>) -> Result<(), Problem> {
    match event.body() {
        Body::Listing(_) => Ok(()),
        Body::Bid(body) => bid(chain, event, body),
        Body::CounterBid(body) => counter_bid(chain, event, body),
        Body::Acceptance(body) => acceptance(chain, event, body),
        Body::CollateralDeposit(body) => after(chain.listing(&body.listing)?.0, event).map_err(Problem::from),
        Body::PaymentConfirmation(body) => payment(chain, event, body),
        Body::Dispute(body) => after_payment(chain, event, &body.payment),
        Body::ReceiptConfirmation(body) => after_payment(chain, event, &body.payment),
        Body::Refund(body) => after_payment(chain, event, &body.payment),
        Body::Agreement(body) => after_payment(chain, event, &body.payment),
        Body::ArbitrationOffer(_) | Body::Resolution(_) | Body::Message(_) => {
            Err(ChainError::NotChained { kind: event.body().kind() }.into())
        }
    }
}

/// Whether the event is about this trade and signed by the party who may say it. Needs no predecessor but the bid.
pub(super) fn of_this_trade(event: &Signed<Body>, line: &Line) -> Result<(), ChainError> {
    let another = |id: EventId| Err(ChainError::AnotherTrade(id));
    match event.body() {
        Body::Listing(_) if event.id() != line.listing => another(event.id()),
        Body::Bid(_) if event.id() != line.bid && !line.earlier.contains(&event.id()) => another(event.id()),
        Body::CounterBid(body) if body.bid != line.bid && !line.earlier.contains(&event.id()) => {
            another(body.bid)
        }
        Body::Acceptance(body) if body.bid != line.bid => another(body.bid),
        Body::CollateralDeposit(body) if body.listing != line.listing => another(body.listing),
        // Its content names the listing; a bid that it is for stands in its reply.
        Body::CollateralDeposit(_) => {
            match event.links().replies().find(|id| ![line.bid, line.listing].contains(id)) {
                Some(other) => another(*other),
                None => signed_by(event, "the seller", line.seller),
            }
        }
        Body::Acceptance(_) | Body::Refund(_) => signed_by(event, "the seller", line.seller),
        Body::PaymentConfirmation(_) | Body::ReceiptConfirmation(_) => {
            signed_by(event, "the buyer", line.buyer)
        }
        Body::Dispute(_) | Body::Agreement(_) if event.author() != line.buyer => {
            signed_by(event, "the seller", line.seller)
                .map_err(|_| ChainError::Stranger { kind: event.body().kind(), found: event.author() })
        }
        _ => Ok(()),
    }
}

/// Whether the event that a trade is named by is a bid at all.
pub(super) fn is_bid(event: &Signed<Body>) -> Result<(), Problem> {
    match event.body() {
        Body::Bid(_) => Ok(()),
        other => {
            Err(ChainError::WrongPredecessor { id: event.id(), found: other.kind(), expected: 301 }.into())
        }
    }
}

fn bid(chain: &Chain, event: &Signed<Body>, body: &Bid) -> Result<(), Problem> {
    let (listed, listing) = chain.listing(&body.listing)?;
    if !event.links().names(&body.listing) {
        return Err(ChainError::NotLinked(body.listing).into());
    }
    not_before(listed, event)?;
    if event.author() == listed.author() {
        return Err(ChainError::OwnListing.into());
    }
    let mut limit = listing.price;
    if let Some(id) = answered(event, body) {
        let (countered, counter) = chain.counter(&id)?;
        // Known, since the counter bid is valid. Judging it again here would double the work at every step back.
        let same_buyer = chain.event(&counter.bid).is_some_and(|earlier| earlier.author() == event.author());
        if countered.author() != listed.author() || !same_buyer {
            return Err(ChainError::NotCountered(id).into());
        }
        not_before(countered, event)?;
        limit = limit.max(counter.offer);
    }
    if body.amount > limit {
        return Err(ChainError::AbovePrice { bid: body.amount, limit }.into());
    }
    bid_escrow(listing, body).map_err(Problem::from)
}

/// The counter bid that a bid answers: what it replies to beside the listing.
pub(super) fn answered(event: &Signed<Body>, body: &Bid) -> Option<EventId> {
    event.links().replies().find(|id| **id != body.listing).copied()
}

fn bid_escrow(listing: &Listing, bid: &Bid) -> Result<(), ChainError> {
    let Some(chosen) = &bid.escrow else { return Ok(()) };
    let offered = listing.escrow.as_ref().ok_or(ChainError::EscrowNotOffered)?;
    if !offered.modes.contains(&chosen.mode) {
        return Err(ChainError::ModeNotOffered(chosen.mode));
    }
    let expected = Agreed { buyer_auto_cancel: chosen.heights.buyer_auto_cancel, ..offered.heights };
    same_heights(chosen.heights, expected)?;
    match &chosen.arbiter {
        Some(arbiter) if !offered.arbiters.contains(arbiter) => {
            Err(ChainError::ArbiterNotOffered(arbiter.key))
        }
        _ => Ok(()),
    }
}

fn counter_bid(chain: &Chain, event: &Signed<Body>, body: &CounterBid) -> Result<(), Problem> {
    let (bid, named) = chain.bid(&body.bid)?;
    let (listing, _) = chain.listing(&named.listing)?;
    if event.author() != bid.author() && event.author() != listing.author() {
        return Err(ChainError::Stranger { kind: 302, found: event.author() }.into());
    }
    after(bid, event).map_err(Problem::from)
}

fn acceptance(chain: &Chain, event: &Signed<Body>, body: &Acceptance) -> Result<(), Problem> {
    let (bid, chosen) = chain.bid(&body.bid)?;
    after(bid, event)?;
    acceptance_escrow(chosen, body).map_err(Problem::from)
}

fn acceptance_escrow(bid: &Bid, acceptance: &Acceptance) -> Result<(), ChainError> {
    let (chosen, accepted) = match (&bid.escrow, &acceptance.escrow) {
        (None, None) => return Ok(()),
        (None, Some(_)) => return Err(ChainError::EscrowNotOffered),
        (Some(_), None) => return Err(ChainError::EscrowDropped),
        (Some(chosen), Some(accepted)) => (chosen, accepted),
    };
    if accepted.mode != chosen.mode {
        return Err(ChainError::ModeNotOffered(accepted.mode));
    }
    same_heights(accepted.heights, chosen.heights)?;
    collateral(bid, "collateral_invoice", acceptance.collateral_invoice.is_some())?;
    timeout(bid, "htlc_timeout_blocks", acceptance.htlc_timeout())
}

fn payment(chain: &Chain, event: &Signed<Body>, body: &PaymentConfirmation) -> Result<(), Problem> {
    let (accepted, acceptance) = chain.acceptance(&body.acceptance)?;
    after(accepted, event)?;
    let (_, bid) = chain.bid(&acceptance.bid)?;
    if bid.escrow.is_some() {
        if body.payment_method != PaymentMethod::LightningHtlc {
            return Err(ChainError::NotHeld(body.payment_method).into());
        }
        collateral(bid, "collateral_proof", body.collateral_proof.is_some())?;
        if let Some(blocks) = body.escrow_timeout {
            timeout(bid, "escrow_timeout_blocks", blocks)?;
        }
    }
    Ok(())
}

fn after_payment(chain: &Chain, event: &Signed<Body>, payment: &EventId) -> Result<(), Problem> {
    after(chain.payment(payment)?.0, event).map_err(Problem::from)
}

/// An event that answers another: linked to it by tag as by content, and not made before it.
fn after(predecessor: &Signed<Body>, event: &Signed<Body>) -> Result<(), ChainError> {
    let content = predecessor.id();
    if !event.links().names(&content) {
        return Err(ChainError::NotLinked(content));
    }
    // A deposit's content names the listing, and its reply the bid.
    let elsewhere = event.links().replies().find(|id| **id != content);
    match (elsewhere, event.body()) {
        (Some(tag), body) if !matches!(body, Body::CollateralDeposit(_)) => {
            Err(ChainError::LinkedElsewhere { content, tag: *tag })
        }
        _ => not_before(predecessor, event),
    }
}

/// Times do not go back; the same second is in order.
fn not_before(predecessor: &Signed<Body>, event: &Signed<Body>) -> Result<(), ChainError> {
    if event.created_at() < predecessor.created_at() {
        return Err(ChainError::TimeGoesBack {
            found: event.created_at(),
            predecessor: predecessor.created_at(),
        });
    }
    Ok(())
}

fn signed_by(event: &Signed<Body>, role: &'static str, expected: PublicKey) -> Result<(), ChainError> {
    let (kind, found) = (event.body().kind(), event.author());
    if found == expected { Ok(()) } else { Err(ChainError::WrongAuthor { kind, role, expected, found }) }
}

fn same_heights(found: Agreed, expected: Agreed) -> Result<(), ChainError> {
    if found == expected {
        return Ok(());
    }
    Err(ChainError::HeightsDiffer { found: Box::new(found), expected: Box::new(expected) })
}

/// An invoice or proof of the collateral stands exactly where there is a collateral.
fn collateral(bid: &Bid, field: &'static str, there: bool) -> Result<(), ChainError> {
    if there == bid.buyer_collateral.is_zero() {
        return Err(ChainError::CollateralDiffers { field, collateral: bid.buyer_collateral });
    }
    Ok(())
}

/// In direct mode the hold in the content is c(P) of the agreed heights `[D3-12]`.
fn timeout(bid: &Bid, field: &'static str, found: Blocks) -> Result<(), ChainError> {
    let Some(escrow) = bid.escrow.as_ref().filter(|escrow| escrow.mode == Mode::Direct) else {
        return Ok(());
    };
    let expected = escrow.heights.purchase_cltv();
    if found == expected { Ok(()) } else { Err(ChainError::TimeoutDiffers { field, found, expected }) }
}
