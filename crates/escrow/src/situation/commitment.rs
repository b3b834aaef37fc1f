//! Commitments: what a person is told before giving an order. Where the money goes, who can move it, what happens if nobody
//! acts, and by which block.

use super::{amount::sats, when::When};
use crate::{
    input::{Agreement, Command, Condition, Verdict},
    leg::{Leg, PaidState},
    liquidity::FeeLimit,
    moment::At,
    terms::{Side, Terms},
    trade::Trade,
};
use domp_protocol::{
    deadlines::Deadlines,
    purpose::Purpose,
    units::{Blocks, Msat},
};

/// What is told before this order, one line a fact; `fees` is the limit that the payment will be made with. Says nothing
/// about whether the order is possible now; see [`super::refusal`].
pub fn commitment(trade: &Trade, command: &Command, at: At, fees: &FeeLimit) -> Vec<String> {
    match command {
        Command::Accept => accept(trade),
        Command::Pay => pay(trade, at, fees),
        Command::Ship(_) => ship(trade, at),
        Command::Confirm(Verdict { condition: Condition::Received, .. }) => received(trade, at),
        Command::Confirm(_) => complaint(trade, at),
        Command::Release => release(trade, at),
        Command::Refund { .. } => refund(trade),
        Command::Agree(Agreement::Cancel) => agree_cancel(trade),
        Command::Agree(Agreement::Release) => agree_release(trade),
        Command::Withdraw => vec![
            if trade.legs.iter().any(Leg::is_locked) {
                "The trade ends here. What your node holds of the buyer's money goes back.".to_owned()
            } else {
                "The trade ends here. Nothing is locked, so nothing has to come back.".to_owned()
            },
            "This cannot be taken back: to try again, a new bid is needed.".to_owned(),
        ],
        Command::OfferLateInvoice => vec![
            format!(
                "Your node makes an ordinary invoice over {}. If it is paid, the money is yours at once.",
                sats(trade.terms.price)
            ),
            "Nobody can make the buyer pay it. There is one such invoice a trade.".to_owned(),
        ],
        Command::PayLate => vec![
            format!(
                "This pays {} to the seller at once and for good. Nothing holds it.",
                sats(trade.terms.price)
            ),
            "Pay only for goods that you have in your hands.".to_owned(),
        ],
        Command::HadShipped(_) => had_shipped(trade, at),
        Command::NotShipped => vec![
            "From now on what did not happen counts as not done: what was not acknowledged, confirmed or shipped in time goes back \
             to the buyer, at once if the time is over."
                .to_owned(),
            "If the goods are out after all, they are lost by that.".to_owned(),
        ],
    }
}

fn with_collateral(terms: &Terms) -> String {
    if terms.buyer_collateral.is_zero() {
        sats(terms.price)
    } else {
        let total = terms.price.saturating_add(terms.buyer_collateral);
        format!("{} ({} price, {} collateral)", sats(total), sats(terms.price), sats(terms.buyer_collateral))
    }
}

/// Days at 144 blocks, rounded up.
fn days(blocks: Blocks) -> String {
    let days = blocks.0.div_ceil(144);
    format!("{blocks} (about {days} day{})", if days == 1 { "" } else { "s" })
}

fn accept(trade: &Trade) -> Vec<String> {
    let terms = &trade.terms;
    vec![
        format!(
            "You sell for {}. Your node makes invoices over {} on the buyer's hashes; it cannot open them.",
            sats(terms.price),
            with_collateral(terms)
        ),
        "When the buyer pays, your node holds the money. Only the buyer can release the price to you. You can only give it \
         back. The collateral always goes home."
            .to_owned(),
        format!(
            "Once it is locked, you have {} to ship. The price is held for up to {} in all.",
            days(terms.agreed.handling),
            days(terms.agreed.purchase_cltv())
        ),
        "If the buyer never confirms, you are not paid: the money goes back, and the goods are gone. In direct mode nobody can \
         help you then."
            .to_owned(),
        format!(
            "If the buyer does not pay within {} hours, the acceptance counts for nothing.",
            terms.payment_timeout_seconds.min(u64::from(crate::effect::INVOICE_EXPIRY_SECONDS)) / 3600
        ),
    ]
}

fn pay(trade: &Trade, at: At, limit: &FeeLimit) -> Vec<String> {
    let terms = &trade.terms;
    let fees = trade.legs.iter().fold(Msat::ZERO, |sum, leg| sum.saturating_add(limit.of(leg.amount)));
    let about = Deadlines::at(at.height, &terms.agreed);
    vec![
        format!(
            "Your node locks {}, plus routing fees of at most {} in all.",
            with_collateral(terms),
            sats(fees.to_sat_floor())
        ),
        format!(
            "The money leaves your channels and is held by the seller's node {}. The seller cannot take it: only you can release \
             the price, by confirming. Nobody can take the collateral.",
            terms.seller_node.short()
        ),
        format!(
            "You get everything back if the seller does not ship by about {}, if it refunds, or if you never confirm.",
            When::height(about.ship_by, at)
        ),
        format!(
            "If nobody does anything, it is back by about {}; if a node on the way is down, at the latest by about {}. Until \
             then nobody can use it.",
            When::height(about.settle_by, at),
            When::height(at.height.plus(domp_protocol::deadlines::ROUTE_CEILING), at)
        ),
        "This cannot be undone. It is never paid twice.".to_owned(),
    ]
}

