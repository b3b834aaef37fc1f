//! A connected node, and the port's calls on it.

use crate::{
    call::Fault,
    capabilities::{self, Settings, Version},
    config::LndConfig,
    connect::Services,
    connector::Failure,
    convert,
    error::ConnectError,
    macaroon::Macaroon,
    rpc::lnrpc::{GetDebugInfoRequest, GetInfoRequest, GetInfoResponse, WalletState},
};
use async_trait::async_trait;
use domp_ports::lightning::{
    Capabilities, Channel, DecodedInvoice, HoldInvoice, InvoiceState, Lightning, Liquidity, LnError,
    NodeInfo, Pay, PaymentState, Tip,
};
use domp_protocol::{
    ids::{NodeId, PaymentHash},
    network::Network,
    secret::Preimage,
    units::Msat,
};
use futures::stream::BoxStream;
use std::time::Duration;

/// One LND node. Cheap to clone; clones share the connection.
#[derive(Clone)]
pub struct LndNode {
    pub(crate) services: Services,
    pub(crate) deadline: Duration,
    capabilities: Capabilities,
    settings: Settings,
    macaroon: Macaroon,
}

impl LndNode {
    /// Connects: checks the files, the certificate, the macaroon, the network and the version, and reads what the node
    /// can do. A connection that breaks later is made again by itself.
    ///
    /// # Errors
    /// [`ConnectError`], with the file or setting at fault. [`ConnectError::is_temporary`] tells whether to try again.
    pub async fn connect(config: &LndConfig) -> Result<Self, ConnectError> {
        let (services, macaroon) = Services::new(config)?;
        let at = Attempt { services: &services, config };
        at.wait_for_wallet().await?;
        let info = at.info().await?;
        at.check_network(&info)?;
        let settings = at.settings(&info).await;
        let capabilities = capabilities::capabilities(&info.version, &settings)?;
        Ok(Self { services, deadline: config.deadline, capabilities, settings, macaroon })
    }

    /// The settings that LND told when it was connected; empty where the macaroon or the version does not allow to ask.
    pub const fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The macaroon in use, to hold against [`permissions`](crate::permissions).
    pub const fn macaroon(&self) -> &Macaroon {
        &self.macaroon
    }
}

/// One attempt to connect.
struct Attempt<'a> {
    services: &'a Services,
    config: &'a LndConfig,
}

impl Attempt<'_> {
    async fn wait_for_wallet(&self) -> Result<(), ConnectError> {
        let address = || self.config.address.clone();
        match self.services.wallet_state(self.config.deadline).await {
            Ok(WalletState::ServerActive | WalletState::RpcActive) => Ok(()),
            Ok(WalletState::NonExisting) => Err(ConnectError::NotReady {
                address: address(),
                reason: "it has no wallet yet; make one with `lncli create`".to_owned(),
            }),
            Ok(WalletState::Locked) => Err(ConnectError::NotReady {
                address: address(),
                reason: "its wallet is locked; unlock it with `lncli unlock`".to_owned(),
            }),
            Ok(WalletState::Unlocked | WalletState::WaitingToStart) => {
                Err(ConnectError::NotReady { address: address(), reason: "it is starting up".to_owned() })
            }
            Err(fault) => Err(self.explain(fault)),
        }
    }

    async fn info(&self) -> Result<GetInfoResponse, ConnectError> {
        let mut client = self.services.lightning();
        let answer = client.get_info(GetInfoRequest {});
        self.services
            .unary(self.config.deadline, "GetInfo", answer)
            .await
            .map_err(|fault| self.explain(fault))
    }

    fn check_network(&self, info: &GetInfoResponse) -> Result<(), ConnectError> {
        let found = convert::network_name(info);
        if found.parse::<Network>().is_ok_and(|network| network == self.config.network) {
            return Ok(());
        }
        Err(ConnectError::WrongNetwork {
            address: self.config.address.clone(),
            path: self.config.macaroon.clone(),
            wanted: self.config.network,
            found: found.to_owned(),
        })
    }

    /// What LND tells of its settings. Not being told is no reason not to work.
    async fn settings(&self, info: &GetInfoResponse) -> Settings {
        if !Version::parse(&info.version).is_some_and(Version::tells_settings) {
            return Settings::default();
        }
        let mut client = self.services.lightning();
        let answer = client.get_debug_info(GetDebugInfoRequest {});
        match self.services.unary(self.config.deadline, "GetDebugInfo", answer).await {
            Ok(answer) => Settings::read(&answer),
            Err(fault) => {
                tracing::info!(?fault, "LND does not tell its settings; its version's defaults count");
                Settings::default()
            }
        }
    }

    /// Names the file or setting behind a failure.
    fn explain(&self, fault: Fault) -> ConnectError {
        let LndConfig { address, tls_cert, macaroon, .. } = self.config;
        let address = address.clone();
        match (fault, self.services.connector().last_failure()) {
            (Fault::Denied(reason), _) => ConnectError::Denied { address, path: macaroon.clone(), reason },
            (Fault::Unavailable(_), Some(Failure::WrongCertificate)) => {
                ConnectError::WrongCertificate { address, path: tls_cert.clone() }
            }
            (Fault::Unavailable(_), Some(failure)) => {
                ConnectError::Unreachable { address, reason: failure.to_string() }
            }
            (Fault::Unavailable(reason), None) => ConnectError::NotReady { address, reason },
            (Fault::Unknown(reason), _) => ConnectError::Unreachable { address, reason },
            (Fault::Said(_, reason), _) => ConnectError::Malformed { address, reason },
            (Fault::Missing(reason), _) => ConnectError::Malformed { address, reason: reason.to_owned() },
        }
    }
}

