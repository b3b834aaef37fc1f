//! The node itself: who it is, what it signs, its channels and what it can send and receive.

use super::{
    deal::{channels, held, mine, until},
    harness::Harness,
};
use crate::lightning::{Channel, ChannelStatus};
use domp_protocol::{
    ids::PublicKey,
    node_proof::{ProvenNode, statement},
    units::{Msat, Sat},
};

/// How far balances may be off: fees of a commitment transaction or a route, and rounding to whole satoshi.
const TOLERANCE_MSAT: u64 = 5_000_000;

/// Two nodes on one private network, each with a key of its own and sensible capabilities.
pub async fn nodes__asked__who_they_are_and_what_they_can(h: &dyn Harness) {
    let payer = h.payer().info().await.expect("the payer's node says who it is");
    let payee = h.payee().info().await.expect("the payee's node says who it is");
    assert_ne!(payer.id, payee.id, "two nodes have two keys");
    assert_eq!(payer.network, payee.network, "both nodes are on one network");
    for (name, node) in [("payer", h.payer()), ("payee", h.payee())] {
        let can = node.capabilities();
        assert!(!can.implementation.is_empty(), "the {name}'s node names its implementation");
        assert!(can.max_route_cltv.0 >= 1000, "the {name}'s node routes a thousand blocks: {can:?}");
        assert!(can.slots_per_channel > 0, "the {name}'s node has HTLC slots: {can:?}");
        if can.holds {
            assert!(can.auto_cancel.0 > 0, "the {name}'s node lets go before expiry: {can:?}");
            assert!(can.on_chain_claim.0 > 0, "the {name}'s node claims before expiry: {can:?}");
            assert!(can.min_cltv > can.on_chain_claim, "the {name}'s smallest c leaves room: {can:?}");
        }
    }
}

/// What a node signs proves by key recovery that it was this node, over these words and no others.
pub async fn node__signs_a_statement__recovers_to_its_key(h: &dyn Harness) {
    let owner = PublicKey::from_bytes([0x5a; 32]);
    for (name, node) in [("payer", h.payer()), ("payee", h.payee())] {
        let id = node.info().await.expect("a node says who it is").id;
        let signature = node.sign_message(&statement(&owner)).await.expect("a node signs");
        let proven = ProvenNode::verify(&id, &owner, &signature);
        assert!(proven.is_ok(), "the {name}'s signature {signature:?} proves its key: {proven:?}");
        let thief = PublicKey::from_bytes([0x5b; 32]);
        assert!(
            ProvenNode::verify(&id, &thief, &signature).is_err(),
            "the {name}'s signature proves nothing for another key"
        );
    }
}

/// Addresses are fresh.
pub async fn wallet__two_addresses__differ(h: &dyn Harness) {
    let first = h.payer().new_address().await.expect("the payer's node gives an address");
    let second = h.payer().new_address().await.expect("the payer's node gives an address");
    assert!(!first.is_empty(), "an address is text");
    assert_ne!(first, second, "each address is fresh");
}

/// The channel between the two is listed at both ends, and the two ends agree.
pub async fn channel__listed__both_ends_agree(h: &dyn Harness) {
    let payer = h.payer().info().await.expect("the payer's node says who it is").id;
    let ours = channels(h).await;
    assert!(!ours.is_empty(), "the payer lists its channel to the payee");
    let theirs = h.payee().channels().await.expect("the payee's node lists its channels");
    for channel in &ours {
        let other = theirs.iter().find(|c| c.outpoint == channel.outpoint);
        let other = other.unwrap_or_else(|| panic!("the payee does not list {}", channel.outpoint));
        assert_eq!(other.peer, payer, "the other end of the payee's channel");
        assert_eq!(other.capacity, channel.capacity, "both ends tell one capacity");
        assert!(channel.active && other.active, "the channel is in use at both ends");
        assert!(close(other.remote, channel.local), "{:?} and {:?} agree", other.remote, channel.local);
        let both = channel.local.saturating_add(channel.remote);
        assert!(both <= channel.capacity, "{both} in a channel of {}", channel.capacity);
        assert_outpoint(&channel.outpoint);
    }
}

