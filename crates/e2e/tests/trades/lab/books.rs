//! The books: what each node has, to the satoshi.

use domp_regtest::{Lnd, Regtest};
use serde_json::Value;

/// What the two nodes have in their channels, in satoshi, with nothing on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Books {
    pub seller: u64,
    pub buyer: u64,
}

impl Books {
    /// Reads both nodes; an error while anything is on its way or a channel is not usable.
    pub async fn read(net: &Regtest) -> Result<Self, String> {
        let seller = worth(net.node("seller").map_err(|error| error.to_string())?).await?;
        let buyer = worth(net.node("buyer").map_err(|error| error.to_string())?).await?;
        Ok(Self { seller, buyer })
    }

    /// The books after the seller was paid so much.
    #[must_use]
    pub fn after(self, paid: u64) -> Self {
        Self { seller: self.seller + paid, buyer: self.buyer - paid }
    }
}

/// A node's share of its channels. The commitment's fee is its opener's money, and comes and goes with the HTLCs.
async fn worth(node: &Lnd) -> Result<u64, String> {
    let name = node.name();
    let answer = node.get("/v1/channels").await.map_err(|error| error.to_string())?;
    let channels = answer["channels"].as_array().map(Vec::as_slice).unwrap_or_default();
    let [channel] = channels else { return Err(format!("{name} has {} channels", channels.len())) };
    let pending = channel["pending_htlcs"].as_array().map_or(0, Vec::len);
    if pending > 0 || sat(channel, "unsettled_balance")? > 0 {
        return Err(format!("{name} has {pending} HTLCs on their way"));
    }
    if channel["active"] != true {
        return Err(format!("the channel of {name} is not active"));
    }
    let fee = if channel["initiator"] == true { sat(channel, "commit_fee")? } else { 0 };
    Ok(sat(channel, "local_balance")? + fee)
}

/// LND writes 64-bit numbers as text.
fn sat(channel: &Value, field: &str) -> Result<u64, String> {
    let number = channel[field].as_str().and_then(|text| text.parse().ok());
    number.ok_or_else(|| format!("no {field} in {channel}"))
}
