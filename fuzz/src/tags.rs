//! The tags of an event: a line a tag, its values between tabs. The first byte chooses the kind that carries them.

use crate::{
    events,
    signing::{AUTHOR, NOW, Unsigned, assert_brief},
};
use domp_nostr::address::RelayAddress;
use domp_protocol::{
    anti_spam::{Proof, RelayPolicy},
    event::VerifiedEvent,
    kinds::Body,
    tags::relays::RelayUrl,
    zbase32,
};
use serde_json::Value;
use std::{net::IpAddr, sync::OnceLock};

/// One valid event of each kind.
const VECTORS: [&str; 13] = [
    include_str!("../../spec/vectors/valid/kind-300-listing.json"),
    include_str!("../../spec/vectors/valid/kind-301-bid.json"),
    include_str!("../../spec/vectors/valid/kind-302-counter-bid.json"),
    include_str!("../../spec/vectors/valid/kind-303-acceptance.json"),
    include_str!("../../spec/vectors/valid/kind-310-collateral-deposit.json"),
    include_str!("../../spec/vectors/valid/kind-311-payment-confirmation.json"),
    include_str!("../../spec/vectors/valid/kind-312-dispute.json"),
    include_str!("../../spec/vectors/valid/kind-313-receipt-confirmation.json"),
    include_str!("../../spec/vectors/valid/kind-314-refund.json"),
    include_str!("../../spec/vectors/valid/kind-315-mutual-agreement.json"),
    include_str!("../../spec/vectors/valid/kind-316-arbitration-offer.json"),
    include_str!("../../spec/vectors/valid/kind-317-resolution.json"),
    include_str!("../../spec/vectors/valid/kind-320-message.json"),
];

/// The events of [`VECTORS`].
pub fn carriers() -> &'static [Unsigned] {
    static CARRIERS: OnceLock<Vec<Unsigned>> = OnceLock::new();
    CARRIERS.get_or_init(|| {
        let event = |vector: &&str| {
            let vector: Value = serde_json::from_str(vector).expect("a vector");
            Unsigned::from_json(&vector["input"]["event"].to_string()).expect("an event")
        };
        VECTORS.iter().map(event).collect()
    })
}

/// Tags as an input of this target, for the carrier of that place.
pub fn written(carrier: u8, tags: &[Vec<String>]) -> Vec<u8> {
    let lines: Vec<String> = tags.iter().map(|tag| tag.join("\t")).collect();
    [&[carrier][..], lines.join("\n").as_bytes()].concat()
}

/// Checks one input.
pub fn check(data: &[u8]) {
    let Some((first, rest)) = data.split_first() else { return };
    let Ok(text) = std::str::from_utf8(rest) else { return };
    let carrier = &carriers()[usize::from(*first) % VECTORS.len()];
    let tags: Vec<Vec<String>> =
        text.lines().map(|line| line.split('\t').map(str::to_owned).collect()).collect();
    match Body::read(carrier.kind, &carrier.content, &tags) {
        Ok(_) => carried(carrier, &tags),
        Err(error) => assert_brief(&error),
    }
    for kind in [carrier.kind, 321] {
        match Proof::read(kind, &tags) {
            Ok(proof) => assert_eq!(Proof::read(kind, &proof.tags()), Ok(proof)),
            Err(error) => assert_brief(&error),
        }
    }
    for value in tags.iter().flatten() {
        address(value);
        if let Ok(bytes) = zbase32::decode::<65>(value) {
            assert_eq!(zbase32::encode(&bytes), *value, "a second spelling");
        }
    }
    if let Err(error) = RelayPolicy::from_document(text) {
        assert_brief(&error);
    }
}

/// Tags that the kind reads: the whole event is read and written.
fn carried(carrier: &Unsigned, tags: &[Vec<String>]) {
    let content = carrier.content.clone();
    let event = Unsigned { tags: tags.to_vec(), content, created_at: NOW, ..*carrier };
    if let Ok(event) = VerifiedEvent::check(&event.signed_json(&AUTHOR), NOW) {
        events::accepted(&event);
    }
}

/// A relay's address has one normal form, cannot smuggle a line into a request, and is known for local when it is.
fn address(text: &str) {
    match RelayUrl::try_from(text.to_owned()) {
        Ok(url) => {
            assert_eq!(url.as_str(), text);
            if let Ok(address) = RelayAddress::parse(text, true) {
                assert!(url.is_local() || !is_here(&address.host()), "{text} is not seen to be local");
            }
        }
        Err(error) => assert_brief(&error),
    }
    match RelayAddress::parse(text, true) {
        Ok(address) => {
            let parts = [address.host(), address.authority(), address.path()];
            let clean = |part: &String| part.bytes().all(|byte| byte.is_ascii_graphic());
            assert!(parts.iter().all(clean), "{text} becomes {parts:?}");
            assert_eq!(RelayAddress::parse(address.as_str(), true).as_ref(), Ok(&address));
        }
        Err(error) => assert_brief(&error),
    }
}

/// Whether an address leads nowhere but into this machine or this house.
fn is_here(host: &str) -> bool {
    let mapped = |ip: IpAddr| match ip {
        IpAddr::V6(ip) => ip.to_ipv4_mapped().map_or(IpAddr::V6(ip), IpAddr::V4),
        ip => ip,
    };
    match host.parse::<IpAddr>().map(mapped) {
        Ok(IpAddr::V4(ip)) => {
            ip.is_loopback() || ip.is_private() || ip.is_link_local() || ip.is_unspecified()
        }
        Ok(IpAddr::V6(ip)) => ip.is_loopback() || ip.is_unspecified() || ip.is_unique_local(),
        Err(_) => host == "localhost" || host.ends_with(".localhost"),
    }
}
