//! Restarts: killed nodes forget nothing, and while they start their answers say nothing.

use super::{
    deal::{held, promptly, until},
    harness::Harness,
};
use crate::lightning::{InvoiceState, PaymentState};
use futures::StreamExt as _;

/// The payee's node is killed while it holds: still held afterwards, the old stream has ended, and it settles.
pub async fn held__payee_killed__still_held_then_settles(h: &dyn Harness) {
    let deal = held(h).await;
    let parts = deal.until_held(h).await;
    let mut states = h.payee().watch_invoice(&deal.hash()).await.expect("a held invoice can be watched");
    promptly(h, "the present state", states.next()).await.expect("the present state comes first");

    h.restart_payee().await;
    while let Some(state) = promptly(h, "the stream of a killed node to end", states.next()).await {
        assert!(matches!(state, InvoiceState::Held(_)), "while it is killed nothing changes, not {state:?}");
    }
    until(h, "the payee's node to be back", async || match h.payee().invoice(&deal.hash()).await {
        Ok(state) => {
            assert_eq!(state, InvoiceState::Held(parts.clone()), "what was held is held after the restart");
            Ok(())
        }
        Err(error) if error.is_unknown() => Err(error.to_string()),
        Err(error) => panic!("a node that starts up says nothing certain, not {error:?}"),
    })
    .await;
    until(h, "the payee's node to settle", async || match h.payee().settle(&deal.preimage).await {
        Ok(()) => Ok(()),
        Err(error) if error.is_unknown() => Err(error.to_string()),
        Err(error) => panic!("what is held can be settled after a restart, not {error:?}"),
    })
    .await;
    deal.until_invoice(h, InvoiceState::Settled).await;
    deal.until_succeeded(h).await;
}

/// The payer's node is killed while its payment is in flight: still in flight, paying again adds nothing, then paid.
pub async fn in_flight__payer_killed__still_in_flight_then_succeeds(h: &dyn Harness) {
    let deal = held(h).await;
    let parts = deal.until_held(h).await;
    let mut states = h.payer().watch_payment(&deal.hash()).await.expect("a payment can be watched");
    promptly(h, "the present state", states.next()).await.expect("the present state comes first");

    h.restart_payer().await;
    while let Some(state) = promptly(h, "the stream of a killed node to end", states.next()).await {
        assert!(matches!(state, PaymentState::InFlight(_)), "while killed nothing changes, not {state:?}");
    }
    until(h, "the payer's node to be back", async || match h.payer().payment(&deal.hash()).await {
        Ok(PaymentState::InFlight(parts)) if !parts.is_empty() => Ok(()),
        Ok(PaymentState::InFlight(_)) => Err("in flight, no parts shown yet".into()),
        Ok(state) => panic!("what was in flight is in flight after the restart, not {state:?}"),
        Err(error) if error.is_unknown() => Err(error.to_string()),
        Err(error) => panic!("a node that starts up says nothing certain, not {error:?}"),
    })
    .await;
    if h.payer().capabilities().dedupes_payments {
        until(h, "the payer's node to take the payment again", async || {
            match h.payer().pay(&deal.order()).await {
                Ok(()) => Ok(()),
                Err(error) if error.is_unknown() => Err(error.to_string()),
                Err(error) => panic!("paying again after a restart is fine, not {error:?}"),
            }
        })
        .await;
        h.quiet().await;
        assert_eq!(deal.until_held(h).await, parts, "paying again after a restart adds no part");
    }
    h.payee().settle(&deal.preimage).await.expect("what is held can be settled");
    deal.until_succeeded(h).await;
}
