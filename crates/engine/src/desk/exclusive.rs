//! One listing is sold once. Which trade has it is a rule about trades, asked before each acceptance.

use domp_escrow::{
    stage::{Ending, Stage, stage},
    trade::Trade,
};

/// Whether an accepted trade keeps its listing from others: until it ends without completion.
pub(crate) fn has_the_listing(trade: &Trade) -> bool {
    trade.choices.accept && !matches!(stage(trade), Stage::Ended(Ending::Refunded | Ending::Abandoned))
}
