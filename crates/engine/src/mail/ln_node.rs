//! Our node's signature for our Nostr key: made once, then kept.

use crate::{EngineError, inner::Inner};
use domp_ports::lightning::LnError;
use domp_protocol::{
    node_proof::{ProvenNode, statement},
    tags::node::LnNode,
};

impl Inner {
    /// The tag that binds our node to our key `[D3-19]`.
    pub(crate) async fn ln_node(&self) -> Result<LnNode, EngineError> {
        let node = self.own_node().await?;
        let name = format!("ln_node/{node}");
        let stored = self.ports.journal.setting(&name).await?;
        let proves = |signature: &String| ProvenNode::verify(&node, &self.me, signature).is_ok();
        if let Some(signature) = stored.filter(proves) {
            return Ok(LnNode { node, signature });
        }
        let signature = self.node(self.ports.lightning.sign_message(&statement(&self.me))).await?;
        ProvenNode::verify(&node, &self.me, &signature)
            .map_err(|error| LnError::Malformed(format!("the node's signature for our key: {error}")))?;
        self.ports.journal.set_setting(&name, &signature).await?;
        Ok(LnNode { node, signature })
    }

    /// Our node's id.
    pub(crate) async fn own_node(&self) -> Result<domp_protocol::ids::NodeId, EngineError> {
        if let Some(node) = self.chain.node() {
            return Ok(node);
        }
        let info = self.node(self.ports.lightning.info()).await?;
        Ok(info.id)
    }
}
