//! Over before it began: when a trade ends because its invoices were not made, or must not be paid, no paper of the protocol
//! tells the other side. A note does, so that nobody waits for two weeks, and a fault of the other's program is seen there.

use crate::inner::Inner;
use domp_escrow::{
    note::Note,
    trade::{Trade, Unwind},
};
use std::sync::Arc;

/// A note that no relay takes in so many tries is given up: nothing hangs on it.
const TRIES: u32 = 12;

impl Inner {
    /// Tells the other side, if this is what has just happened.
    pub(crate) fn tell_it_is_over(self: &Arc<Self>, trade: &Trade, notes: &[Note]) {
        let Some(text) = notes.iter().find_map(words) else { return };
        let (inner, trade) = (Arc::clone(self), trade.clone());
        self.life.spawn(async move {
            let Some(signed) = inner.signed_words(&trade, &text) else { return };
            for tries in 1..=TRIES {
                if inner.post_note(&trade, &signed).await {
                    return;
                }
                tokio::time::sleep(inner.backoff(tries)).await;
            }
        });
    }
}

/// What the node itself says stays here: it may tell more of it than a stranger need know.
fn words(note: &Note) -> Option<String> {
    match note {
        Note::Unwinding(Unwind::BadInvoices(why)) => Some(format!(
            "This trade is over, and nothing was locked: the invoices of your acceptance are not paid. {why}"
        )),
        Note::Unwinding(Unwind::InvoiceRefused(_)) => Some(
            "This trade is over, and nothing was locked: the seller's node does not make the invoices for it.".to_owned(),
        ),
        _ => None,
    }
}
