//! Orders in a trade: what they would mean is shown first, then asked, then given.

use super::{args::Command, bid::told, session::Session};
use crate::{
    failure::Failure,
    question,
    reference::IdReference,
    wire::{
        listing::Preview,
        order::{Agreement, Condition, Order, OrderDone},
    },
};

/// The trade and the order that a command names.
///
/// # Errors
/// Never for the commands that are orders.
pub fn of(command: Command) -> Result<(String, Order), Failure> {
    Ok(match command {
        Command::Accept(on) => (on.trade, Order::Accept { i_am_not_paid_if_the_buyer_never_confirms: true }),
        Command::Pay(on) => (on.trade, Order::Pay {}),
        Command::Ship(ship) => {
            (ship.trade, Order::Ship { carrier: ship.carrier, tracking: ship.tracking, note: ship.note })
        }
        Command::Confirm(confirm) => {
            let (status, rating) = (confirm.status, confirm.rating);
            (
                confirm.trade,
                Order::Confirm { status, rating, feedback: confirm.feedback, reason: confirm.reason },
            )
        }
        Command::Cancel(on) => (on.trade, Order::Cancel {}),
        Command::Refund(refund) => (refund.trade, Order::Refund { reason: refund.reason }),
        Command::Agree(agree) => (agree.trade, Order::Agree { on: agree.on }),
        Command::Release(on) => (on.trade, Order::Release {}),
        Command::LateInvoice(on) => (on.trade, Order::LateInvoice {}),
        Command::PayLate(on) => (on.trade, Order::PayLate {}),
        Command::HadShipped(ship) => (
            ship.trade,
            Order::HadShipped { carrier: ship.carrier, tracking: ship.tracking, note: ship.note },
        ),
        Command::NotShipped(on) => (on.trade, Order::NotShipped {}),
        other => return Err(Failure::usage("not_an_order", format!("{other:?} is not an order"))),
    })
}

/// Gives an order.
///
/// # Errors
/// What the daemon refuses, and a no.
pub async fn run(session: &Session, trade: &str, order: &Order) -> Result<(), Failure> {
    let reference = IdReference::parse("trade", trade)?;
    let client = session.client()?;
    let path = format!("/v1/trades/{}", reference.as_str());
    let preview: Preview = client.post(&format!("{path}/preview"), order).await?;
    told(session.output, &preview, session.yes)?;
    question::confirm(session.output, session.yes, asked(order))?;
    let done: OrderDone = client.post(&format!("{path}/orders"), order).await?;
    if let Some(already) = &done.already {
        session.output.aside(&format!("already done: {already}"));
    }
    session.output.show(&done)
}

const fn asked(order: &Order) -> &'static str {
    match order {
        Order::Accept { .. } => "Do you know that you are not paid if the buyer never confirms, and accept?",
        Order::Pay {} => "Lock the money?",
        Order::Ship { .. } => "Are the goods on their way?",
        Order::Confirm { status: Condition::Received, .. } => "Do you have the goods, and pay the seller?",
        Order::Confirm { .. } => "Publish this?",
        Order::Release {} => "Pay the seller?",
        Order::Refund { .. } => "Give everything back?",
        Order::Agree { on: Agreement::Cancel } => "Sign that everything goes back?",
        Order::Agree { on: Agreement::Release } => "Sign that the seller is paid?",
        Order::Cancel {} => "Walk away?",
        Order::LateInvoice {} => "Offer an ordinary invoice?",
        Order::PayLate {} => "Pay the seller's ordinary invoice?",
        Order::HadShipped { .. } => "Did the goods go out before the restore?",
        Order::NotShipped {} => "Are the goods still with you?",
    }
}
