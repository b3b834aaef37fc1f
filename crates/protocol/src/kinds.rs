//! The kinds of DOMP's events: one file for each, with its content, its tags, and both ways between them and a Nostr
//! event.
//!
//! Reading accepts what either of the two documents on events allows and refuses everything else, naming the field.
//! Writing goes through the same reading, so nothing is ever published that this crate would refuse.

pub mod acceptance;
pub mod agreement;
pub mod arbitration_offer;
pub mod bid;
pub mod body;
pub mod collateral_deposit;
pub mod counter_bid;
pub mod dispute;
pub(crate) mod fields;
pub(crate) mod json;
pub mod listing;
pub mod malformed;
pub mod message;
pub mod payment;
pub mod receipt;
pub mod refund;
pub mod resolution;
pub mod signed;

pub use acceptance::{Acceptance, AcceptanceEscrow};
pub use agreement::{Agreement, Term};
pub use arbitration_offer::ArbitrationOffer;
pub use bid::{Bid, BidEscrow};
pub use body::{Body, Kind};
pub use collateral_deposit::CollateralDeposit;
pub use counter_bid::CounterBid;
pub use dispute::Dispute;
pub use listing::{Listing, ListingEscrow, ShippingInfo};
pub use malformed::Malformed;
pub use message::Message;
pub use payment::{PaymentConfirmation, PaymentMethod};
pub use receipt::{ReceiptConfirmation, Status};
pub use refund::Refund;
pub use resolution::Resolution;
pub use signed::Signed;
