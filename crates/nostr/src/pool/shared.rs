//! What all connections of one pool have in common.

use super::{auth::Signers, config::PoolConfig, dial::Dialer, reach::Reach};

/// Settings and tools of one pool.
pub(crate) struct Shared {
    pub(crate) config: PoolConfig,
    pub(crate) dialer: Dialer,
    pub(crate) signers: Signers,
}

impl Shared {
    /// How far a connection to a relay may reach.
    pub(crate) fn reach(&self, configured: bool) -> Reach {
        if configured || self.config.private_strangers { Reach::Anywhere } else { Reach::PublicOnly }
    }
}
