//! Splitting a payment into parts: whole over the shortest way, else in parts over the widest ones.

use crate::{
    htlc::Hop,
    node::NodeIndex,
    route::{Limits, Promised, Query},
    world::World,
};
use domp_protocol::units::{Blocks, Height, Msat};
use std::fmt;

/// Smallest part that is sent: 10,000 sat, as LND has it.
const SMALLEST_PART: u64 = 10_000_000;
/// Attempts at making room for fees on a way; each takes off what was too much.
const FITTINGS: usize = 8;

/// Why there is no way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum NoWay {
    UnknownPayee,
    Balance { has: Msat, needs: Msat },
    Liquidity { needs: Msat, parts: u32 },
    Cltv { needs: Blocks },
    Fee { needs: Msat, most: Msat },
}

impl fmt::Display for NoWay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownPayee => write!(f, "no route: the payee is not in this network"),
            Self::Balance { has, needs } => {
                write!(f, "insufficient balance: {has} can be sent, {needs} and the routing fees are needed")
            }
            Self::Liquidity { needs, parts } => {
                write!(f, "no route: no way to the payee has the liquidity for {needs} in {parts} parts")
            }
            Self::Cltv { needs } => write!(f, "no route within the CLTV limit: the shortest needs {needs}"),
            Self::Fee { needs, most } => {
                write!(f, "no route within the fee limit of {most}: the one found costs {needs}")
            }
        }
    }
}

impl World {
    /// The parts of a payment, each with its hops, within the limits; or why there are none.
    pub(crate) fn plan(
        &self,
        payer: NodeIndex,
        payee: NodeIndex,
        amount: Msat,
        expiry: Height,
        limits: Limits,
        parts: u32,
    ) -> Result<Vec<Vec<Hop>>, NoWay> {
        let query = Query { payer, payee, expiry, latest: limits.latest };
        let Some(routes) = self.split(&query, amount, parts) else {
            return Err(self.why_not(&query, amount, parts));
        };
        let sent = routes.iter().fold(Msat::ZERO, |sum, hops| sum.saturating_add(hops[0].amount));
        let fee = sent.saturating_sub(amount);
        if fee > limits.max_fee {
            return Err(NoWay::Fee { needs: fee, most: limits.max_fee });
        }
        Ok(routes)
    }

    fn split(&self, query: &Query, amount: Msat, parts: u32) -> Option<Vec<Vec<Hop>>> {
        let mut promised = Promised::new();
        let mut routes = Vec::new();
        let mut rest = amount;
        for left in (1..=parts).rev() {
            if let Some(hops) = self.shortest(query, rest, &promised) {
                routes.push(hops);
                return Some(routes);
            }
            if left == 1 {
                break;
            }
            let hops = self.largest_part(query, rest, &promised)?;
            for hop in &hops {
                let (amount, slots) = promised.entry((hop.channel, hop.from)).or_default();
                *amount = amount.saturating_add(hop.amount);
                *slots += 1;
            }
            rest = rest.saturating_sub(hops.last()?.amount);
            routes.push(hops);
        }
        None
    }

    /// The largest part that one way carries, leaving no crumb for the next.
    fn largest_part(&self, query: &Query, rest: Msat, promised: &Promised) -> Option<Vec<Hop>> {
        let (path, wide) = self.widest(query, promised)?;
        let crumb = Msat::new(SMALLEST_PART).ok()?;
        let mut amount = wide.min(rest.saturating_sub(crumb));
        for _ in 0..FITTINGS {
            if amount < crumb {
                return None;
            }
            let hops = self.along(&path, query, amount);
            let excess = hops
                .iter()
                .map(|hop| hop.amount.saturating_sub(self.available(hop.channel, hop.from, promised)));
            match excess.max() {
                None | Some(Msat::ZERO) => return Some(hops),
                Some(excess) => amount = amount.saturating_sub(excess),
            }
        }
        None
    }

    fn why_not(&self, query: &Query, amount: Msat, parts: u32) -> NoWay {
        let has = self.liquidity(query.payer).outbound;
        if has < amount {
            return NoWay::Balance { has, needs: amount };
        }
        let unlimited = Query { latest: Height(u32::MAX), ..*query };
        match self.split(&unlimited, amount, parts) {
            Some(routes) => {
                let latest = routes.iter().map(|hops| hops[0].expiry).max().unwrap_or(query.expiry);
                NoWay::Cltv { needs: self.view(query.payer).height.until(latest) }
            }
            None => NoWay::Liquidity { needs: amount, parts },
        }
    }
}
