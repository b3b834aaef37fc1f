//! Units: amounts, block heights, block counts and seconds that cannot be mixed up.

use serde::{Deserialize, Serialize};
use std::fmt;

/// An amount in millisatoshi, the unit of Lightning (BOLT 2).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Msat(u64);

/// An amount in whole satoshi, the unit of DOMP's event contents (DIP-01).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Sat(u64);

/// All satoshis there will ever be; a larger amount is refused wherever one is read.
pub const MAX_SAT: u64 = 21_000_000 * 100_000_000;

/// An amount above [`MAX_SAT`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0} sat is more than all bitcoin that will ever exist")]
pub struct AmountTooLarge(pub u64);

impl Sat {
    /// No satoshi at all: a role with this amount is skipped.
    pub const ZERO: Self = Self(0);

    /// An amount in satoshi, refused above [`MAX_SAT`].
    pub const fn new(sat: u64) -> Result<Self, AmountTooLarge> {
        if sat > MAX_SAT { Err(AmountTooLarge(sat)) } else { Ok(Self(sat)) }
    }
    /// The number of satoshi.
    pub const fn get(self) -> u64 {
        self.0
    }
    /// Exactly 1000 msat for each sat `[D3-05]`; cannot overflow below [`MAX_SAT`] and saturates above.
    pub const fn to_msat(self) -> Msat {
        Msat(self.0.saturating_mul(1000))
    }
    /// Whether the amount is zero, which means that its role is skipped.
    pub const fn is_zero(self) -> bool {
        self.0 == 0
    }
    /// The sum, capped at the largest representable amount.
    pub const fn saturating_add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl Msat {
    /// Nothing.
    pub const ZERO: Self = Self(0);

    /// An amount in millisatoshi, refused above [`MAX_SAT`] satoshis.
    pub const fn new(msat: u64) -> Result<Self, AmountTooLarge> {
        if msat / 1000 > MAX_SAT { Err(AmountTooLarge(msat / 1000)) } else { Ok(Self(msat)) }
    }
    /// The number of millisatoshi.
    pub const fn get(self) -> u64 {
        self.0
    }
    /// The sum, capped at the largest representable amount.
    pub const fn saturating_add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
    /// The difference, zero when `other` is larger.
    pub const fn saturating_sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
    /// Whole satoshi, rounded down.
    pub const fn to_sat_floor(self) -> Sat {
        Sat(self.0 / 1000)
    }
}

impl fmt::Display for Sat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} sat", self.0)
    }
}
impl fmt::Display for Msat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} msat", self.0)
    }
}

/// A block height, absolute: the number of blocks before it on the best chain.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Height(pub u32);

/// A number of blocks: a distance between two heights, such as a CLTV delta.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Blocks(pub u32);

impl Height {
    /// The height `blocks` later; saturates, since no chain is that long.
    pub const fn plus(self, blocks: Blocks) -> Self {
        Self(self.0.saturating_add(blocks.0))
    }
    /// The height `blocks` earlier, at least the genesis block.
    pub const fn minus(self, blocks: Blocks) -> Self {
        Self(self.0.saturating_sub(blocks.0))
    }
    /// Blocks from `self` until `later`; zero when it has passed.
    pub const fn until(self, later: Self) -> Blocks {
        Blocks(later.0.saturating_sub(self.0))
    }
}
impl Blocks {
    /// The sum, saturating.
    pub const fn plus(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}
impl fmt::Display for Height {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "block {}", self.0)
    }
}
impl fmt::Display for Blocks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} block{}", self.0, if self.0 == 1 { "" } else { "s" })
    }
}

/// Seconds since the Unix epoch, as in a Nostr event's `created_at` (NIP-01) and a BOLT11 timestamp.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Unix(pub u64);

impl Unix {
    /// The moment `seconds` later, saturating.
    pub const fn plus(self, seconds: u64) -> Self {
        Self(self.0.saturating_add(seconds))
    }
    /// Seconds from `self` until `later`; zero when it has passed.
    pub const fn until(self, later: Self) -> u64 {
        later.0.saturating_sub(self.0)
    }
}
