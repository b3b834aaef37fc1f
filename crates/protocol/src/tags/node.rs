//! `["ln_node",node_id,signature]`: the Lightning node a person trades with, bound to the Nostr key by the node's own
//! signature `[D3-19]`, `[D3-61]`.

use super::reader::{Tag, Values, tag};
use crate::ids::NodeId;
use crate::kinds::malformed::Malformed;
use crate::zbase32;
use serde::{Deserialize, Serialize};

pub(crate) const NAME: &str = "ln_node";

/// A node id with the signature that claims it. Only the form is checked here; whether the signature is the node's is
/// for the node proof to say.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct LnNode {
    /// The node's compressed public key.
    pub node: NodeId,
    /// The node's signature over `DOMP/1 node <nostr public key>`, as nodes print it: 65 bytes in zbase32.
    pub signature: String,
}

/// A recoverable signature and the byte that says how it is encoded.
const SIGNATURE_BYTES: usize = 65;

pub(crate) fn read(values: Values<'_>) -> Result<LnNode, Malformed> {
    let [node, signature] = values.exactly("[\"ln_node\", node id, signature]")?;
    let node: NodeId = values.parse("the node id", node)?;
    if !matches!(node.as_bytes()[0], 2 | 3) {
        return Err(values.bad("the node id is no compressed public key: it must begin with 02 or 03"));
    }
    zbase32::decode::<SIGNATURE_BYTES>(signature)
        .map_err(|error| values.bad(format!("the signature {error}")))?;
    Ok(LnNode { node, signature: signature.clone() })
}

pub(crate) fn write(node: &LnNode) -> Tag {
    tag([NAME, &node.node.to_string(), &node.signature])
}
