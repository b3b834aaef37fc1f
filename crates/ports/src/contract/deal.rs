//! A fresh invoice on a fresh hash, and the waits that bring it into each of its states.

use super::harness::Harness;
use crate::lightning::{Channel, HeldPart, HoldInvoice, InvoiceState, LnError, Pay, PaymentState, SentPart};
use domp_protocol::{
    ids::PaymentHash,
    secret::Preimage,
    units::{Blocks, Height, Msat, Sat},
};
use std::{fmt::Debug, time::Duration};

/// Largest total CLTV that the suite's payments allow.
pub const MAX_CLTV: Blocks = Blocks(1000);
const POLL: Duration = Duration::from_millis(25);

/// One invoice of the payee, on a hash whose preimage only the suite knows.
pub struct Deal {
    pub preimage: Preimage,
    pub terms: HoldInvoice,
    pub bolt11: String,
}

/// A preimage nobody has used on these nodes.
pub fn fresh_preimage(h: &dyn Harness) -> Preimage {
    let mut bytes = *b"domp contract suite ____________";
    bytes[24..].copy_from_slice(&h.unique().to_be_bytes());
    Preimage::from_bytes(bytes)
}

/// A hash whose preimage nobody will ever tell.
pub fn unknown_hash(h: &dyn Harness) -> PaymentHash {
    fresh_preimage(h).hash()
}

/// An amount of some thirty thousand satoshi, different from the one before.
pub fn fresh_amount(h: &dyn Harness) -> Msat {
    Sat::new(30_000 + h.unique() % 1_000).expect("a small amount").to_msat()
}

/// Terms that every node can hold for a while: room of thirty blocks above the payee's auto-cancel distance.
pub fn fresh_terms(h: &dyn Harness) -> (Preimage, HoldInvoice) {
    let can = h.payee().capabilities();
    let preimage = fresh_preimage(h);
    let terms = HoldInvoice {
        hash: preimage.hash(),
        amount: fresh_amount(h),
        cltv: can.min_cltv.max(can.auto_cancel.plus(Blocks(30))),
        expiry_seconds: 3600,
        description: format!("DOMP/1 domp_purchase {}", preimage.hash()),
        private_hints: false,
    };
    (preimage, terms)
}

/// Issues an invoice on fresh terms.
pub async fn issued(h: &dyn Harness) -> Deal {
    let (preimage, terms) = fresh_terms(h);
    let bolt11 = h.payee().issue_hold_invoice(&terms).await.expect("a hold invoice on fresh terms is issued");
    Deal { preimage, terms, bolt11 }
}

/// Issues and pays an invoice, and waits until the payee holds the whole amount.
pub async fn held(h: &dyn Harness) -> Deal {
    let deal = issued(h).await;
    h.payer().pay(&deal.order()).await.expect("the payer's node takes the payment");
    deal.until_held(h).await;
    deal
}

impl Deal {
    /// The payment hash.
    pub fn hash(&self) -> PaymentHash {
        self.terms.hash
    }

    /// An order to pay this invoice with ample limits.
    pub fn order(&self) -> Pay {
        Pay {
            bolt11: self.bolt11.clone(),
            hash: self.terms.hash,
            max_fee: Msat::new(1_000_000).expect("a small fee"),
            max_parts: 4,
            max_cltv: MAX_CLTV,
            timeout_seconds: 15,
        }
    }

    /// What the payee's node says now.
    pub async fn at_payee(&self, h: &dyn Harness) -> InvoiceState {
        h.payee().invoice(&self.hash()).await.expect("the payee's node knows the invoice it issued")
    }

    /// What the payer's node says now.
    pub async fn at_payer(&self, h: &dyn Harness) -> PaymentState {
        h.payer().payment(&self.hash()).await.expect("the payer's node answers about its payment")
    }

    /// Waits until the payee's node says that the whole amount is held; gives the parts.
    pub async fn until_held(&self, h: &dyn Harness) -> Vec<HeldPart> {
        until(h, "the payee's node to hold the payment", async || match self.at_payee(h).await {
            InvoiceState::Held(parts) => Ok(parts),
            other => Err(format!("invoice {other:?}, payment {:?}", self.at_payer(h).await)),
        })
        .await
    }

    /// Waits until the payer's node shows HTLCs in flight; gives them.
    pub async fn until_in_flight(&self, h: &dyn Harness) -> Vec<SentPart> {
        until(h, "the payer's node to show its HTLCs in flight", async || match self.at_payer(h).await {
            PaymentState::InFlight(parts) if !parts.is_empty() => Ok(parts),
            other => Err(format!("payment {other:?}")),
        })
        .await
    }

