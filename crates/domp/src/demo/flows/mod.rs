//! The flows: what happens, step by step. All begin alike; what differs is how they end.

mod locking;
mod nonpayment;
mod opening;
mod refund;
mod success;
mod timeout;

use super::{Flow, Nodes, narrator::Narrator, play::Play, summary::Summary, trouble::Trouble};

/// Shows one flow from its beginning to its accounts.
///
/// # Errors
/// Why it could not be shown to its end.
pub async fn perform(narrator: &mut Narrator, flow: Flow, nodes: Nodes) -> Result<Summary, Trouble> {
    let mut play = Play::begin(narrator, nodes).await?;
    opening::until_accepted(&mut play, flow).await?;
    match flow {
        Flow::Success => success::ending(&mut play).await?,
        Flow::Timeout => timeout::ending(&mut play).await?,
        Flow::Nonpayment => nonpayment::ending(&mut play).await?,
        Flow::Refund => refund::ending(&mut play).await?,
    }
    play.end(flow, nodes).await
}
