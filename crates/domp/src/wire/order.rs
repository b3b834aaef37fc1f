//! Orders: what a person can order in a trade.

use super::trade::{Shipment, TradeDetail};
use domp_escrow::input::{
    Agreement as EngineAgreement, Command, Condition as EngineCondition, Shipment as EngineShipment, Verdict,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// One order. Safe to repeat: what was carried out already answers with the trade as it stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "order", rename_all = "snake_case", deny_unknown_fields)]
pub enum Order {
    /// Seller: make the invoices and accept the bid.
    Accept {
        /// Has to be true: whoever accepts in direct mode says that they know it.
        i_am_not_paid_if_the_buyer_never_confirms: bool,
    },
    /// Buyer: lock the money.
    Pay {},
    /// Seller: the goods are on their way.
    Ship {
        /// Who carries it.
        #[serde(default)]
        carrier: Option<String>,
        /// Its tracking number.
        #[serde(default)]
        tracking: Option<String>,
        /// Anything else.
        #[serde(default)]
        note: Option<String>,
    },
    /// Buyer: how the goods arrived. `received` pays the seller, for good.
    Confirm {
        /// How they arrived.
        status: Condition,
        /// 1 to 5, public.
        #[serde(default)]
        rating: Option<u8>,
        /// Public.
        #[serde(default)]
        feedback: Option<String>,
        /// What is wrong; needed unless `received`.
        #[serde(default)]
        reason: Option<String>,
    },
    /// Buyer: pay after an earlier status that did not.
    Release {},
    /// Seller: give everything back.
    Refund {
        /// Why, for the buyer.
        reason: String,
    },
    /// Either: sign a mutual agreement.
    Agree {
        /// On what.
        on: Agreement,
    },
    /// Either, before anything is locked: walk away.
    Cancel {},
    /// Seller, after the hold is over: offer an ordinary invoice to a buyer who has the goods.
    LateInvoice {},
    /// Buyer, after the hold is over and only for goods received: pay that invoice.
    PayLate {},
    /// Seller, restored from a backup: the goods went out before.
    HadShipped {
        /// Who carries it.
        #[serde(default)]
        carrier: Option<String>,
        /// Its tracking number.
        #[serde(default)]
        tracking: Option<String>,
        /// Anything else.
        #[serde(default)]
        note: Option<String>,
    },
    /// Seller, restored from a backup: the goods are still here, deadlines count again.
    NotShipped {},
}

/// How the goods arrived (kind 313's `status`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema, clap::ValueEnum)]
#[serde(rename_all = "snake_case")]
#[value(rename_all = "snake_case")]
pub enum Condition {
    /// All as agreed: pays the seller.
    Received,
    /// Some of it.
    PartiallyReceived,
    /// Nothing came.
    NotReceived,
    /// It came damaged.
    Damaged,
}

/// What both sides can agree on (kind 315).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema, clap::ValueEnum)]
#[serde(rename_all = "snake_case")]
#[value(rename_all = "snake_case")]
pub enum Agreement {
    /// Everything goes back.
    Cancel,
    /// The seller is paid.
    Release,
}

/// What became of an order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct OrderDone {
    /// The trade as it stands now.
    pub trade: TradeDetail,
    /// What was done before already, if the order changed nothing because of it.
    pub already: Option<String>,
}

impl Order {
    /// As the machine takes it.
    pub fn command(&self) -> Command {
        match self.clone() {
            Self::Accept { .. } => Command::Accept,
            Self::Pay {} => Command::Pay,
            Self::Ship { carrier, tracking, note } => {
                Command::Ship(EngineShipment { carrier, tracking, note })
            }
            Self::Confirm { status, rating, feedback, reason } => {
                Command::Confirm(Verdict { condition: status.into(), rating, feedback, reason })
            }
            Self::Release {} => Command::Release,
            Self::Refund { reason } => Command::Refund { reason },
            Self::Agree { on: Agreement::Cancel } => Command::Agree(EngineAgreement::Cancel),
            Self::Agree { on: Agreement::Release } => Command::Agree(EngineAgreement::Release),
            Self::Cancel {} => Command::Withdraw,
            Self::LateInvoice {} => Command::OfferLateInvoice,
            Self::PayLate {} => Command::PayLate,
            Self::HadShipped { carrier, tracking, note } => {
                Command::HadShipped(EngineShipment { carrier, tracking, note })
            }
            Self::NotShipped {} => Command::NotShipped,
        }
    }
}

impl From<Condition> for EngineCondition {
    fn from(condition: Condition) -> Self {
        match condition {
            Condition::Received => Self::Received,
            Condition::PartiallyReceived => Self::PartiallyReceived,
            Condition::NotReceived => Self::NotReceived,
            Condition::Damaged => Self::Damaged,
        }
    }
}

impl From<Shipment> for EngineShipment {
    fn from(shipment: Shipment) -> Self {
        Self { carrier: shipment.carrier, tracking: shipment.tracking, note: shipment.note }
    }
}

#[cfg(test)]
#[allow(non_snake_case)]
mod tests {
    use super::*;

    #[test]
    fn order__each_form__read_as_the_command_it_is() {
        let cases = [
            (r#"{"order":"pay"}"#, Command::Pay),
            (r#"{"order":"accept","i_am_not_paid_if_the_buyer_never_confirms":true}"#, Command::Accept),
            (r#"{"order":"release"}"#, Command::Release),
            (r#"{"order":"cancel"}"#, Command::Withdraw),
            (r#"{"order":"late_invoice"}"#, Command::OfferLateInvoice),
            (r#"{"order":"pay_late"}"#, Command::PayLate),
            (r#"{"order":"had_shipped"}"#, Command::HadShipped(EngineShipment::default())),
            (r#"{"order":"not_shipped"}"#, Command::NotShipped),
            (r#"{"order":"refund","reason":"sold out"}"#, Command::Refund { reason: "sold out".into() }),
            (r#"{"order":"agree","on":"cancel"}"#, Command::Agree(EngineAgreement::Cancel)),
            (r#"{"order":"agree","on":"release"}"#, Command::Agree(EngineAgreement::Release)),
            (
                r#"{"order":"ship","tracking":"1Z"}"#,
                Command::Ship(EngineShipment { tracking: Some("1Z".into()), ..EngineShipment::default() }),
            ),
        ];
        for (json, command) in cases {
            assert_eq!(serde_json::from_str::<Order>(json).unwrap().command(), command, "{json}");
        }
        let json = r#"{"order":"confirm","status":"not_received","reason":"empty box"}"#;
        let Command::Confirm(verdict) = serde_json::from_str::<Order>(json).unwrap().command() else {
            panic!()
        };
        assert_eq!(verdict.condition, EngineCondition::NotReceived);
    }

    #[test]
    fn order__unknown_or_missing_fields__refused() {
        for json in [
            r#"{"order":"pay","amount":1}"#,
            r#"{"order":"settle"}"#,
            r#"{"order":"refund"}"#,
            r#"{"order":"accept"}"#,
            r#"{"order":"confirm","status":"great"}"#,
            r#"{}"#,
            r#"[]"#,
        ] {
            assert!(serde_json::from_str::<Order>(json).is_err(), "{json}");
        }
    }
}
