//! LND's answers from their bytes, for the fuzz targets only: never part of the program.

use crate::{
    capabilities::{Settings, capabilities},
    channels::liquidity,
    convert,
    macaroon::Macaroon,
    rpc::lnrpc,
};
use domp_ports::lightning::{
    Capabilities, Channel, DecodedInvoice, InvoiceState, Liquidity, LnError, NodeInfo, PaymentState,
};
use prost::Message;

fn read<M: Message + Default>(bytes: &[u8]) -> Result<M, LnError> {
    M::decode(bytes).map_err(|error| LnError::Malformed(error.to_string()))
}

/// An answer to `LookupInvoiceV2`.
pub fn invoice(bytes: &[u8]) -> Result<InvoiceState, LnError> {
    convert::invoice_state(&read(bytes)?)
}

/// An answer to `TrackPaymentV2`.
pub fn payment(bytes: &[u8]) -> Result<PaymentState, LnError> {
    convert::payment_state(&read(bytes)?)
}

/// An answer to `GetInfo`.
pub fn node_info(bytes: &[u8]) -> Result<NodeInfo, LnError> {
    convert::node_info(&read(bytes)?)
}

/// An answer to `DecodePayReq`.
pub fn decoded(bytes: &[u8]) -> Result<DecodedInvoice, LnError> {
    convert::decoded(&read(bytes)?)
}

/// An answer to `ListChannels`, and what can be moved over the channels in it.
pub fn channels(bytes: &[u8]) -> Result<(Vec<Channel>, Liquidity), LnError> {
    let answer: lnrpc::ListChannelsResponse = read(bytes)?;
    let channels = answer.channels.iter().map(convert::channel).collect::<Result<_, _>>()?;
    Ok((channels, liquidity(&answer.channels)?))
}

/// A channel point, written as an outpoint, read again and written again.
pub fn outpoint(bytes: &[u8]) -> Result<(String, Result<String, LnError>), LnError> {
    let written = convert::outpoint(&read(bytes)?)?;
    let again = convert::channel_point(&written).and_then(|point| convert::outpoint(&point));
    Ok((written, again))
}

/// A version's name and an answer to `GetDebugInfo`.
pub fn abilities(version: &str, bytes: &[u8]) -> Result<Capabilities, String> {
    let answer = read(bytes).map_err(|error| error.to_string())?;
    capabilities(version, &Settings::read(&answer)).map_err(|error| error.to_string())
}

/// A macaroon file.
pub fn macaroon(bytes: Vec<u8>) -> Result<Macaroon, &'static str> {
    Macaroon::parse(bytes)
}
