//! LND's messages as the port's types. A number that cannot be, or a value of an enumeration that is not known, is
//! malformed: it is never taken for a default.

use crate::rpc::lnrpc::{
    self, channel_point::FundingTxid, htlc_attempt::HtlcStatus, invoice, payment::PaymentStatus,
    pending_channels_response::PendingChannel,
};
use domp_ports::lightning::{
    Channel, ChannelStatus, DecodedInvoice, HeldPart, InvoiceState, LnError, NodeInfo, PaymentState,
    SentPart, Tip,
};
use domp_protocol::{
    ids::{NodeId, PaymentHash},
    network::Network,
    units::{Blocks, Height, Msat, Sat, Unix},
};

fn malformed(what: &str) -> LnError {
    LnError::Malformed(what.to_owned())
}

fn unsigned<T: TryFrom<i64>>(value: i64, what: &str) -> Result<T, LnError> {
    T::try_from(value).map_err(|_| malformed(&format!("{what} is {value}")))
}

/// An amount that LND counts in whole satoshi.
pub(crate) fn sat(value: i64, what: &str) -> Result<Msat, LnError> {
    let sat = Sat::new(unsigned(value, what)?).map_err(|error| malformed(&format!("{what}: {error}")))?;
    Ok(sat.to_msat())
}

fn msat(value: u64, what: &str) -> Result<Msat, LnError> {
    Msat::new(value).map_err(|error| malformed(&format!("{what}: {error}")))
}

/// A height that must lie above the genesis block.
fn height(value: i64, what: &str) -> Result<Height, LnError> {
    match unsigned(value, what)? {
        0 => Err(malformed(&format!("{what} is 0"))),
        height => Ok(Height(height)),
    }
}

fn node_id(text: &str, what: &str) -> Result<NodeId, LnError> {
    text.parse().map_err(|error| malformed(&format!("{what}: {error}")))
}

/// The tip in an answer to `GetInfo`.
pub(crate) fn tip(info: &lnrpc::GetInfoResponse) -> Result<Tip, LnError> {
    Ok(Tip {
        height: Height(info.block_height),
        block_time: Unix(unsigned(info.best_header_timestamp, "the block's timestamp")?),
        synced: info.synced_to_chain,
    })
}

/// The network's name as LND spells it.
pub(crate) fn network_name(info: &lnrpc::GetInfoResponse) -> &str {
    info.chains.first().map_or("", |chain| chain.network.as_str())
}

pub(crate) fn node_info(info: &lnrpc::GetInfoResponse) -> Result<NodeInfo, LnError> {
    let network: Network =
        network_name(info).parse().map_err(|error| malformed(&format!("network: {error}")))?;
    Ok(NodeInfo {
        id: node_id(&info.identity_pubkey, "the node's key")?,
        alias: info.alias.clone(),
        network,
        tip: tip(info)?,
    })
}

pub(crate) fn invoice_state(invoice: &lnrpc::Invoice) -> Result<InvoiceState, LnError> {
    match invoice::InvoiceState::try_from(invoice.state) {
        Ok(invoice::InvoiceState::Open) => Ok(InvoiceState::Open),
        Ok(invoice::InvoiceState::Accepted) => Ok(InvoiceState::Held(held_parts(invoice)?)),
        Ok(invoice::InvoiceState::Settled) => Ok(InvoiceState::Settled),
        Ok(invoice::InvoiceState::Canceled) => Ok(InvoiceState::Cancelled),
        Err(_) => Err(malformed(&format!("the invoice's state is {}", invoice.state))),
    }
}

/// The HTLCs that are held now, in an order of their own: LND lists them in none.
fn held_parts(invoice: &lnrpc::Invoice) -> Result<Vec<HeldPart>, LnError> {
    let mut parts = Vec::new();
    for htlc in &invoice.htlcs {
        match lnrpc::InvoiceHtlcState::try_from(htlc.state) {
            Ok(lnrpc::InvoiceHtlcState::Accepted) => parts.push(HeldPart {
                amount: msat(htlc.amt_msat, "a held part's amount")?,
                accepted_at: height(htlc.accept_height.into(), "a held part's accept height")?,
                expiry: height(htlc.expiry_height.into(), "a held part's expiry")?,
            }),
            Ok(lnrpc::InvoiceHtlcState::Settled | lnrpc::InvoiceHtlcState::Canceled) => {}
            Err(_) => return Err(malformed(&format!("a held part's state is {}", htlc.state))),
        }
    }
    if parts.is_empty() {
        return Err(malformed("the invoice is held, but none of its HTLCs is"));
    }
    parts.sort_by_key(|part| (part.expiry, part.accepted_at, part.amount));
    Ok(parts)
}