    /// Waits for exactly this state at the payee's node.
    pub async fn until_invoice(&self, h: &dyn Harness, state: InvoiceState) {
        until(h, &format!("the invoice to be {state:?}"), async || same(&state, self.at_payee(h).await))
            .await;
    }

    /// Waits for the payer's node to say that it has paid.
    pub async fn until_succeeded(&self, h: &dyn Harness) {
        until(h, "the payment to be Succeeded", async || {
            same(&PaymentState::Succeeded, self.at_payer(h).await)
        })
        .await;
    }

    /// Waits for the payer's node to say that every part has failed; gives its reason.
    pub async fn until_failed(&self, h: &dyn Harness) -> String {
        until(h, "the payment to be Failed", async || match self.at_payer(h).await {
            PaymentState::Failed(reason) => Ok(reason),
            other => Err(format!("payment {other:?}")),
        })
        .await
    }

    /// Pays, expecting that it comes to nothing: refused at once, or failed soon. Gives the reason.
    pub async fn pay_in_vain(&self, h: &dyn Harness, order: &Pay) -> String {
        match h.payer().pay(order).await {
            Ok(()) => self.until_failed(h).await,
            Err(LnError::Refused(reason)) => {
                let state = self.at_payer(h).await;
                assert!(
                    matches!(state, PaymentState::NotFound | PaymentState::Failed(_)),
                    "the payment was refused ({reason}) and yet the node says {state:?}"
                );
                reason
            }
            Err(other) => panic!("a payment that cannot succeed must be Refused or Failed, not {other:?}"),
        }
    }

    /// Gives back what is held, so that the next check finds the channel as it was.
    pub async fn give_back(&self, h: &dyn Harness) {
        h.payee().cancel(&self.hash()).await.expect("what is held can be cancelled");
        self.until_failed(h).await;
    }
}

fn same<T: PartialEq + Debug>(wanted: &T, seen: T) -> Result<(), String> {
    if seen == *wanted { Ok(()) } else { Err(format!("{seen:?}")) }
}

/// Asks again and again until the probe gives a value, at the longest for the harness' patience; then panics with what
/// was seen last.
pub async fn until<T>(h: &dyn Harness, what: &str, mut probe: impl AsyncFnMut() -> Result<T, String>) -> T {
    let give_up = tokio::time::Instant::now() + h.patience();
    loop {
        let seen = match probe().await {
            Ok(value) => return value,
            Err(seen) => seen,
        };
        assert!(
            tokio::time::Instant::now() < give_up,
            "waited {:?} for {what}; last seen: {seen}",
            h.patience()
        );
        tokio::time::sleep(POLL).await;
    }
}

/// Bounds something that must happen promptly.
pub async fn promptly<T>(h: &dyn Harness, what: &str, future: impl Future<Output = T>) -> T {
    tokio::time::timeout(h.patience(), future)
        .await
        .unwrap_or_else(|_| panic!("waited {:?} for {what}", h.patience()))
}

/// Mines, and waits until both nodes have the new tip; gives its height.
pub async fn mine(h: &dyn Harness, blocks: u32) -> Height {
    let before = height(h).await;
    h.mine(blocks).await;
    let wanted = before.plus(Blocks(blocks));
    for (name, node) in [("payer", h.payer()), ("payee", h.payee())] {
        until(h, &format!("the {name}'s node to reach {wanted}"), async || {
            let tip = node.info().await.map_err(|e| e.to_string())?.tip;
            if tip.height >= wanted && tip.synced { Ok(()) } else { Err(format!("{tip:?}")) }
        })
        .await;
    }
    wanted
}

/// The height that both nodes agree on.
pub async fn height(h: &dyn Harness) -> Height {
    until(h, "both nodes to agree on the height", async || {
        let payer = h.payer().info().await.map_err(|e| e.to_string())?.tip;
        let payee = h.payee().info().await.map_err(|e| e.to_string())?.tip;
        if payer.height == payee.height { Ok(payer.height) } else { Err(format!("{payer:?} and {payee:?}")) }
    })
    .await
}

/// The payer's channels to the payee.
pub async fn channels(h: &dyn Harness) -> Vec<Channel> {
    let payee = h.payee().info().await.expect("the payee's node says who it is").id;
    let all = h.payer().channels().await.expect("the payer's node lists its channels");
    all.into_iter().filter(|channel| channel.peer == payee).collect()
}
