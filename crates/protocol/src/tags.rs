//! DOMP's tags and ours: one file for each family, each read and written in one place.
//!
//! Other clients refuse unknown content fields but accept any extra tag, so every extension of this project travels in
//! a tag. A tag whose name is known is read strictly (exact number of values, canonical numbers, lower-case hex); a tag
//! whose name is unknown is ignored.

pub mod arbiter;
pub mod commit;
pub mod confirm;
pub mod escrow;
pub mod hash;
pub mod heights;
pub mod holds;
pub mod links;
pub mod node;
pub mod reader;
pub mod relays;
pub mod sealed;