fn ship(trade: &Trade, at: At) -> Vec<String> {
    let price = sats(trade.terms.price);
    let mut lines = vec![format!(
        "The money ({price}) is held by your node. From now on you are paid if, and only if, the buyer confirms."
    )];
    if let Some(deadlines) = trade.deadlines {
        lines.push(format!("The buyer can confirm until {}.", When::height(deadlines.reveal_by, at)));
        lines.push(format!(
            "If the buyer stays silent, your node gives the money back by {}, and the goods are gone.",
            When::height(deadlines.settle_by, at)
        ));
    }
    lines.push(
        "Keep your node and this program running until then: a release that arrives while they are off may come too late."
            .to_owned(),
    );
    lines
}

fn had_shipped(trade: &Trade, at: At) -> Vec<String> {
    let mut lines = vec![format!(
        "Your node goes on holding the price ({}). You are paid if, and only if, the buyer confirms.",
        sats(trade.terms.price)
    )];
    if let Some(by) = crate::resolution::price_due(trade) {
        lines.push(format!(
            "If the buyer stays silent, your node gives the money back by {}.",
            When::height(by, at)
        ));
    }
    lines.push("Say this only of goods that went out before the restore. To ship now, use ship.".to_owned());
    lines
}

/// Whether the price can still be released out of the lock.
fn releasable(trade: &Trade, at: At) -> bool {
    let held = trade.leg(Purpose::Purchase).is_some_and(Leg::is_locked);
    held && trade.unwind.is_none()
        && trade.deadlines.is_some_and(|deadlines| at.height <= deadlines.reveal_by)
}

fn received(trade: &Trade, at: At) -> Vec<String> {
    let price = sats(trade.terms.price);
    if !releasable(trade, at) {
        return vec![
            "The lock is over, or it is too late to use it safely: this moves no money.".to_owned(),
            format!(
                "The seller learns that you have the goods, and can send an ordinary invoice over {price}, which you pay by hand."
            ),
        ];
    }
    let mut lines = vec![format!(
        "This pays the seller {price}, now and for good. It cannot be undone, whatever turns up later."
    )];
    lines.extend(collateral_home(trade, at));
    if trade.peer.shipped.is_none() {
        lines.push("The seller has not said yet that it shipped.".to_owned());
    }
    lines.push("Confirm only if you have the goods and they are as agreed.".to_owned());
    lines
}

fn collateral_home(trade: &Trade, at: At) -> Option<String> {
    let leg = trade.leg(Purpose::BuyerCollateral)?;
    let PaidState::InFlight { first_hop_expiry, .. } = leg.paying()?.node else { return None };
    Some(format!(
        "Your collateral of {} goes home when the seller's node lets go of it, at the latest by {}.",
        sats(leg.amount),
        When::height(first_hop_expiry, at)
    ))
}

fn complaint(trade: &Trade, at: At) -> Vec<String> {
    let mut lines = vec![
        "This is public and moves no money: in direct mode there is nobody who could rule.".to_owned(),
        "There is one such statement a trade. To pay the seller after all, use release.".to_owned(),
    ];
    if let Some(deadlines) = trade.deadlines.filter(|_| trade.unwind.is_none()) {
        lines.push(format!(
            "If nothing else happens, the seller's node gives everything back by {}.",
            When::height(deadlines.settle_by, at)
        ));
    }
    lines
}

fn release(trade: &Trade, at: At) -> Vec<String> {
    let price = sats(trade.terms.price);
    let mut lines = vec![format!("This pays the seller {price}, now and for good. It cannot be undone.")];
    lines.extend(collateral_home(trade, at));
    lines
}

fn refund(trade: &Trade) -> Vec<String> {
    let mut lines = vec![format!(
        "Your node gives {} back to the buyer at once. It cannot be undone.",
        with_collateral(&trade.terms)
    )];
    if trade.choices.shipped.is_some() {
        lines.push("You have shipped: whether the goods come back is between you and the buyer.".to_owned());
    } else {
        lines.push("Do not ship afterwards.".to_owned());
    }
    lines
}

fn agree_cancel(trade: &Trade) -> Vec<String> {
    let other = trade.side.other().as_str();
    let mut lines = vec![
        format!("Once the {other} has signed the same, the seller's node gives everything back at once."),
        "Your signature is public and cannot be taken back.".to_owned(),
    ];
    if trade.side == Side::Seller && trade.choices.shipped.is_some() {
        lines.push("You have shipped: whether the goods come back is between you and the buyer.".to_owned());
    }
    lines
}

fn agree_release(trade: &Trade) -> Vec<String> {
    let price = sats(trade.terms.price);
    match trade.side {
        Side::Buyer => vec![
            format!(
                "Once the seller has signed the same, your vault releases the secret, and the seller is paid {price} for good."
            ),
            "Your signature is public and cannot be taken back.".to_owned(),
        ],
        Side::Seller => vec![
            format!("Once the buyer has signed the same, it releases the secret, and you are paid {price}."),
            "The secret still comes from the buyer alone: a signature without it pays nothing.".to_owned(),
        ],
    }
}