/// Money held leaves the payer's liquidity; given back it returns; settled it is the payee's.
pub async fn liquidity__held_then_settled__moves(h: &dyn Harness) {
    let start = (outbound(h).await, inbound(h).await);
    let returned = held(h).await;
    let amount = returned.terms.amount;
    until(h, "the held money to leave the payer's liquidity", async || {
        let (left, htlcs) = (outbound(h).await, channels(h).await.iter().map(|c| c.htlcs).sum::<u32>());
        if close(left.saturating_add(amount), start.0) && htlcs >= 1 {
            Ok(())
        } else {
            Err(format!("{left} left of {} with {amount} held in {htlcs} HTLCs", start.0))
        }
    })
    .await;
    returned.give_back(h).await;
    until(h, "the returned money to be the payer's again", async || {
        let now = outbound(h).await;
        if close(now, start.0) { Ok(()) } else { Err(format!("{now} of {}", start.0)) }
    })
    .await;

    let taken = held(h).await;
    let amount = taken.terms.amount;
    h.payee().settle(&taken.preimage).await.expect("what is held can be settled");
    taken.until_succeeded(h).await;
    until(h, "the settled money to have changed hands", async || {
        let now = (outbound(h).await, inbound(h).await);
        if close(now.0.saturating_add(amount), start.0) && close(now.1.saturating_add(amount), start.1) {
            Ok(())
        } else {
            Err(format!("payer can send {} of {}, payee receive {} of {}", now.0, start.0, now.1, start.1))
        }
    })
    .await;
}

/// The parts of what can be sent and received fit together.
pub async fn liquidity__asked__largest_is_part_of_all(h: &dyn Harness) {
    let payer = h.payer().liquidity().await.expect("the payer's node tells its liquidity");
    assert!(payer.outbound >= payer.outbound_largest, "the best channel is one of all: {payer:?}");
    assert!(payer.inbound >= payer.inbound_largest, "the best channel is one of all: {payer:?}");
    assert!(payer.outbound_largest > Msat::ZERO, "the payer can send: {payer:?}");
    assert!(payer.on_chain > Msat::ZERO, "the payer has coins on chain: {payer:?}");
    let local = h.payer().channels().await.expect("the payer's node lists its channels");
    let local = local.iter().fold(Msat::ZERO, |sum, channel| sum.saturating_add(channel.local));
    assert!(payer.outbound < local, "reserves are deducted: {payer:?} of {local}");
}

/// A channel is opened, listed on its way, used, closed by agreement, and gone.
pub async fn channel__opened_then_closed__listed_on_its_way(h: &dyn Harness) {
    let payee = h.payee().info().await.expect("the payee's node says who it is").id;
    let capacity = Sat::new(250_000).expect("a small amount").to_msat();
    let push = Sat::new(100_000).expect("a small amount").to_msat();
    let outpoint = h.payer().open_channel(&payee, capacity, push).await.expect("a channel is opened");
    assert_outpoint(&outpoint);
    let opening = until_listed(h, &outpoint, ChannelStatus::Opening).await;
    assert!(!opening.active, "a channel without confirmations is not in use: {opening:?}");
    mine(h, 6).await;
    let open = until(h, "the new channel to be in use", async || match listed(h, &outpoint).await {
        Some(channel) if channel.active && channel.status == ChannelStatus::Open => Ok(channel),
        other => Err(format!("{other:?}")),
    })
    .await;
    assert_eq!(open.capacity, capacity, "it has the size asked for");
    assert!(close(open.remote, push), "the peer got what was pushed: {open:?}");
    until(h, "the new channel to be closed by agreement", async || {
        h.payer().close_channel(&outpoint, false).await.map_err(|error| error.to_string())
    })
    .await;
    until_listed(h, &outpoint, ChannelStatus::Closing).await;
    mine(h, 6).await;
    until(h, "the closed channel to be gone", async || match listed(h, &outpoint).await {
        None => Ok(()),
        Some(channel) => Err(format!("{channel:?}")),
    })
    .await;
}

async fn until_listed(h: &dyn Harness, outpoint: &str, status: ChannelStatus) -> Channel {
    until(h, &format!("the channel to be {status:?}"), async || match listed(h, outpoint).await {
        Some(channel) if channel.status == status => Ok(channel),
        other => Err(format!("{other:?}")),
    })
    .await
}

async fn listed(h: &dyn Harness, outpoint: &str) -> Option<Channel> {
    channels(h).await.into_iter().find(|channel| channel.outpoint == outpoint)
}

async fn outbound(h: &dyn Harness) -> Msat {
    h.payer().liquidity().await.expect("the payer's node tells its liquidity").outbound
}

async fn inbound(h: &dyn Harness) -> Msat {
    h.payee().liquidity().await.expect("the payee's node tells its liquidity").inbound
}

fn close(a: Msat, b: Msat) -> bool {
    a.get().abs_diff(b.get()) <= TOLERANCE_MSAT
}

fn assert_outpoint(text: &str) {
    let (txid, index) = text.split_once(':').unwrap_or_else(|| panic!("{text:?} is not txid:index"));
    assert_eq!(txid.len(), 64, "{text:?}: a transaction id has 64 digits");
    assert!(txid.bytes().all(|b| b.is_ascii_hexdigit()), "{text:?}: a transaction id is hexadecimal");
    assert!(index.parse::<u16>().is_ok(), "{text:?}: an output's index is a number");
}
