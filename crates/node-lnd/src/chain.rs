//! The node and its chain: who it is, where the tip is, and its signature.

use crate::{
    convert,
    node::LndNode,
    rpc::{
        chainrpc::BlockEpoch,
        lnrpc::{GetInfoRequest, GetInfoResponse, SignMessageRequest},
    },
};
use domp_ports::lightning::{LnError, NodeInfo, Tip};
use futures::stream::{self, BoxStream, StreamExt as _};

impl LndNode {
    async fn get_info(&self) -> Result<GetInfoResponse, LnError> {
        let mut client = self.services.lightning();
        let answer = client.get_info(GetInfoRequest {});
        self.services.unary(self.deadline, "GetInfo", answer).await.map_err(|fault| fault.open())
    }

    pub(crate) async fn node_info(&self) -> Result<NodeInfo, LnError> {
        convert::node_info(&self.get_info().await?)
    }

    /// LND's stream tells only that there is a block; what counts is read from `GetInfo`, so that height, time and
    /// being synced belong together.
    pub(crate) async fn tips(&self) -> Result<BoxStream<'static, Tip>, LnError> {
        let mut client = self.services.chain();
        let epochs = client.register_block_epoch_ntfn(BlockEpoch::default());
        let opened = self.services.open(self.deadline, "RegisterBlockEpochNtfn", epochs).await;
        let Some((_, epochs)) = opened.map_err(|fault| fault.open())? else {
            return Ok(stream::empty().boxed());
        };
        let present = convert::tip(&self.get_info().await?)?;
        let later =
            stream::unfold((self.clone(), epochs, present), |(node, mut epochs, mut last)| async move {
                loop {
                    epochs.message().await.ok().flatten()?;
                    let tip = convert::tip(&node.get_info().await.ok()?).ok()?;
                    if tip != last {
                        last = tip;
                        return Some((tip, (node, epochs, last)));
                    }
                }
            });
        Ok(stream::once(async move { present }).chain(later).boxed())
    }

    pub(crate) async fn sign(&self, message: &str) -> Result<String, LnError> {
        let mut client = self.services.lightning();
        let answer = client.sign_message(SignMessageRequest { msg: message.as_bytes().to_vec() });
        let signed = self.services.unary(self.deadline, "SignMessage", answer).await;
        signed.map(|answer| answer.signature).map_err(|fault| fault.open())
    }
}
