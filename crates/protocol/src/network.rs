//! Which Bitcoin network a node, an invoice or a configuration belongs to.

use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// A Bitcoin network. Real money moves on [`Network::Mainnet`] only.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Network {
    /// The main network: real money.
    Mainnet,
    /// Testnet 3 or 4.
    Testnet,
    /// Signet.
    Signet,
    /// A private chain on one machine.
    Regtest,
}

/// A network name nobody uses.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a network (known: mainnet, testnet, signet, regtest)")]
pub struct UnknownNetwork(String);

impl Network {
    /// The name as configuration files and LND's folders spell it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Mainnet => "mainnet",
            Self::Testnet => "testnet",
            Self::Signet => "signet",
            Self::Regtest => "regtest",
        }
    }
}
impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
impl FromStr for Network {
    type Err = UnknownNetwork;
    fn from_str(text: &str) -> Result<Self, UnknownNetwork> {
        match text {
            "mainnet" | "bitcoin" | "main" => Ok(Self::Mainnet),
            "testnet" | "testnet3" | "testnet4" | "test" => Ok(Self::Testnet),
            "signet" => Ok(Self::Signet),
            "regtest" => Ok(Self::Regtest),
            other => Err(UnknownNetwork(other.chars().take(40).collect())),
        }
    }
}