/// Whether nothing more will happen to an invoice.
pub(crate) const fn is_final_invoice(state: &InvoiceState) -> bool {
    matches!(state, InvoiceState::Settled | InvoiceState::Cancelled)
}

/// By status only: LND may give a failure reason while parts are still in flight.
pub(crate) fn payment_state(payment: &lnrpc::Payment) -> Result<PaymentState, LnError> {
    let parts = sent_parts(payment)?;
    match PaymentStatus::try_from(payment.status) {
        Ok(PaymentStatus::InFlight | PaymentStatus::Initiated) => Ok(PaymentState::InFlight(parts)),
        Ok(PaymentStatus::Succeeded) => Ok(PaymentState::Succeeded),
        // Money that may still arrive has not failed, whatever the status says.
        Ok(PaymentStatus::Failed) if !parts.is_empty() => Ok(PaymentState::InFlight(parts)),
        Ok(PaymentStatus::Failed) => Ok(PaymentState::Failed(failure(payment.failure_reason()).to_owned())),
        Ok(PaymentStatus::Unknown) | Err(_) => {
            Err(malformed(&format!("the payment's status is {}", payment.status)))
        }
    }
}

fn sent_parts(payment: &lnrpc::Payment) -> Result<Vec<SentPart>, LnError> {
    let mut parts = Vec::new();
    for attempt in &payment.htlcs {
        match HtlcStatus::try_from(attempt.status) {
            Ok(HtlcStatus::InFlight) => parts.push(sent_part(attempt)?),
            Ok(HtlcStatus::Succeeded | HtlcStatus::Failed) => {}
            Err(_) => return Err(malformed(&format!("a part's status is {}", attempt.status))),
        }
    }
    parts.sort_by_key(|part| (part.first_hop_expiry, part.final_expiry, part.amount));
    Ok(parts)
}

fn sent_part(attempt: &lnrpc::HtlcAttempt) -> Result<SentPart, LnError> {
    let route = attempt.route.as_ref().ok_or_else(|| malformed("a part in flight has no route"))?;
    let last = route.hops.last().ok_or_else(|| malformed("a part in flight has no hops"))?;
    Ok(SentPart {
        amount: msat(unsigned(last.amt_to_forward_msat, "a part's amount")?, "a part's amount")?,
        first_hop_expiry: height(route.total_time_lock.into(), "a part's first expiry")?,
        final_expiry: Some(height(last.expiry.into(), "a part's final expiry")?),
    })
}

/// Whether nothing more will happen to a payment.
pub(crate) const fn is_final_payment(state: &PaymentState) -> bool {
    matches!(state, PaymentState::Succeeded | PaymentState::Failed(_))
}

const fn failure(reason: lnrpc::PaymentFailureReason) -> &'static str {
    use lnrpc::PaymentFailureReason as Reason;
    match reason {
        Reason::FailureReasonNone | Reason::FailureReasonError => "LND gave up on it for a reason of its own",
        Reason::FailureReasonTimeout => "no route worked within the time given",
        Reason::FailureReasonNoRoute => "no route to the payee within the limits of fee and lock time",
        Reason::FailureReasonIncorrectPaymentDetails => {
            "the payee did not take it: the invoice is cancelled, expired, paid or unknown there"
        }
        Reason::FailureReasonInsufficientBalance => "insufficient local balance in the node's channels",
        Reason::FailureReasonCanceled => "it was cancelled at the node",
    }
}

pub(crate) fn decoded(invoice: &lnrpc::PayReq) -> Result<DecodedInvoice, LnError> {
    let amount = msat(unsigned(invoice.num_msat, "the amount")?, "the amount")?;
    let hash: PaymentHash =
        invoice.payment_hash.parse().map_err(|error| malformed(&format!("the payment hash: {error}")))?;
    Ok(DecodedInvoice {
        hash,
        amount: (amount != Msat::ZERO).then_some(amount),
        payee: node_id(&invoice.destination, "the payee")?,
        cltv: Blocks(unsigned(invoice.cltv_expiry, "the final CLTV delta")?),
        expiry_seconds: unsigned(invoice.expiry, "the expiry")?,
        timestamp: Unix(unsigned(invoice.timestamp, "the timestamp")?),
    })
}

pub(crate) fn channel(channel: &lnrpc::Channel) -> Result<Channel, LnError> {
    Ok(Channel {
        outpoint: channel.channel_point.clone(),
        peer: node_id(&channel.remote_pubkey, "a channel's peer")?,
        capacity: sat(channel.capacity, "a channel's capacity")?,
        local: sat(channel.local_balance, "a channel's local balance")?,
        remote: sat(channel.remote_balance, "a channel's remote balance")?,
        active: channel.active,
        htlcs: u32::try_from(channel.pending_htlcs.len()).unwrap_or(u32::MAX),
        status: ChannelStatus::Open,
    })
}

