//! Which events an embedded relay takes.

use domp_ports::relays::Policy;
use nostr::{Event, JsonUtil, util::BoxedFuture};
use nostr_relay_builder::builder::{PolicyResult, WritePolicy};
use std::{collections::BTreeSet, net::SocketAddr, ops::RangeInclusive};

/// DOMP's kinds (DIP-01).
const DOMP: RangeInclusive<u16> = 300..=399;
/// What a trade needs besides: profiles, deletions, gift wraps, relay lists.
const BESIDES: [u16; 4] = [0, 5, 1059, 10002];
/// Largest event taken, in bytes of JSON.
const MAX_EVENT_BYTES: usize = 128 * 1024;

/// Which kinds of events a relay takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AdmittedKinds {
    /// Every kind.
    Every,
    /// What trades need (300 to 399, 0, 5, 1059, 10002), and these.
    TradesAnd(BTreeSet<u16>),
}

impl Default for AdmittedKinds {
    fn default() -> Self {
        Self::TradesAnd(BTreeSet::new())
    }
}

impl AdmittedKinds {
    fn contains(&self, kind: u16) -> bool {
        match self {
            Self::Every => true,
            Self::TradesAnd(more) => DOMP.contains(&kind) || BESIDES.contains(&kind) || more.contains(&kind),
        }
    }
}

/// The rule that the relay asks before it keeps an event; id and signature have been verified.
#[derive(Debug)]
pub(super) struct Admission {
    pub(super) kinds: AdmittedKinds,
    pub(super) policy: Policy,
}

impl Admission {
    fn objection(&self, event: &Event) -> Option<String> {
        let kind = event.kind.as_u16();
        if !self.kinds.contains(kind) {
            return Some(format!("events of kind {kind} are not taken here"));
        }
        let bytes = event.as_json().len();
        if bytes > MAX_EVENT_BYTES {
            return Some(format!("the event has {bytes} bytes, at most {MAX_EVENT_BYTES} are taken"));
        }
        let bits = self.policy.bits_for(kind);
        if DOMP.contains(&kind) && !event.id.check_pow(bits) {
            return Some(format!("pow: {bits} leading zero bits are asked of kind {kind}"));
        }
        None
    }
}

impl WritePolicy for Admission {
    fn admit_event<'a>(&'a self, event: &'a Event, _from: &'a SocketAddr) -> BoxedFuture<'a, PolicyResult> {
        let verdict = self.objection(event).map_or(PolicyResult::Accept, PolicyResult::Reject);
        Box::pin(std::future::ready(verdict))
    }
}
