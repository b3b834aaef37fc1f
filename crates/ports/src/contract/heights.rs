//! Heights: the chain as the nodes tell it, and the block at which a payee's node lets go by itself.

use super::{
    deal::{channels, height, held, mine, promptly, until},
    harness::Harness,
};
use crate::lightning::{ChannelStatus, InvoiceState, PaymentState};
use domp_protocol::units::Blocks;
use futures::StreamExt as _;

/// `info` follows the chain, with the block's own time.
pub async fn chain__mined__heights_follow(h: &dyn Harness) {
    let before = height(h).await;
    let after = mine(h, 2).await;
    assert_eq!(before.until(after), Blocks(2), "two blocks were mined");
    for (name, node) in [("payer", h.payer()), ("payee", h.payee())] {
        let tip = node.info().await.expect("a node tells its tip").tip;
        assert_eq!(tip.height, after, "height at the {name}'s node");
        assert!(tip.synced, "the {name}'s node is synced");
        assert!(tip.block_time.0 > 1_300_000_000, "the {name}'s node tells the block's time: {tip:?}");
    }
}

/// The stream of blocks starts with the present tip and tells each new one.
pub async fn blocks__watched__present_tip_then_new_ones(h: &dyn Harness) {
    let before = height(h).await;
    let mut tips = h.payee().blocks().await.expect("blocks can be watched");
    let first = promptly(h, "the present tip", tips.next()).await.expect("the present tip comes first");
    assert_eq!(first.height, before, "the first item is the present tip");
    h.mine(2).await;
    let mut last = first;
    while last.height < before.plus(Blocks(2)) {
        let next = promptly(h, "the next tip", tips.next()).await.expect("the stream goes on");
        assert!(next.height >= last.height, "heights do not go back here: {last:?} then {next:?}");
        last = next;
    }
    assert!(last.block_time.0 > 1_300_000_000, "tips tell the block's time: {last:?}");
    height(h).await;
}

/// Nobody acts: held until E − D − 1, let go at E − D, money back, channel open.
pub async fn held__nobody_acts__let_go_at_expiry_minus_auto_cancel(h: &dyn Harness) {
    let deal = held(h).await;
    let parts = deal.until_held(h).await;
    let expiry = parts.iter().map(|part| part.expiry).min().expect("something is held");
    let let_go = expiry.minus(h.payee().capabilities().auto_cancel);

    let now = height(h).await;
    assert!(now.until(let_go).0 > 1, "the suite's terms leave room: now {now}, let go at {let_go}");
    mine(h, now.until(let_go).0 - 1).await;
    h.quiet().await;
    assert_eq!(deal.at_payee(h).await, InvoiceState::Held(parts), "held until the block before E − D");
    let paying = deal.at_payer(h).await;
    assert!(
        matches!(paying, PaymentState::InFlight(_)),
        "in flight until the block before E − D: {paying:?}"
    );

    mine(h, 1).await;
    deal.until_invoice(h, InvoiceState::Cancelled).await;
    let reason = deal.until_failed(h).await;
    assert!(!reason.is_empty(), "a failed payment says why");
    let channels = until(h, "the channel to be free of HTLCs", async || {
        let channels = channels(h).await;
        if channels.iter().all(|c| c.htlcs == 0) { Ok(channels) } else { Err(format!("{channels:?}")) }
    })
    .await;
    assert!(!channels.is_empty(), "the channel to the payee is still there");
    for channel in channels {
        assert!(channel.active, "the channel is still in use: {channel:?}");
        assert_eq!(channel.status, ChannelStatus::Open, "the channel is still open: {channel:?}");
    }
}
