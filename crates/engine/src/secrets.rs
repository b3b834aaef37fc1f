//! Secrets: under which names they lie in storage, encrypted by the vault. No secret is written in clear, and none is kept
//! in memory for longer than it takes to use it.

use crate::{EngineError, inner::Inner};
use domp_ports::{identity::VaultError, journal::JournalError};
use domp_protocol::{
    ids::{PaymentHash, TradeId},
    purpose::Purpose,
    secret::Preimage,
};

/// A secret that the other side revealed to us.
fn secret_name(hash: &PaymentHash) -> String {
    format!("secret/{hash}")
}
/// The salt from which the vault derives a secret of ours.
fn salt_name(hash: &PaymentHash) -> String {
    format!("salt/{hash}")
}
/// Where a trade's goods are to go.
fn address_name(trade: &TradeId) -> String {
    format!("address/{trade}")
}

fn missing(what: &str, name: &str) -> EngineError {
    EngineError::Journal(JournalError::Corrupt {
        path: name.to_owned(),
        reason: format!("{what} is not in the database"),
    })
}

impl Inner {
    /// Keeps sealed bytes. A seal is random, so what is there already is opened and compared.
    async fn keep_sealed(&self, name: &str, plain: &[u8]) -> Result<(), EngineError> {
        if let Some(sealed) = self.ports.journal.sealed(name).await? {
            let known = self.ports.identity.open(&sealed)?;
            if known.as_slice() == plain {
                return Ok(());
            }
            let reason = "something else is stored there already".to_owned();
            return Err(JournalError::Corrupt { path: name.to_owned(), reason }.into());
        }
        Ok(self.ports.journal.keep_sealed(name, &self.ports.identity.seal(plain)).await?)
    }

    /// Stores a secret that opens `hash`, before anybody hears of it.
    pub(crate) async fn keep_secret(&self, secret: &Preimage) -> Result<(), EngineError> {
        self.keep_sealed(&secret_name(&secret.hash()), secret.expose()).await
    }

    /// A secret that was revealed to us.
    pub(crate) async fn stored_secret(&self, hash: &PaymentHash) -> Result<Preimage, EngineError> {
        let name = secret_name(hash);
        let sealed = self.ports.journal.sealed(&name).await?.ok_or_else(|| missing("the secret", &name))?;
        let bytes = self.ports.identity.open(&sealed)?;
        Preimage::check(&bytes, hash)
            .map_err(|_| VaultError::Undecryptable { what: "a stored secret" }.into())
    }

    /// Makes a secret of ours: its salt is stored before its hash is shown to anybody. Gives hash and salt.
    pub(crate) async fn make_secret(&self, purpose: Purpose) -> Result<(PaymentHash, [u8; 32]), EngineError> {
        let salt = self.ports.identity.random();
        let hash = self.adopt_salt(purpose, &salt).await?;
        Ok((hash, salt))
    }

    /// Stores the salt of a secret of ours; gives its hash.
    pub(crate) async fn adopt_salt(
        &self,
        purpose: Purpose,
        salt: &[u8; 32],
    ) -> Result<PaymentHash, EngineError> {
        let hash = self.ports.identity.derive_secret(purpose, salt).hash();
        self.keep_sealed(&salt_name(&hash), salt).await?;
        Ok(hash)
    }

    /// A secret of ours, derived again from its stored salt.
    pub(crate) async fn own_secret(
        &self,
        purpose: Purpose,
        hash: &PaymentHash,
    ) -> Result<Preimage, EngineError> {
        let name = salt_name(hash);
        let sealed = self.ports.journal.sealed(&name).await?.ok_or_else(|| missing("the salt", &name))?;
        let undecryptable = || VaultError::Undecryptable { what: "a stored salt" };
        let opened = self.ports.identity.open(&sealed)?;
        let salt: [u8; 32] = opened.as_slice().try_into().map_err(|_| undecryptable())?;
        let secret = self.ports.identity.derive_secret(purpose, &salt);
        if secret.hash() == *hash { Ok(secret) } else { Err(undecryptable().into()) }
    }

    pub(crate) async fn keep_address(&self, trade: &TradeId, address: &str) -> Result<(), EngineError> {
        self.keep_sealed(&address_name(trade), address.as_bytes()).await
    }

    pub(crate) async fn stored_address(&self, trade: &TradeId) -> Result<Option<String>, EngineError> {
        let Some(sealed) = self.ports.journal.sealed(&address_name(trade)).await? else { return Ok(None) };
        let bytes = self.ports.identity.open(&sealed)?;
        Ok(Some(String::from_utf8_lossy(&bytes).into_owned()))
    }
}
