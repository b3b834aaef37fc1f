//! The relays: reachable, and what they ask for.

use super::{finding::Finding, patiently};
use crate::{config::Config, wiring};
use domp_ports::relays::{Relays, Wanted};
use futures::future::join_all;

/// Trades are safer on this many.
const ENOUGH: usize = 3;
/// Kinds that are published most.
const LISTING: u16 = 300;
const BID: u16 = 301;

/// Looks at all of them.
pub async fn check(config: &Config) -> Vec<Finding> {
    let urls = &config.relays.urls;
    if urls.is_empty() {
        return vec![Finding::bad(
            "relays",
            "none is configured",
            "name some under relays, better three, run by different people",
        )];
    }
    let relays = match wiring::relays_from_outside(config) {
        Ok(relays) => relays,
        Err(failure) => return vec![Finding::failed("relays", &failure)],
    };
    let mut findings =
        join_all(urls.iter().map(|url| relay(relays.as_ref(), url, config.limits.max_pow_bits))).await;
    if urls.len() < ENOUGH {
        let found = format!("{} configured", urls.len());
        findings.push(Finding::warning(
            "relays",
            found,
            "three or more are safer: each may lose, delay or refuse an event",
        ));
    }
    findings
}

async fn relay(relays: &dyn Relays, url: &str, most_bits: u8) -> Finding {
    let check = format!("relay {url}");
    let wanted = Wanted { kinds: vec![LISTING], limit: Some(1), ..Wanted::default() };
    let asked = patiently(relays.fetch(wanted, &[url.to_owned()])).await;
    match asked {
        Ok(Ok((_, complete))) if complete > 0 => {}
        Ok(Ok(_)) => {
            return Finding::bad(
                &check,
                "answers, but not completely",
                "remove it from relays, or ask its operator",
            );
        }
        Ok(Err(error)) => {
            return Finding::bad(
                &check,
                error.to_string(),
                "check the address and your connection, or name another relay",
            );
        }
        Err(silence) => return Finding::bad(&check, silence, "name another relay"),
    }
    match patiently(relays.policy(url)).await {
        Ok(Ok(policy)) => {
            let (listing, bid) = (policy.bits_for(LISTING), policy.bits_for(BID));
            let asks = format!("reachable; asks for {listing} bits of work for a listing, {bid} for a bid");
            if listing.max(bid) > most_bits {
                Finding::warning(
                    &check,
                    asks,
                    format!(
                        "more than limits.max_pow_bits allows ({most_bits}): nothing of yours would be taken there"
                    ),
                )
            } else {
                Finding::good(&check, asks)
            }
        }
        Ok(Err(error)) => Finding::warning(
            &check,
            format!("reachable, but its policy cannot be read: {error}"),
            "no proof of work is made for it",
        ),
        Err(silence) => Finding::warning(
            &check,
            format!("reachable, but its policy was not told: {silence}"),
            "no proof of work is made for it",
        ),
    }
}
