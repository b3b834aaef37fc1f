//! `release`: the purchase's secret, from the buyer to the seller alone `[D3-09]`.

use super::Say;
use crate::kinds::Malformed;
use crate::kinds::fields::{Fields, Object};
use crate::secret::Preimage;
use serde_json::Value;
use subtle::ConstantTimeEq;
use zeroize::Zeroize;

/// R of the purchase. What it opens is checked where the payment hash is known; this checks its length only. Not
/// serialisable: snapshots name secrets by their hash.
#[derive(Clone, Debug)]
pub struct Release {
    /// The secret; `Debug` shows its hash only.
    pub preimage: Preimage,
}

impl PartialEq for Release {
    fn eq(&self, other: &Self) -> bool {
        self.preimage.expose().ct_eq(other.preimage.expose()).into()
    }
}
impl Eq for Release {}

impl Say for Release {
    const TYPE: &'static str = "release";

    fn read(fields: &mut Fields) -> Result<Self, Malformed> {
        // No word of what was found: it may be most of a secret.
        let bad = || Malformed::field("preimage", "must be 32 bytes in lower-case hex");
        let Some(Value::String(mut text)) = fields.raw("preimage") else { return Err(bad()) };
        let mut bytes = [0; 32];
        let lower = !text.bytes().any(|byte| byte.is_ascii_uppercase());
        let decoded = lower && hex::decode_to_slice(&text, &mut bytes).is_ok();
        text.zeroize();
        let preimage = Preimage::from_bytes(bytes);
        bytes.zeroize();
        if decoded { Ok(Self { preimage }) } else { Err(bad()) }
    }

    fn write(&self, object: Object) -> Object {
        object.text("preimage", hex::encode(self.preimage.expose()))
    }
}
