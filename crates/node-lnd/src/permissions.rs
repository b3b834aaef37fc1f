//! The calls this adapter makes, and whether a macaroon allows them and nothing more.

use crate::macaroon::{Macaroon, Operation};

/// What a call is needed for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// For every trade, as a seller or a buyer.
    Trade,
    /// Makes trading safer; trading works without it. (LND's settings, with its passwords blacked out.)
    Advised,
    /// For connecting peers and opening or closing channels from here. Not needed where that is done with LND's tools.
    Channels,
}

/// One call, and what LND asks of a macaroon for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Permission {
    /// The call's full name, as `lncli bakemacaroon uri:…` takes it.
    pub uri: &'static str,
    /// The entities and actions that together allow it as well.
    pub operations: &'static [(&'static str, &'static str)],
    /// What it is needed for.
    pub need: Need,
}

const fn call(
    uri: &'static str,
    operations: &'static [(&'static str, &'static str)],
    need: Need,
) -> Permission {
    Permission { uri, operations, need }
}

const INVOICES_READ: &[(&str, &str)] = &[("invoices", "read")];
const INVOICES_WRITE: &[(&str, &str)] = &[("invoices", "write")];
const OFFCHAIN_READ: &[(&str, &str)] = &[("offchain", "read")];
const OFFCHAIN_WRITE: &[(&str, &str)] = &[("offchain", "write")];
const ONCHAIN_READ: &[(&str, &str)] = &[("onchain", "read")];
const CHANNELS_WRITE: &[(&str, &str)] = &[("onchain", "write"), ("offchain", "write")];
const SETTINGS_READ: &[(&str, &str)] =
    &[("info", "read"), ("offchain", "read"), ("onchain", "read"), ("peers", "read")];

/// Every call this adapter makes. (LND's state service needs no macaroon.)
pub const PERMISSIONS: &[Permission] = &[
    call("/lnrpc.Lightning/GetInfo", &[("info", "read")], Need::Trade),
    call("/chainrpc.ChainNotifier/RegisterBlockEpochNtfn", ONCHAIN_READ, Need::Trade),
    call("/lnrpc.Lightning/SignMessage", &[("message", "write")], Need::Trade),
    call("/invoicesrpc.Invoices/AddHoldInvoice", INVOICES_WRITE, Need::Trade),
    call("/invoicesrpc.Invoices/LookupInvoiceV2", INVOICES_WRITE, Need::Trade),
    call("/invoicesrpc.Invoices/SubscribeSingleInvoice", INVOICES_READ, Need::Trade),
    call("/invoicesrpc.Invoices/SettleInvoice", INVOICES_WRITE, Need::Trade),
    call("/invoicesrpc.Invoices/CancelInvoice", INVOICES_WRITE, Need::Trade),
    call("/lnrpc.Lightning/AddInvoice", INVOICES_WRITE, Need::Trade),
    call("/lnrpc.Lightning/DecodePayReq", OFFCHAIN_READ, Need::Trade),
    call("/routerrpc.Router/SendPaymentV2", OFFCHAIN_WRITE, Need::Trade),
    call("/routerrpc.Router/TrackPaymentV2", OFFCHAIN_READ, Need::Trade),
    call("/lnrpc.Lightning/ListChannels", OFFCHAIN_READ, Need::Trade),
    call("/lnrpc.Lightning/PendingChannels", OFFCHAIN_READ, Need::Trade),
    call("/lnrpc.Lightning/WalletBalance", ONCHAIN_READ, Need::Trade),
    call("/lnrpc.Lightning/GetDebugInfo", SETTINGS_READ, Need::Advised),
    call("/lnrpc.Lightning/NewAddress", &[("address", "write")], Need::Channels),
    call("/lnrpc.Lightning/ConnectPeer", &[("peers", "write")], Need::Channels),
    call("/lnrpc.Lightning/OpenChannelSync", CHANNELS_WRITE, Need::Channels),
    call("/lnrpc.Lightning/CloseChannel", CHANNELS_WRITE, Need::Channels),
];

/// What a macaroon allows, held against [`PERMISSIONS`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Calls it does not allow.
    pub missing: Vec<Permission>,
    /// What it allows beyond the calls listed. Broad permissions such as `offchain:write` allow more than the calls
    /// they are needed for, and so are listed even where they serve.
    pub excess: Vec<Operation>,
    /// Conditions that may make it stop working, such as an expiry time.
    pub caveats: Vec<String>,
}

impl Report {
    /// Whether every call that a trade needs is allowed.
    pub fn allows_trading(&self) -> bool {
        !self.missing.iter().any(|permission| permission.need == Need::Trade)
    }
    /// Whether it allows nothing but calls that are made.
    pub const fn is_least(&self) -> bool {
        self.excess.is_empty()
    }
}

/// Holds a macaroon against the calls this adapter makes.
pub fn check(macaroon: &Macaroon) -> Report {
    let has = |entity: &str, action: &str| {
        macaroon.allows().iter().any(|operation| operation.entity == entity && operation.action == action)
    };
    let allowed = |permission: &Permission| {
        has("uri", permission.uri) || permission.operations.iter().all(|(entity, action)| has(entity, action))
    };
    let listed = |operation: &Operation| {
        operation.entity == "uri" && PERMISSIONS.iter().any(|permission| permission.uri == operation.action)
    };
    Report {
        missing: PERMISSIONS.iter().filter(|permission| !allowed(permission)).copied().collect(),
        excess: macaroon.allows().iter().filter(|operation| !listed(operation)).cloned().collect(),
        caveats: macaroon.caveats().to_vec(),
    }
}

/// The `lncli` command that bakes a macaroon with only the calls needed; `channels` includes those that manage
/// channels.
pub fn bake_command(save_to: &str, channels: bool) -> String {
    let wanted = PERMISSIONS.iter().filter(|permission| channels || permission.need != Need::Channels);
    let uris: Vec<String> = wanted.map(|permission| format!("uri:{}", permission.uri)).collect();
    format!("lncli bakemacaroon --save_to {save_to} {}", uris.join(" "))
}

#[cfg(test)]
#[allow(non_snake_case)]
mod tests {
    use super::*;

    #[test]
    fn bake_command__without_channels__names_every_other_call_once() {
        let command = bake_command("domp.macaroon", false);
        assert!(
            command.starts_with("lncli bakemacaroon --save_to domp.macaroon uri:/lnrpc.Lightning/GetInfo ")
        );
        for permission in PERMISSIONS {
            let uri = format!("uri:{}", permission.uri);
            let named = command.split(' ').filter(|word| *word == uri).count();
            assert_eq!(named, usize::from(permission.need != Need::Channels), "{uri}");
        }
    }

    #[test]
    fn bake_command__with_channels__names_every_call() {
        assert_eq!(bake_command("m", true).matches("uri:/").count(), PERMISSIONS.len());
    }

    #[test]
    fn report__only_channel_calls_missing__allows_trading() {
        let missing = |need: Need| PERMISSIONS.iter().filter(|it| it.need == need).copied().collect();
        let report = Report { missing: missing(Need::Channels), ..Report::default() };
        assert!(report.allows_trading() && report.is_least());
        assert!(!Report { missing: missing(Need::Trade), ..Report::default() }.allows_trading());
    }
}
