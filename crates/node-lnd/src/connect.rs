//! The gRPC channel to LND, and the clients of its services on it.

use crate::{
    connector::{Connector, read_certificate},
    error::ConnectError,
    macaroon::Macaroon,
    rpc::{
        chainrpc::chain_notifier_client::ChainNotifierClient, invoicesrpc::invoices_client::InvoicesClient,
        lnrpc::lightning_client::LightningClient, lnrpc::state_client::StateClient,
        routerrpc::router_client::RouterClient,
    },
};
use std::{sync::Arc, time::Duration};
use tonic::{
    Request, Status,
    metadata::{Ascii, MetadataValue},
    service::{Interceptor, interceptor::InterceptedService},
    transport::{Channel, Endpoint},
};

/// A node that hangs is found out after these two together. LND tolerates pings from every 5 s on.
const PING_EVERY: Duration = Duration::from_secs(20);
const PING_TIMEOUT: Duration = Duration::from_secs(10);

/// A channel whose calls carry the macaroon.
pub(crate) type Authorized = InterceptedService<Channel, Credentials>;

/// The macaroon as LND reads it. It opens a wallet: no `Debug`.
#[derive(Clone)]
pub(crate) struct Credentials {
    macaroon: MetadataValue<Ascii>,
}

impl Interceptor for Credentials {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        request.metadata_mut().insert("macaroon", self.macaroon.clone());
        Ok(request)
    }
}

/// The services of one node. Connects when the first call is made, and again whenever the connection was lost.
#[derive(Clone)]
pub(crate) struct Services {
    channel: Channel,
    authorized: Authorized,
    connector: Arc<Connector>,
}

impl Services {
    /// Reads and checks the files; connects to nobody yet.
    pub(crate) fn new(config: &crate::LndConfig) -> Result<(Self, Macaroon), ConnectError> {
        read_certificate(&config.tls_cert)?;
        let macaroon = Macaroon::read(&config.macaroon)?;
        let mut value =
            MetadataValue::try_from(macaroon.to_hex()).map_err(|error| ConnectError::BadFile {
                what: "a macaroon",
                path: config.macaroon.clone(),
                reason: error.to_string(),
            })?;
        value.set_sensitive(true);
        let connector = Arc::new(Connector::new(&config.address, &config.tls_cert)?);
        let endpoint = Endpoint::from_shared(connector.endpoint())
            .map_err(|error| ConnectError::BadAddress {
                address: config.address.clone(),
                reason: error.to_string(),
            })?
            .http2_keep_alive_interval(PING_EVERY)
            .keep_alive_timeout(PING_TIMEOUT);
        let dialer = Arc::clone(&connector);
        let channel = endpoint.connect_with_connector_lazy(tower::service_fn(move |_uri| {
            let dialer = Arc::clone(&dialer);
            async move { dialer.connect().await }
        }));
        let authorized = InterceptedService::new(channel.clone(), Credentials { macaroon: value });
        Ok((Self { channel, authorized, connector }, macaroon))
    }

    pub(crate) fn connector(&self) -> &Connector {
        &self.connector
    }
    /// Without a macaroon: the only service that answers whatever LND is doing.
    pub(crate) fn state(&self) -> StateClient<Channel> {
        StateClient::new(self.channel.clone())
    }
    pub(crate) fn lightning(&self) -> LightningClient<Authorized> {
        LightningClient::new(self.authorized.clone())
    }
    pub(crate) fn invoices(&self) -> InvoicesClient<Authorized> {
        InvoicesClient::new(self.authorized.clone())
    }
    pub(crate) fn router(&self) -> RouterClient<Authorized> {
        RouterClient::new(self.authorized.clone())
    }
    pub(crate) fn chain(&self) -> ChainNotifierClient<Authorized> {
        ChainNotifierClient::new(self.authorized.clone())
    }
}
