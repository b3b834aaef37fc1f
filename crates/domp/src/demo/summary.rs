//! The summary: whether the trial ended as its flow must, in one line for people and one object for programs.

use super::{Flow, Nodes, purse::Balances, trouble::Trouble};
use domp_protocol::units::{Height, Msat, Sat};
use serde::Serialize;
use std::time::Duration;

/// What the trial came to.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "type", rename = "summary")]
pub struct Summary {
    /// Which flow.
    pub flow: &'static str,
    /// On which nodes.
    pub nodes: &'static str,
    /// Whether it ended as this flow must, with every satoshi accounted for.
    pub ok: bool,
    /// What differs, or what went wrong; empty when all is well.
    pub differences: Vec<String>,
    /// What both had, paid and got back; absent if the trade did not come to its end.
    #[serde(flatten)]
    pub accounts: Option<Accounts>,
    /// Seconds that all of it took, starting and stopping of nodes included.
    pub seconds: f64,
}

/// Where the money went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Accounts {
    /// The price that was agreed on.
    pub price_sat: Sat,
    /// The buyer's collateral that was agreed on.
    pub collateral_sat: Sat,
    /// What the seller has more than before.
    pub paid_to_seller_sat: Sat,
    /// What was locked and is back with the buyer.
    pub returned_to_buyer_sat: Sat,
    /// What the buyer has less than before, beyond what the seller has more.
    pub fees_msat: Msat,
    /// Height at the end.
    pub height: Height,
    /// Blocks mined from the first step to the last.
    pub blocks: u32,
    /// Before the trade.
    pub before: Balances,
    /// After it.
    pub after: Balances,
}

impl Summary {
    /// Of a trade that came to its end.
    pub const fn of_accounts(flow: Flow, nodes: Nodes, accounts: Accounts, differences: Vec<String>) -> Self {
        let (flow, nodes, ok) = (flow.as_str(), nodes.as_str(), differences.is_empty());
        Self { flow, nodes, ok, differences, accounts: Some(accounts), seconds: 0.0 }
    }

    /// Of a trial that ended early.
    pub fn of_trouble(flow: Flow, nodes: Nodes, trouble: &Trouble) -> Self {
        Self {
            flow: flow.as_str(),
            nodes: nodes.as_str(),
            ok: false,
            differences: vec![trouble.to_string()],
            accounts: None,
            seconds: 0.0,
        }
    }

    /// With the time that it took, in tenths of a second.
    #[must_use]
    pub fn after(mut self, elapsed: Duration) -> Self {
        self.seconds = (elapsed.as_secs_f64() * 10.0).round() / 10.0;
        self
    }

    /// The last line.
    pub fn line(&self) -> String {
        let Self { flow, seconds, .. } = self;
        match self.accounts.filter(|_| self.ok) {
            Some(accounts) => format!("{flow}: {}, {seconds:.1} s", accounts.words()),
            None => format!("FAILED ({flow}): {}; {seconds:.1} s", self.differences.join("; ")),
        }
    }
}

impl Accounts {
    fn words(&self) -> String {
        let Self { paid_to_seller_sat: paid, returned_to_buyer_sat: returned, .. } = self;
        let fees = match (self.fees_msat.get() / 1000, self.fees_msat.get() % 1000) {
            (sat, 0) => format!("{sat} sat"),
            (sat, rest) => format!("{sat}.{rest:03} sat"),
        };
        let money = if !paid.is_zero() {
            format!("{paid} paid to the seller, {returned} collateral back with the buyer")
        } else if returned.is_zero() {
            "nothing was ever locked or paid, the channel is open".to_owned()
        } else {
            format!("{returned} back with the buyer, nothing paid to the seller, the channel is open")
        };
        format!("{money}, fees {fees}, {} blocks", self.blocks)
    }
}
