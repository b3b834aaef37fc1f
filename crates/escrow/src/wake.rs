//! Wake-ups `[D3-75]`: the next height and the next time at which a rule may act without anything else happening.

use crate::{
    leg::{HeldState, Leg, Want},
    letter::Paper,
    stage::stage,
    terms::Side,
    trade::Trade,
};
use domp_protocol::{
    deadlines::{GRACE, collateral_settle_by},
    purpose::Purpose,
    units::{Blocks, Height, Unix},
};

/// When a trade wants to be ticked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Wake {
    /// At this height.
    pub height: Option<Height>,
    /// At this time.
    pub unix: Option<Unix>,
}

/// The earliest height and time at which a tick may have an effect. Ticking earlier or more often does no harm.
pub fn wake(trade: &Trade) -> Wake {
    let letters = trade.letters.iter().filter_map(|letter| trade.letter_due(letter));
    if stage(trade).is_ended() {
        return Wake { height: letters.min(), unix: None };
    }
    let by_side = match trade.side {
        Side::Seller => seller_heights(trade),
        Side::Buyer => Vec::new(),
    };
    Wake { height: letters.chain(by_side).min(), unix: next_time(trade) }
}

fn next_time(trade: &Trade) -> Option<Unix> {
    if trade.unwind.is_some() {
        return trade.legs.iter().filter_map(Leg::unheard_until).min();
    }
    match trade.side {
        // Nothing that has not happened ends what is shipped, or may have happened as far as a restored store knows.
        _ if trade.holds_on() => None,
        Side::Buyer if trade.has_begun_paying() || trade.has(Paper::Acceptance) => trade.lock_by(),
        Side::Buyer => Some(trade.terms.lapses_at()),
        Side::Seller => {
            let lapse = (!trade.has_answered()).then(|| trade.terms.lapses_at());
            [lapse, trade.lock_by()].into_iter().flatten().min()
        }
    }
}

fn seller_heights(trade: &Trade) -> Vec<Height> {
    let mut heights = Vec::new();
    let auto_cancel = trade.terms.agreed.seller_auto_cancel;
    let all = trade.legs.iter().all(Leg::is_locked);
    for leg in &trade.legs {
        let Some(holding) = leg.holding() else { continue };
        let HeldState::Held { since, expiry, .. } = holding.node else { continue };
        // What is held although nothing was wanted, by a store restored from an older state, is given back in time too.
        if matches!(holding.want, Want::Hold | Want::Nothing) {
            heights.push(collateral_settle_by(expiry, auto_cancel));
        }
        // The first of them waits for the others, all of them for the handshake, which counts from the price.
        let counts = !all || leg.purpose == Purpose::Purchase;
        if counts && trade.deadlines.is_none() && trade.unwind.is_none() && !trade.holds_on() {
            heights.push(since.plus(GRACE));
        }
    }
    if let Some(deadlines) = trade.deadlines.filter(|_| trade.unwind.is_none()) {
        if !trade.holds_on() {
            let answered = trade.papers.contains_key(&Paper::LockOk);
            heights.push(if answered {
                deadlines.ship_by.plus(Blocks(1))
            } else {
                deadlines.lock.plus(GRACE)
            });
        }
        let open = |want| matches!(want, Want::Hold | Want::Nothing);
        if trade.leg(Purpose::Purchase).and_then(Leg::holding).is_some_and(|holding| open(holding.want)) {
            heights.push(deadlines.settle_by);
        }
    }
    heights
}
