//! `["arbiter",pubkey,relay,r,fee_sat]`: an arbiter that a listing accepts, or the one that a bid chooses.

use super::reader::{Tag, Tags, tag};
use super::relays::RelayUrl;
use crate::ids::PublicKey;
use crate::kinds::malformed::Malformed;
use crate::units::{Blocks, Sat};
use serde::{Deserialize, Serialize};

/// An arbiter and its conditions.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Arbiter {
    /// The arbiter's Nostr key.
    pub key: PublicKey,
    /// A relay on which the arbiter reads.
    pub relay: RelayUrl,
    /// r: blocks the arbiter has for a ruling, at least 288.
    pub ruling: Blocks,
    /// The arbiter's fee for one trade, paid by an ordinary invoice.
    pub fee: Sat,
}

/// The least number of blocks an arbiter may take for a ruling.
pub const LEAST_RULING: Blocks = Blocks(288);
/// The most arbiters that one listing may name.
pub const MOST_ARBITERS: usize = 16;

pub(crate) fn read(tags: Tags<'_>, most: usize) -> Result<Vec<Arbiter>, Malformed> {
    let mut arbiters: Vec<Arbiter> = Vec::new();
    for values in tags.up_to("arbiter", most)? {
        let [key, relay, ruling, fee] = values.exactly("[\"arbiter\", pubkey, relay, r, fee in sat]")?;
        let arbiter = Arbiter {
            key: values.parse("the key", key)?,
            relay: values.parse("the relay", relay)?,
            ruling: Blocks(values.number("r", ruling)?),
            fee: Sat::new(values.number("the fee", fee)?).map_err(|error| values.bad(error.to_string()))?,
        };
        if !(LEAST_RULING.0..=2016).contains(&arbiter.ruling.0) {
            return Err(
                values.bad(format!("r is {}; it must be from {} to 2016", arbiter.ruling, LEAST_RULING.0))
            );
        }
        if arbiters.iter().any(|other| other.key == arbiter.key) {
            return Err(values.bad(format!("names {} twice", arbiter.key)));
        }
        arbiters.push(arbiter);
    }
    Ok(arbiters)
}

pub(crate) fn write(arbiter: &Arbiter) -> Tag {
    tag([
        "arbiter",
        &arbiter.key.to_string(),
        arbiter.relay.as_str(),
        &arbiter.ruling.0.to_string(),
        &arbiter.fee.get().to_string(),
    ])
}
