//! `domp channels`: the node's channels.

use super::{args::Channels, session::Session};
use crate::{
    failure::Failure,
    question, reference,
    wire::channel::{
        Address, ChannelDone, ChannelList, CloseRequest, ConnectRequest, Connected, OpenRequest,
    },
};

/// Does it.
///
/// # Errors
/// What the daemon or the node refuses, and a no.
pub async fn run(session: &Session, wanted: Channels) -> Result<(), Failure> {
    let client = session.client()?;
    let output = session.output;
    match wanted {
        Channels::List => output.show(&client.get::<ChannelList>("/v1/channels").await?),
        Channels::Open { peer, capacity, push } => {
            let (peer, address) = reference::node(&peer)?;
            output.before_commitment(&format!(
                "{capacity} sat of your node's coins go into a channel with {peer}, and come back when it is closed, less fees. \
                 Opening and closing cost on-chain fees."
            ))?;
            if push > 0 {
                output.before_commitment(&format!(
                    "Beware: {push} sat of it are the peer's from the start. Nothing brings them back."
                ))?;
            }
            question::confirm(output, session.yes, "Open the channel?")?;
            let request = OpenRequest { peer, address, capacity_sat: capacity, push_sat: push };
            output.show(&client.post::<_, ChannelDone>("/v1/channels/open", &request).await?)
        }
        Channels::Close { outpoint, force } => {
            output.before_commitment(if force {
                "The channel is closed without its peer: your coins are locked for days, and fees are higher. HTLCs of open \
                 trades in it go on chain."
            } else {
                "The channel is closed together with its peer; your coins come back to your node's wallet, less a fee."
            })?;
            question::confirm(output, session.yes, "Close the channel?")?;
            let request = CloseRequest { outpoint, force };
            output.show(&client.post::<_, ChannelDone>("/v1/channels/close", &request).await?)
        }
        Channels::Connect { peer } => {
            let (peer, address) = reference::node(&peer)?;
            let Some(address) = address else {
                return Err(Failure::usage(
                    "bad_id",
                    "to connect, the peer's address is needed: KEY@host:port",
                )
                .field("node"));
            };
            output.show(&client.post::<_, Connected>("/v1/peers", &ConnectRequest { peer, address }).await?)
        }
        Channels::Address => output.show(&client.post::<_, Address>("/v1/addresses", &()).await?),
    }
}
