//! Private messages: what the two parties tell each other inside gift wraps (`spec/escrow-v1.md`).
//!
//! Each is a complete, signed event of kind 320, so that it can convince somebody else later; its content is
//! `{"v":1,"type":…,"trade":…}` with the fields of its type. They share the kind with the public message of
//! [`crate::kinds::Message`] but never its content, so neither can be taken for the other.

pub mod hashes;
pub mod lock_ack;
pub mod lock_ok;
pub mod receipt;
pub mod release;
pub mod shipped;
pub mod words;

pub use hashes::Hashes;
pub use lock_ack::{LockAck, LockedHtlc};
pub use lock_ok::{HeldCollateral, LockOk};
pub use receipt::Receipt;
pub use release::Release;
pub use shipped::Shipped;
pub use words::{Address, LateInvoice, Note};

use crate::event::{EventDraft, VerifiedEvent};
use crate::ids::TradeId;
use crate::kinds::fields::{Fields, Object, parsed, text, whole};
use crate::kinds::{Malformed, Signed};
use crate::units::Unix;

/// The kind of the signed event that carries a private message.
pub const PRIVATE_KIND: u16 = 320;
/// The version of the messages, their field `v`.
const VERSION: u64 = 1;
/// Types kept for the mode with an arbiter.
const ARBITRATED: [&str; 6] =
    ["challenge", "opening", "seller_collateral_invoice", "share", "armed", "award"];

/// A message about one trade.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Private {
    /// The trade: the id of its bid.
    pub trade: TradeId,
    /// What is said.
    pub message: PrivateMessage,
}

/// What a private message says. Not serialisable as a whole, since a release holds a secret: keep the others one by one,
/// or the encrypted event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PrivateMessage {
    /// Buyer to seller, with the bid: the hashes behind its commitments.
    Hashes(Hashes),
    /// Seller to buyer: what the seller's node holds, and every deadline that follows.
    LockAck(Box<LockAck>),
    /// Buyer to seller: the acknowledgement is right.
    LockOk(LockOk),
    /// Seller to buyer: the goods are on their way.
    Shipped(Shipped),
    /// Buyer to seller: the purchase's secret, sent again or after a dispute.
    Release(Release),
    /// Either: an event has arrived. Never receipted itself.
    Receipt(Receipt),
    /// Seller to buyer: an ordinary invoice for goods received after the hold had ended.
    LateInvoice(LateInvoice),
    /// Buyer to seller: where to ship.
    Address(Address),
    /// Either: words between people.
    Note(Note),
}

/// One type of private message: how its fields become a value, and back.
pub(crate) trait Say: Sized {
    const TYPE: &'static str;
    fn read(fields: &mut Fields) -> Result<Self, Malformed>;
    fn write(&self, object: Object) -> Object;
}

macro_rules! messages {
    ($($message:ident),+ $(,)?) => {
        impl PrivateMessage {
            /// The message's `type`.
            pub const fn type_name(&self) -> &'static str {
                match self {
                    $(Self::$message(_) => $message::TYPE,)+
                }
            }
            fn read(kind: &str, fields: &mut Fields) -> Result<Self, Malformed> {
                match kind {
                    $($message::TYPE => $message::read(fields).map(Self::from),)+
                    other if ARBITRATED.contains(&other) => Err(Malformed::ArbitratedOnly(other.to_owned())),
                    other => Err(Malformed::UnknownMessage(format!("type `{other}`"))),
                }
            }
            fn write(&self, object: Object) -> Object {
                match self {
                    $(Self::$message(message) => message.write(object),)+
                }
            }
        }

        $(impl From<$message> for PrivateMessage {
            fn from(message: $message) -> Self {
                Self::$message(message.into())
            }
        })+
    };
}

messages!(Hashes, LockAck, LockOk, Shipped, Release, Receipt, LateInvoice, Address, Note);

impl Private {
    /// Reads a verified event that came out of a gift wrap. Whether its author is the trade's other party is for the
    /// trade to say.
    pub fn read(event: &VerifiedEvent) -> Result<Signed<Self>, Malformed> {
        if event.kind() != PRIVATE_KIND {
            return Err(Malformed::WrongKind { found: event.kind(), expected: PRIVATE_KIND });
        }
        Signed::new(event, Self::parse(event.content())?)
    }

    /// Reads the content alone.
    pub fn parse(content: &str) -> Result<Self, Malformed> {
        let mut fields = Fields::parse(content)?;
        let version = fields.need("v", whole(0..=u64::from(u32::MAX)))?;
        if version != VERSION {
            return Err(Malformed::UnknownMessage(format!("version {version}")));
        }
        let kind = fields.need("type", text(1..=64))?;
        let trade = fields.need("trade", parsed)?;
        let message = PrivateMessage::read(&kind, &mut fields)?;
        fields.finish()?;
        Ok(Self { trade, message })
    }

    /// The content, in ASCII. Holds the secret if this is a release.
    pub fn content(&self) -> String {
        let object =
            Object::new().with("v", VERSION).text("type", self.message.type_name()).text("trade", self.trade);
        self.message.write(object).to_ascii()
    }

    /// The unsigned event. A value that reading would refuse is refused here with the same words.
    pub fn draft(&self, created_at: Unix) -> Result<EventDraft, Malformed> {
        let content = self.content();
        Self::parse(&content)?;
        Ok(EventDraft { kind: PRIVATE_KIND, tags: Vec::new(), content, created_at })
    }
}