pub(crate) fn pending_channel(channel: &PendingChannel, status: ChannelStatus) -> Result<Channel, LnError> {
    Ok(Channel {
        outpoint: channel.channel_point.clone(),
        peer: node_id(&channel.remote_node_pub, "a pending channel's peer")?,
        capacity: sat(channel.capacity, "a pending channel's capacity")?,
        local: sat(channel.local_balance, "a pending channel's local balance")?,
        remote: sat(channel.remote_balance, "a pending channel's remote balance")?,
        active: false,
        htlcs: 0,
        status,
    })
}

/// `txid:index` of a channel point. As bytes a transaction id is in the order of the wire, which is the reverse.
pub(crate) fn outpoint(point: &lnrpc::ChannelPoint) -> Result<String, LnError> {
    let txid = match &point.funding_txid {
        Some(FundingTxid::FundingTxidBytes(bytes)) => {
            let mut bytes = bytes.clone();
            bytes.reverse();
            hex::encode(bytes)
        }
        Some(FundingTxid::FundingTxidStr(text)) => text.to_ascii_lowercase(),
        None => return Err(malformed("a channel point without a transaction id")),
    };
    if txid.len() != 64 || !txid.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Err(malformed("a channel point's transaction id is not 32 bytes"));
    }
    Ok(format!("{txid}:{}", point.output_index))
}

/// The reverse of [`outpoint`]; the text comes from a person.
pub(crate) fn channel_point(outpoint: &str) -> Result<lnrpc::ChannelPoint, LnError> {
    let refused =
        || LnError::Refused(format!("{outpoint:?} is not the funding outpoint of a channel (txid:index)"));
    let (txid, index) = outpoint.split_once(':').ok_or_else(refused)?;
    if txid.len() != 64 || !txid.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Err(refused());
    }
    let funding_txid = Some(FundingTxid::FundingTxidStr(txid.to_ascii_lowercase()));
    Ok(lnrpc::ChannelPoint { funding_txid, output_index: index.parse().map_err(|_| refused())? })
}

#[cfg(test)]
#[allow(non_snake_case)]
mod tests {
    use super::*;
    use lnrpc::{Hop, HtlcAttempt, Invoice, InvoiceHtlc, Payment, PaymentFailureReason, Route};

    fn held(htlcs: Vec<InvoiceHtlc>) -> Invoice {
        Invoice { state: 3, htlcs, ..Invoice::default() }
    }
    fn htlc(amt_msat: u64, expiry_height: i32, state: i32) -> InvoiceHtlc {
        InvoiceHtlc { amt_msat, accept_height: 100, expiry_height, state }
    }
    fn attempt(status: i32, total_time_lock: u32, expiry: u32) -> HtlcAttempt {
        let hops = vec![Hop { expiry: 1, amt_to_forward_msat: 1 }, Hop { expiry, amt_to_forward_msat: 5000 }];
        HtlcAttempt { status, route: Some(Route { total_time_lock, hops }) }
    }
    fn is_malformed<T: std::fmt::Debug>(result: Result<T, LnError>) -> bool {
        matches!(result, Err(LnError::Malformed(_)))
    }

    #[test]
    fn invoice__each_state__read() {
        for (state, wanted) in
            [(0, InvoiceState::Open), (1, InvoiceState::Settled), (2, InvoiceState::Cancelled)]
        {
            assert_eq!(invoice_state(&Invoice { state, ..Invoice::default() }), Ok(wanted));
        }
    }

    #[test]
    fn invoice__held__only_parts_held_now_and_in_one_order() {
        let parts = vec![htlc(3000, 500, 0), htlc(1000, 400, 2), htlc(2000, 450, 0)];
        let Ok(InvoiceState::Held(read)) = invoice_state(&held(parts.clone())) else { panic!("not held") };
        let amounts: Vec<u64> = read.iter().map(|part| part.amount.get()).collect();
        assert_eq!(amounts, [2000, 3000]);
        let other_order = held(parts.into_iter().rev().collect());
        assert_eq!(invoice_state(&other_order), Ok(InvoiceState::Held(read)));
    }

