//! What is wrong with an event's content or tags: every error names the field or the tag, and the rule.

/// An event whose content or tags break a rule.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    /// A kind that this crate does not read.
    #[error("kind {0} is none of those a DOMP trade is made of (300-303, 310-317, 320)")]
    UnknownKind(u16),
    /// Another kind than the one that was asked for.
    #[error("the event is of kind {found}; kind {expected} is needed here")]
    WrongKind {
        /// The event's kind.
        found: u16,
        /// The kind asked for.
        expected: u16,
    },
    /// Content that is no JSON object, or doubles a key.
    #[error("the content {0}")]
    Content(String),
    /// A content field that is missing, unknown or outside its rule.
    #[error("content field `{field}` {problem}")]
    Field {
        /// The field's name; a nested one as `outer.inner`.
        field: String,
        /// The rule it breaks.
        problem: String,
    },
    /// A tag that is missing, doubled or outside its rule.
    #[error("tag `{tag}` {problem}")]
    Tag {
        /// The tag's name.
        tag: String,
        /// The rule it breaks.
        problem: String,
    },
    /// A private message of a type or version that this crate does not speak: kept and ignored, so that a later version
    /// can add messages.
    #[error("a private message of {0} is not spoken here")]
    UnknownMessage(String),
    /// A private message whose type is kept for the mode with an arbiter.
    #[error("a private message of type `{0}` belongs to arbitrated mode, which is not spoken here")]
    ArbitratedOnly(String),
}

impl Malformed {
    pub(crate) fn field(field: impl Into<String>, problem: impl Into<String>) -> Self {
        Self::Field { field: field.into(), problem: problem.into() }
    }
    pub(crate) fn tag(tag: impl Into<String>, problem: impl Into<String>) -> Self {
        Self::Tag { tag: tag.into(), problem: problem.into() }
    }
}
