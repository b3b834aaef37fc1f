//! Rebuilding: a buyer's open trades out of the phrase and the relays.

use crate::{EngineError, RebuildReport, inner::Inner};
use std::sync::Arc;

impl Inner {
    pub(crate) async fn rebuild(self: &Arc<Self>) -> Result<RebuildReport, EngineError> {
        Ok(RebuildReport::default())
    }
}