    #[test]
    fn invoice__nonsense__malformed_and_never_open() {
        let cases = [
            Invoice { state: 4, ..Invoice::default() },
            Invoice { state: -1, ..Invoice::default() },
            held(Vec::new()),
            held(vec![htlc(1000, 400, 2)]),
            held(vec![htlc(1000, 400, 7)]),
            held(vec![htlc(1000, 0, 0)]),
            held(vec![htlc(1000, -5, 0)]),
            held(vec![htlc(u64::MAX, 400, 0)]),
        ];
        for invoice in cases {
            assert!(is_malformed(invoice_state(&invoice)), "{invoice:?}");
        }
    }

    #[test]
    fn payment__in_flight__parts_with_both_expiries() {
        let htlcs = vec![attempt(2, 9, 9), attempt(0, 600, 520)];
        for status in [1, 4] {
            let payment = Payment { status, htlcs: htlcs.clone(), ..Payment::default() };
            let part = SentPart {
                amount: Msat::new(5000).unwrap(),
                first_hop_expiry: Height(600),
                final_expiry: Some(Height(520)),
            };
            assert_eq!(payment_state(&payment), Ok(PaymentState::InFlight(vec![part])));
        }
    }

    #[test]
    fn payment__failed_with_a_part_in_flight__is_in_flight() {
        let payment = Payment { status: 3, htlcs: vec![attempt(0, 600, 520)], ..Payment::default() };
        assert!(matches!(payment_state(&payment), Ok(PaymentState::InFlight(parts)) if parts.len() == 1));
    }

    #[test]
    fn payment__in_flight_with_a_failure_reason__is_in_flight() {
        let payment = Payment {
            status: 1,
            htlcs: vec![attempt(0, 600, 520)],
            failure_reason: PaymentFailureReason::FailureReasonTimeout.into(),
        };
        assert!(matches!(payment_state(&payment), Ok(PaymentState::InFlight(_))));
    }

    #[test]
    fn payment__nonsense__malformed_and_never_failed() {
        let cases = [
            Payment::default(),
            Payment { status: 9, ..Payment::default() },
            Payment { status: 3, htlcs: vec![attempt(8, 600, 520)], ..Payment::default() },
            Payment { status: 1, htlcs: vec![attempt(0, 0, 520)], ..Payment::default() },
            Payment { status: 1, htlcs: vec![attempt(0, 600, 0)], ..Payment::default() },
            Payment { status: 1, htlcs: vec![HtlcAttempt { status: 0, route: None }], ..Payment::default() },
        ];
        for payment in cases {
            assert!(is_malformed(payment_state(&payment)), "{payment:?}");
        }
    }

    #[test]
    fn decoded_invoice__nonsense__malformed() {
        let good = lnrpc::PayReq {
            destination: format!("02{}", "ab".repeat(32)),
            payment_hash: "cd".repeat(32),
            timestamp: 1,
            expiry: 3600,
            cltv_expiry: 300,
            num_msat: 0,
        };
        assert_eq!(decoded(&good).map(|invoice| invoice.amount), Ok(None));
        let bad = [
            lnrpc::PayReq { destination: "02".into(), ..good.clone() },
            lnrpc::PayReq { payment_hash: "CD".repeat(32), ..good.clone() },
            lnrpc::PayReq { timestamp: -1, ..good.clone() },
            lnrpc::PayReq { expiry: -1, ..good.clone() },
            lnrpc::PayReq { cltv_expiry: i64::MAX, ..good.clone() },
            lnrpc::PayReq { num_msat: -1, ..good },
        ];
        for invoice in bad {
            assert!(is_malformed(decoded(&invoice)), "{invoice:?}");
        }
    }

    #[test]
    fn outpoint__both_forms__read_and_written() {
        let txid = format!("{}ff", "00".repeat(31));
        let bytes: Vec<u8> = [0xff].into_iter().chain([0; 31]).collect();
        for funding_txid in [FundingTxid::FundingTxidBytes(bytes), FundingTxid::FundingTxidStr(txid.clone())]
        {
            let point = lnrpc::ChannelPoint { funding_txid: Some(funding_txid), output_index: 1 };
            assert_eq!(outpoint(&point), Ok(format!("{txid}:1")));
        }
        assert!(is_malformed(outpoint(&lnrpc::ChannelPoint::default())));
        let no_hex = Some(FundingTxid::FundingTxidStr("zz".repeat(32)));
        assert!(is_malformed(outpoint(&lnrpc::ChannelPoint { funding_txid: no_hex, output_index: 1 })));
        assert_eq!(channel_point(&format!("{txid}:1")).unwrap().output_index, 1);
        for text in ["", "abc:0", &txid, &format!("{txid}:x"), &format!("{txid}:-1")] {
            let refused = channel_point(text);
            assert!(matches!(refused, Err(LnError::Refused(_))), "{text:?}: {refused:?}");
        }
    }
}
