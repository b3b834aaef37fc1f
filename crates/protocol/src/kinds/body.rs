//! What an event says, whatever its kind.

use super::malformed::Malformed;
use super::{
    Acceptance, Agreement, ArbitrationOffer, Bid, CollateralDeposit, CounterBid, Dispute, Listing, Message,
    PaymentConfirmation, ReceiptConfirmation, Refund, Resolution,
};
use crate::event::{EventDraft, is_printable_ascii};
use crate::ids::EventId;
use crate::tags::links::{Links, Marker};
use crate::tags::reader::{Tag, Tags};
use crate::units::Unix;
use serde::{Deserialize, Serialize};

/// One kind of event: how its content and tags become a value, and back.
pub trait Kind: Sized {
    /// The number in the event's `kind` field.
    const KIND: u16;
    /// The place of [`Kind::predecessor`] in the conversation: a bid and a deposit refer to the root, all others reply.
    const MARKER: Marker = Marker::Reply;

    /// Reads content and tags; unknown content fields are refused, unknown tags ignored.
    fn read(content: &str, tags: &[Tag]) -> Result<Self, Malformed>;
    /// The content, in ASCII.
    fn content(&self) -> String;
    /// The tags that belong to the value itself: neither the links nor the anti-spam proof.
    fn tags(&self) -> Vec<Tag> {
        Vec::new()
    }
    /// The event that the content names as the one before.
    fn predecessor(&self) -> Option<EventId>;

    /// The unsigned event. The predecessor is linked when `links` does not name it already. A value that reading would
    /// refuse is refused here with the same words, so nothing unreadable is ever signed.
    fn draft(&self, links: &Links, created_at: Unix) -> Result<EventDraft, Malformed> {
        let mut links = links.clone();
        if let Some(id) = self.predecessor().filter(|id| !links.names(id)) {
            links = links.with(id, "", Self::MARKER);
        }
        let mut tags = self.tags();
        tags.extend(links.write());
        if let Some(tag) = tags.iter().find(|tag| !tag.iter().all(|value| is_printable_ascii(value))) {
            return Err(Malformed::tag(
                tag.first().map_or("", String::as_str),
                "may be written in printable ASCII only",
            ));
        }
        let content = self.content();
        Self::read(&content, &tags)?;
        Links::read(Tags::new(&tags))?;
        Ok(EventDraft { kind: Self::KIND, tags, content, created_at })
    }
}

macro_rules! body {
    ($($kind:ident),+ $(,)?) => {
        /// What an event says: one variant for each kind.
        #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum Body {
            $(#[doc = concat!("See [`", stringify!($kind), "`].")] $kind($kind),)+
        }

        impl Body {
            /// Reads what an event of this kind says.
            pub fn read(kind: u16, content: &str, tags: &[Tag]) -> Result<Self, Malformed> {
                match kind {
                    $($kind::KIND => $kind::read(content, tags).map(Self::$kind),)+
                    other => Err(Malformed::UnknownKind(other)),
                }
            }
            /// The number of the kind.
            pub const fn kind(&self) -> u16 {
                match self {
                    $(Self::$kind(_) => $kind::KIND,)+
                }
            }
            /// The event that the content names as the one before; none for a listing.
            pub fn predecessor(&self) -> Option<EventId> {
                match self {
                    $(Self::$kind(body) => body.predecessor(),)+
                }
            }
            /// The unsigned event; see [`Kind::draft`].
            pub fn draft(&self, links: &Links, created_at: Unix) -> Result<EventDraft, Malformed> {
                match self {
                    $(Self::$kind(body) => body.draft(links, created_at),)+
                }
            }
        }

        $(impl From<$kind> for Body {
            fn from(body: $kind) -> Self {
                Self::$kind(body)
            }
        })+
    };
}

body!(
    Listing,
    Bid,
    CounterBid,
    Acceptance,
    CollateralDeposit,
    PaymentConfirmation,
    Dispute,
    ReceiptConfirmation,
    Refund,
    Agreement,
    ArbitrationOffer,
    Resolution,
    Message,
);
