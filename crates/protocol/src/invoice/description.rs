//! The description that ties an invoice to its trade `[D3-18]`.

use crate::{ids::TradeId, purpose::Purpose};

/// The description of every invoice of a trade: `DOMP/1 <purpose> <301 id>`. An invoice carries it in clear or as its
/// SHA256; any other description is untrusted text.
pub fn description(purpose: Purpose, trade: &TradeId) -> String {
    format!("DOMP/1 {purpose} {trade}")
}
