//! The Lightning node: reachable, on the right network, synced, allowed to us, able to hold, with room.

use super::{bake, bake_with_channels, chain, files, finding::Finding, patiently};
use crate::{
    config::Config,
    shown::sats_of_msat,
    wiring::{self, Allowed},
};
use domp_ports::{
    clock::{Clock, SystemClock},
    lightning::{Capabilities, ChannelStatus, Lightning, LnError},
};

/// Looks at all of it.
pub async fn check(config: &Config) -> Vec<Finding> {
    let mut findings: Vec<Finding> =
        wiring::macaroon_file(config).and_then(|path| files::macaroon(&path)).into_iter().collect();
    let connected = patiently(wiring::lightning_now(config)).await;
    let (node, allowed) = match connected {
        Ok(Ok(connected)) => connected,
        Ok(Err(failure)) => {
            findings.push(Finding::failed("node", &failure));
            return findings;
        }
        Err(silence) => {
            findings.push(Finding::bad("node", silence, "is LND running, and is the address right?"));
            return findings;
        }
    };
    let capabilities = node.capabilities();
    match patiently(node.info()).await {
        Ok(Ok(info)) => {
            let found = format!("{}, {}, on {}", capabilities.implementation, info.id, info.network);
            findings.push(if info.network == config.network {
                Finding::good("node", found)
            } else {
                Finding::bad(
                    "node",
                    found,
                    format!("the configuration says {}: connect to a node on it", config.network),
                )
            });
            findings.push(chain::synced(&info.tip));
            findings.push(chain::clock(SystemClock.now(), &info.tip));
        }
        Ok(Err(error)) => findings.push(node_error("node", &error)),
        Err(silence) => findings.push(Finding::bad("node", silence, "look at LND's log")),
    }
    findings.extend(macaroon(&allowed));
    findings.extend(holding(&capabilities));
    findings.push(liquidity(node.as_ref()).await);
    findings
}

fn node_error(check: &str, error: &LnError) -> Finding {
    let way_out = match error {
        LnError::Denied(_) => format!("bake a macaroon that allows it: {}", bake()),
        _ => "look at LND's log".to_owned(),
    };
    Finding::bad(check, error.to_string(), way_out)
}

fn macaroon(allowed: &Allowed) -> Vec<Finding> {
    let check = "macaroon";
    let lacks = |calls: &[String]| format!("does not allow {}", calls.join(", "));
    let mut findings = Vec::new();
    if allowed.missing_for_trades.is_empty() {
        findings.push(Finding::good(check, "allows every call that a trade needs"));
    } else {
        findings.push(Finding::bad(
            check,
            lacks(&allowed.missing_for_trades),
            format!("bake another: {}", bake()),
        ));
    }
    if !allowed.missing_but_advised.is_empty() {
        let way_out = "without it domp does not see some of LND's settings and assumes its defaults";
        findings.push(Finding::warning(check, lacks(&allowed.missing_but_advised), way_out));
    }
    if !allowed.missing_for_channels.is_empty() {
        let found = lacks(&allowed.missing_for_channels);
        findings.push(Finding::good(
            check,
            format!(
                "{found}: `domp channels` cannot open or close; LND's own tools can. If you want it to: {}",
                bake_with_channels()
            ),
        ));
    }
    if !allowed.excess.is_empty() {
        let found = format!("allows more than is used: {}", allowed.excess.join(", "));
        findings.push(Finding::warning(
            check,
            found,
            format!("whoever steals it could do that too; bake one for trades alone: {}", bake()),
        ));
    }
    if !allowed.conditions.is_empty() {
        let found = format!("has conditions: {}", allowed.conditions.join(", "));
        findings.push(Finding::warning(check, found, "it must not stop working while a trade is open"));
    }
    findings
}

fn holding(capabilities: &Capabilities) -> Vec<Finding> {
    let check = "holding";
    let mut findings = Vec::new();
    if capabilities.holds {
        let found =
            format!("lets go of a held payment {} before its expiry by itself", capabilities.auto_cancel);
        findings.push(Finding::good(check, found));
    } else {
        findings.push(Finding::warning(
            check,
            "this node cannot hold payments",
            "you can buy with it, not sell",
        ));
    }
    if capabilities.holds && !capabilities.settles_on_chain {
        let way_out = "sell only over channels with peers you trust, or use another kind of node";
        findings.push(Finding::warning(
            check,
            "this node cannot claim a held payment once its channel is on chain",
            way_out,
        ));
    }
    findings
}

async fn liquidity(node: &dyn Lightning) -> Finding {
    let check = "liquidity";
    let asked =
        patiently(async { Ok::<_, LnError>((node.channels().await?, node.liquidity().await?)) }).await;
    match asked {
        Err(silence) => Finding::bad(check, silence, "look at LND's log"),
        Ok(Err(error)) => node_error(check, &error),
        Ok(Ok((channels, liquidity))) => {
            let open = channels.iter().filter(|channel| channel.status == ChannelStatus::Open);
            let (all, active) =
                open.fold((0, 0), |(all, active), channel| (all + 1, active + usize::from(channel.active)));
            let found = format!(
                "{active} of {all} channels active; can send {}, receive {}",
                sats_of_msat(liquidity.outbound.get()),
                sats_of_msat(liquidity.inbound.get())
            );
            match (active, liquidity.outbound.get(), liquidity.inbound.get()) {
                (0, _, _) => {
                    Finding::warning(check, found, "open a channel (`domp channels open`) before you trade")
                }
                (_, 0, _) => Finding::warning(check, found, "you can sell, but not buy"),
                (_, _, 0) => Finding::warning(
                    check,
                    found,
                    "you can buy, but not sell: somebody has to open a channel towards you",
                ),
                _ => Finding::good(check, found),
            }
        }
    }
}
