//! `["escrow","1",mode…]`: which escrow a listing offers and a bid chooses.

use super::reader::{Tag, Tags, brief};
use crate::kinds::malformed::Malformed;
use serde::{Deserialize, Serialize};
use std::fmt;

/// The version of the escrow protocol that this crate speaks, first value of the `escrow` and `heights` tags.
pub const ESCROW_VERSION: &str = "1";

/// How a trade's money is held, chosen in the bid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// Two parties, no third: only the buyer can release the price, and no collateral of the seller exists.
    Direct,
    /// An arbiter holds a share of each secret and can release or award, alone nothing.
    Arbitrated,
}

impl Mode {
    /// The word used in the tag.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Direct => "direct",
            Self::Arbitrated => "arbitrated",
        }
    }
}
impl std::str::FromStr for Mode {
    type Err = &'static str;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        [Self::Direct, Self::Arbitrated]
            .into_iter()
            .find(|mode| mode.as_str() == text)
            .ok_or("known modes are direct, arbitrated")
    }
}
impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The modes named by an `escrow` tag, in its order, none twice; `None` when the event carries no such tag.
pub(crate) fn read(tags: Tags<'_>) -> Result<Option<Vec<Mode>>, Malformed> {
    let Some(tag) = tags.one("escrow")? else { return Ok(None) };
    let Some((version, names)) = tag.as_slice().split_first() else {
        return Err(tag.bad("must be [\"escrow\", version, mode…]"));
    };
    if version != ESCROW_VERSION {
        return Err(tag.bad(format!("has version {:?}; only version 1 is spoken here", brief(version))));
    }
    let mut modes = Vec::new();
    for name in names {
        let mode: Mode = tag.parse(&format!("the mode {:?}", brief(name)), name)?;
        if modes.contains(&mode) {
            return Err(tag.bad(format!("names the mode {mode} twice")));
        }
        modes.push(mode);
    }
    if modes.is_empty() {
        return Err(tag.bad("names no mode"));
    }
    Ok(Some(modes))
}

/// The one mode that a bid or an acceptance chooses; `None` when the event carries no `escrow` tag.
pub(crate) fn read_choice(tags: Tags<'_>) -> Result<Option<Mode>, Malformed> {
    match read(tags)?.as_deref() {
        None => Ok(None),
        Some([mode]) => Ok(Some(*mode)),
        Some(modes) => {
            Err(Malformed::tag("escrow", format!("names {} modes; exactly one is chosen", modes.len())))
        }
    }
}

/// The tag of an offer or a choice.
pub(crate) fn write(modes: &[Mode]) -> Tag {
    ["escrow", ESCROW_VERSION]
        .into_iter()
        .chain(modes.iter().map(|mode| mode.as_str()))
        .map(str::to_owned)
        .collect()
}