#[async_trait]
impl Lightning for LndNode {
    fn capabilities(&self) -> Capabilities {
        self.capabilities.clone()
    }
    async fn info(&self) -> Result<NodeInfo, LnError> {
        self.node_info().await
    }
    async fn blocks(&self) -> Result<BoxStream<'static, Tip>, LnError> {
        self.tips().await
    }
    async fn sign_message(&self, message: &str) -> Result<String, LnError> {
        self.sign(message).await
    }
    async fn issue_hold_invoice(&self, invoice: &HoldInvoice) -> Result<String, LnError> {
        self.add_hold_invoice(invoice).await
    }
    async fn issue_invoice(
        &self,
        amount: Msat,
        expiry_seconds: u32,
        description: &str,
    ) -> Result<String, LnError> {
        self.add_invoice(amount, expiry_seconds, description).await
    }
    async fn invoice(&self, hash: &PaymentHash) -> Result<InvoiceState, LnError> {
        self.invoice_state(hash).await
    }
    async fn watch_invoice(&self, hash: &PaymentHash) -> Result<BoxStream<'static, InvoiceState>, LnError> {
        self.invoice_states(hash).await
    }
    async fn settle(&self, preimage: &Preimage) -> Result<(), LnError> {
        self.settle_invoice(preimage).await
    }
    async fn cancel(&self, hash: &PaymentHash) -> Result<(), LnError> {
        self.cancel_invoice(hash).await
    }
    async fn decode(&self, bolt11: &str) -> Result<DecodedInvoice, LnError> {
        self.decode_invoice(bolt11).await
    }
    async fn pay(&self, pay: &Pay) -> Result<(), LnError> {
        self.send_payment(pay).await
    }
    async fn payment(&self, hash: &PaymentHash) -> Result<PaymentState, LnError> {
        self.payment_state(hash).await
    }
    async fn watch_payment(&self, hash: &PaymentHash) -> Result<BoxStream<'static, PaymentState>, LnError> {
        self.payment_states(hash).await
    }
    async fn liquidity(&self) -> Result<Liquidity, LnError> {
        self.sum_liquidity().await
    }
    async fn channels(&self) -> Result<Vec<Channel>, LnError> {
        self.list_channels().await
    }
    async fn new_address(&self) -> Result<String, LnError> {
        self.fresh_address().await
    }
    async fn connect_peer(&self, peer: &NodeId, address: &str) -> Result<(), LnError> {
        self.connect_to_peer(peer, address).await
    }
    async fn open_channel(&self, peer: &NodeId, capacity: Msat, push: Msat) -> Result<String, LnError> {
        self.fund_channel(peer, capacity, push).await
    }
    async fn close_channel(&self, outpoint: &str, force: bool) -> Result<(), LnError> {
        self.end_channel(outpoint, force).await
    }
}
