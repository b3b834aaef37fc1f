//! What LND can do, by the version and the settings it reports.
//!
//! Two distances before an HTLC's expiry E decide about money: LND cancels a held invoice by itself at
//! E − `invoices.holdexpirydelta`, and goes on chain with a preimage it knows at E − its broadcast delta. Both grew
//! with version 0.21. The first is a setting, which [`Settings`] tells where the macaroon allows to ask; otherwise
//! the version's default counts.
//!
//! A version newer than those known here may have larger distances still. Too large a distance only makes trades end
//! earlier than they must; too small a one loses money. So for such a version the setting counts if LND tells it, and
//! otherwise a distance twice as large as any known.

use crate::{error::ConnectError, rpc::lnrpc::GetDebugInfoResponse};
use domp_ports::lightning::Capabilities;
use domp_protocol::units::Blocks;

/// The oldest version that cancels held invoices before they expire.
const OLDEST: Version = Version(0, 15, 0);
/// The version that moved both distances away from expiry.
const LONGER_DISTANCES: Version = Version(0, 21, 0);
/// The first version that was not read and tested for this adapter.
const UNREAD: Version = Version(0, 22, 0);
/// The first version that tells its settings without its log.
const TELLS_SETTINGS: Version = Version(0, 21, 0);
/// Held HTLCs in one channel and direction (BOLT 2).
const SLOTS: u32 = 483;
/// `max-cltv-expiry` unless set.
const MAX_CLTV: u32 = 2016;

/// A version of LND, without its suffix.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Version(u32, u32, u32);

impl Version {
    /// Reads `0.21.2-beta commit=v0.21.2-beta` and its like.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let numbers = text.trim_start_matches('v').split(['-', ' ', '+']).next()?;
        let mut parts = numbers.split('.').map(|part| part.parse().ok());
        let version = Self(parts.next()??, parts.next()??, parts.next()??);
        parts.next().is_none().then_some(version)
    }
    /// Whether to ask for the settings at all.
    pub(crate) fn tells_settings(self) -> bool {
        self >= TELLS_SETTINGS
    }
    fn distances(self) -> (u32, u32) {
        match self {
            version if version < LONGER_DISTANCES => (12, 10),
            version if version < UNREAD => (18, 16),
            _ => (36, 16),
        }
    }
    fn min_cltv(self) -> u32 {
        if self < LONGER_DISTANCES { 18 } else { 24 }
    }
}

/// The settings of LND that matter here, as far as it told them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Settings {
    /// `invoices.holdexpirydelta`: blocks before expiry at which a held invoice is cancelled.
    pub hold_expiry_delta: Option<u32>,
    /// `max-cltv-expiry`: the largest total CLTV of a payment.
    pub max_cltv_expiry: Option<u32>,
}

impl Settings {
    pub(crate) fn read(answer: &GetDebugInfoResponse) -> Self {
        let number = |key: &str| answer.config.get(key).and_then(|value| value.parse().ok());
        Self {
            hold_expiry_delta: number("invoices.holdexpirydelta"),
            max_cltv_expiry: number("max-cltv-expiry"),
        }
    }
}

/// What this LND can do.
///
/// # Errors
/// [`ConnectError::UnknownVersion`] if the version cannot be read or is too old to hold payments safely.
pub(crate) fn capabilities(reported: &str, settings: &Settings) -> Result<Capabilities, ConnectError> {
    let version = Version::parse(reported)
        .filter(|version| *version >= OLDEST)
        .ok_or_else(|| ConnectError::UnknownVersion { found: reported.chars().take(80).collect() })?;
    let (default_auto_cancel, on_chain_claim) = version.distances();
    let auto_cancel = settings.hold_expiry_delta.unwrap_or(default_auto_cancel);
    let name = reported.split_whitespace().next().unwrap_or(reported);
    Ok(Capabilities {
        implementation: format!("LND {name}"),
        // Set so low, LND would rather close the channel than give back what nobody settled.
        holds: auto_cancel > on_chain_claim,
        auto_cancel: Blocks(auto_cancel),
        on_chain_claim: Blocks(on_chain_claim),
        settles_on_chain: true,
        dedupes_payments: true,
        min_cltv: Blocks(version.min_cltv().max(auto_cancel.saturating_add(1))),
        max_route_cltv: Blocks(settings.max_cltv_expiry.unwrap_or(MAX_CLTV)),
        sees_final_expiry: true,
        slots_per_channel: SLOTS,
    })
}

#[cfg(test)]
#[allow(non_snake_case)]
mod tests {
    use super::*;

    fn distances(version: &str, settings: Settings) -> (u32, u32, bool) {
        let can = capabilities(version, &settings).unwrap();
        (can.auto_cancel.0, can.on_chain_claim.0, can.holds)
    }

    #[test]
    fn version__known_lines__have_their_distances() {
        for version in ["0.15.5-beta commit=v0.15.5-beta", "0.20.3-beta", "0.20.99"] {
            assert_eq!(distances(version, Settings::default()), (12, 10, true), "{version}");
        }
        for version in ["0.21.0-beta", "0.21.2-beta commit=", "v0.21.9-beta.rc1"] {
            assert_eq!(distances(version, Settings::default()), (18, 16, true), "{version}");
        }
    }

    #[test]
    fn version__newer_than_known__is_taken_for_the_larger_distance_unless_it_tells() {
        assert_eq!(distances("0.22.0-beta", Settings::default()), (36, 16, true));
        let told = Settings { hold_expiry_delta: Some(20), ..Settings::default() };
        assert_eq!(distances("1.0.0", told), (20, 16, true));
    }

    #[test]
    fn version__unreadable_or_too_old__refused() {
        for version in ["", "unknown", "0.21", "0.21.x-beta", "0.14.3-beta", "0.21.2.1"] {
            let error = capabilities(version, &Settings::default()).unwrap_err();
            assert!(error.to_string().contains(&format!("{version:?}")), "{error}");
        }
    }

    #[test]
    fn settings__told__count() {
        let mut answer = GetDebugInfoResponse::default();
        answer.config.insert("invoices.holdexpirydelta".into(), "40".into());
        answer.config.insert("max-cltv-expiry".into(), "1008".into());
        let can = capabilities("0.21.2-beta", &Settings::read(&answer)).unwrap();
        assert_eq!((can.auto_cancel.0, can.max_route_cltv.0, can.min_cltv.0), (40, 1008, 41));
        answer.config.insert("invoices.holdexpirydelta".into(), "many".into());
        assert_eq!(Settings::read(&answer).hold_expiry_delta, None);
    }

    /// Such a node can pay, not sell `[D3-39]`.
    #[test]
    fn settings__no_room_before_the_chain__does_not_hold() {
        for delta in [0, 12, 16] {
            let told = Settings { hold_expiry_delta: Some(delta), ..Settings::default() };
            assert!(!distances("0.21.2-beta", told).2, "holdexpirydelta={delta}");
        }
    }
}
