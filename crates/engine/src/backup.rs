//! Recovery data: what a bid carries, encrypted to its author, so that phrase and relays are enough to finish the trade.

use crate::{EngineError, inner::Inner};
use domp_ports::identity::VaultError;
use domp_protocol::{ids::Nonce, purpose::Purpose, tags::sealed::Sealed};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use zeroize::Zeroizing;

const VERSION: u32 = 1;

/// The salts and nonces of a bid's secrets, and where the goods go. Not printable: a salt is half a secret.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Backup {
    v: u32,
    roles: BTreeMap<Purpose, Role>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    address: Option<String>,
}

#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Role {
    salt: String,
    nonce: Nonce,
}

impl Backup {
    pub(crate) fn new(address: Option<&str>) -> Self {
        Self { v: VERSION, roles: BTreeMap::new(), address: address.map(str::to_owned) }
    }

    pub(crate) fn add(&mut self, purpose: Purpose, salt: &[u8; 32], nonce: Nonce) {
        self.roles.insert(purpose, Role { salt: hex::encode(salt), nonce });
    }

    /// Encrypted to ourselves.
    pub(crate) fn seal(&self, inner: &Inner) -> Result<Sealed, EngineError> {
        let unsignable = |text: String| VaultError::Unsignable(text);
        let plain = serde_json::to_string(self).map_err(|error| unsignable(error.to_string()))?;
        let plain = Zeroizing::new(plain);
        let text = inner.ports.identity.encrypt_to(&inner.me, &plain)?;
        Ok(text.parse().map_err(|_| unsignable("the vault made no NIP-44 payload".to_owned()))?)
    }

    /// Read again from a bid of ours.
    pub(crate) fn open(inner: &Inner, sealed: &Sealed) -> Result<Self, EngineError> {
        let plain = Zeroizing::new(inner.ports.identity.decrypt_from(&inner.me, sealed.as_str())?);
        let undecryptable = VaultError::Undecryptable { what: "the recovery data of a bid" };
        let backup: Self = serde_json::from_str(&plain).map_err(|_| undecryptable.clone())?;
        if backup.v == VERSION { Ok(backup) } else { Err(undecryptable.into()) }
    }

    /// Each role's salt and nonce.
    pub(crate) fn roles(&self) -> impl Iterator<Item = (Purpose, Option<[u8; 32]>, Nonce)> + '_ {
        self.roles.iter().map(|(purpose, role)| {
            let mut salt = [0; 32];
            let read = hex::decode_to_slice(&role.salt, &mut salt).is_ok();
            (*purpose, read.then_some(salt), role.nonce)
        })
    }

    pub(crate) fn address(&self) -> Option<&str> {
        self.address.as_deref()
    }
}
