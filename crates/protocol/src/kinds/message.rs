//! Kind 320, message: words between people, in public. This project's own messages share the kind but travel inside
//! gift wraps and have other content; see [`crate::private`].

use super::body::Kind;
use super::fields::{Fields, Object, parsed, text};
use super::malformed::Malformed;
use crate::ids::EventId;
use crate::tags::reader::Tag;
use serde::{Deserialize, Serialize};

/// A public message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// `message`, 1 to 5000 characters.
    pub message: String,
    /// `ref`: the event spoken of.
    pub about: Option<EventId>,
}

impl Kind for Message {
    const KIND: u16 = 320;

    fn read(content: &str, _: &[Tag]) -> Result<Self, Malformed> {
        let mut fields = Fields::parse(content)?;
        let message =
            Self { message: fields.need("message", text(1..=5000))?, about: fields.maybe("ref", parsed)? };
        fields.finish()?;
        Ok(message)
    }

    fn content(&self) -> String {
        Object::new().text("message", &self.message).maybe_text("ref", self.about).to_ascii()
    }

    fn predecessor(&self) -> Option<EventId> {
        self.about
    }
}
