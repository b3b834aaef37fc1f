//! One participant's port to relays in memory.

use super::{MemoryNet, feed::MemoryFeed};
use crate::address::RelayAddress;
use async_trait::async_trait;
use domp_ports::relays::{Delivered, Policy, RelayAnswer, RelayError, RelayStatus, Relays, Wanted};
use futures::{StreamExt, stream::BoxStream};
use std::collections::BTreeSet;

/// A relay of a call: the caller's spelling, and the normal name or why there is none.
type Named = (String, Result<String, RelayError>);

/// The [`Relays`] port of somebody who has some of a [`MemoryNet`]'s relays configured.
#[derive(Clone, Debug)]
pub struct MemoryRelays {
    net: MemoryNet,
    configured: Vec<String>,
}

impl MemoryRelays {
    pub(super) fn new(net: MemoryNet, configured: Vec<String>) -> Self {
        Self { net, configured }
    }

    /// The relays of this participant's world.
    pub fn net(&self) -> &MemoryNet {
        &self.net
    }

    /// The relays of a call, under their normal names or with what is wrong with them. Fails if not one can be used.
    fn named(&self, relays: &[String]) -> Result<Vec<Named>, RelayError> {
        let relays = if relays.is_empty() { &self.configured } else { relays };
        let normal = |text: &String| RelayAddress::parse(text, true).map(|a| a.as_str().to_owned());
        let named: Vec<Named> = relays.iter().map(|text| (text.clone(), normal(text))).collect();
        if named.iter().any(|(_, name)| name.is_ok()) {
            return Ok(named);
        }
        match named.into_iter().next() {
            Some((_, Err(error))) => Err(error),
            _ => Err(RelayError::NoneAnswered("no relay is configured and none was named".into())),
        }
    }

    /// The relays of a call, each once whatever its spelling.
    fn distinct(&self, relays: &[String]) -> Result<BTreeSet<String>, RelayError> {
        Ok(self.named(relays)?.into_iter().filter_map(|(_, name)| name.ok()).collect())
    }
}

#[async_trait]
impl Relays for MemoryRelays {
    async fn publish(
        &self,
        event_json: &str,
        relays: &[String],
    ) -> Result<Vec<(String, RelayAnswer)>, RelayError> {
        let named = self.named(relays)?;
        let event = match self.net.admit(event_json) {
            Ok(event) => event,
            Err(reason) => {
                let refused = |(name, _)| (name, RelayAnswer::Refused(format!("invalid: {reason}")));
                return Ok(named.into_iter().map(refused).collect());
            }
        };
        let mut world = self.net.lock();
        let mut answers = Vec::with_capacity(named.len());
        for (given, name) in named {
            let answer = match name.map(|name| world.relays.get_mut(&name).map(|relay| relay.publish(&event)))
            {
                Ok(Some(answer)) => answer,
                Ok(None) => RelayAnswer::NoAnswer("no such host".into()),
                Err(error) => RelayAnswer::NoAnswer(error.to_string()),
            };
            answers.push((given, answer));
        }
        world.wake();
        Ok(answers)
    }

    async fn subscribe(
        &self,
        wanted: Vec<Wanted>,
        relays: &[String],
    ) -> Result<BoxStream<'static, Delivered>, RelayError> {
        let names = if wanted.is_empty() { BTreeSet::new() } else { self.distinct(relays)? };
        Ok(MemoryFeed::new(self.net.clone(), wanted, names).boxed())
    }

    async fn fetch(&self, wanted: Wanted, relays: &[String]) -> Result<(Vec<Delivered>, usize), RelayError> {
        let names = self.distinct(relays)?;
        let world = self.net.lock();
        let (mut events, mut complete, mut reasons) = (Vec::new(), 0, Vec::new());
        for name in names {
            match world.relays.get(&name) {
                None => reasons.push(format!("{name}: no such host")),
                Some(relay) if !relay.is_reachable() => reasons.push(format!("{name}: {}", relay.silence())),
                Some(relay) => {
                    complete += 1;
                    let found = relay.find(std::slice::from_ref(&wanted));
                    let delivered = |json: String| Delivered { json, relay: name.clone() };
                    events.extend(found.iter().map(|event| delivered(event.json.clone())));
                }
            }
        }
        if complete == 0 {
            return Err(RelayError::NoneAnswered(reasons.join("; ")));
        }
        Ok((events, complete))
    }

    async fn policy(&self, relay: &str) -> Result<Policy, RelayError> {
        let address = RelayAddress::parse(relay, true)?;
        match self.net.lock().relays.get(address.as_str()) {
            Some(relay) if relay.is_reachable() => Ok(relay.policy.clone()),
            Some(relay) => Err(RelayError::NoneAnswered(format!("{address}: {}", relay.silence()))),
            None => Err(RelayError::NoneAnswered(format!("{address}: no such host"))),
        }
    }

    async fn status(&self) -> Vec<RelayStatus> {
        let world = self.net.lock();
        let status = |url: &String| {
            let silence = world
                .relays
                .get(url)
                .map_or(Some("no such host"), |relay| (!relay.is_reachable()).then(|| relay.silence()));
            RelayStatus {
                url: url.clone(),
                connected: silence.is_none(),
                last_error: silence.map(str::to_owned),
            }
        };
        self.configured.iter().map(status).collect()
    }
}
