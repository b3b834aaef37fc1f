//! The phrase at rest: `vault.json`, encrypted behind a passphrase.
//!
//! The passphrase goes through Argon2id with the cost and salt that the file names, the phrase's entropy through
//! XChaCha20-Poly1305 under that key, with everything else in the file as associated data. A checksum tells a damaged file
//! from a wrong passphrase; it is no protection and needs to be none.

use crate::{
    atomic_file::AtomicFile,
    cost::Cost,
    entropy::{NoEntropy, fresh},
    phrase::Phrase,
    vault::Vault,
};
use chacha20poly1305::{
    KeyInit, XChaCha20Poly1305, XNonce,
    aead::{Aead, Payload},
};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::{
    fs::File,
    io::{self, Read, Write},
    path::Path,
};
use zeroize::Zeroizing;

/// The newest form of the file that this program knows.
pub const VERSION: u32 = 1;

const FORMAT: &str = "domp vault";
/// More than any vault file has.
const MOST_BYTES: u64 = 65_536;

/// Why a vault file was not written or read. Whatever is wrong, the file is as it was before.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VaultFileError {
    /// There is one already.
    #[error("{path} exists already and is never overwritten: it may be the only copy of somebody's keys")]
    Exists {
        /// The file.
        path: String,
    },
    /// There is none.
    #[error("{path} does not exist: create a vault first, or restore it from its recovery phrase")]
    Missing {
        /// The file.
        path: String,
    },
    /// The passphrase is not the one that it was written with.
    #[error("wrong passphrase for {path}; nothing was changed")]
    WrongPassphrase {
        /// The file.
        path: String,
    },
    /// Nobody is kept out by nothing.
    #[error("an empty passphrase protects nothing; choose one")]
    EmptyPassphrase,
    /// A newer program wrote it.
    #[error(
        "{path} has version {found}, this program knows up to {VERSION}: install the newer domp; nothing was changed"
    )]
    Newer {
        /// The file.
        path: String,
        /// Its version.
        found: u32,
    },
    /// It is no vault file, or was altered.
    #[error("{path} is damaged: {reason}; restore it from the recovery phrase")]
    Damaged {
        /// The file.
        path: String,
        /// What does not fit.
        reason: String,
    },
    /// The system refused to read or write it.
    #[error("{path}: {reason}")]
    System {
        /// The file.
        path: String,
        /// The system's word.
        reason: String,
    },
    /// No randomness.
    #[error(transparent)]
    NoEntropy(#[from] NoEntropy),
}

/// What every version of the file begins with.
#[derive(Deserialize)]
struct Head {
    format: String,
    version: u32,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Stored {
    format: String,
    version: u32,
    argon2id: Cost,
    salt: String,
    nonce: String,
    sealed: String,
    checksum: String,
}

impl Stored {
    /// What the ciphertext is bound to.
    fn context(&self) -> String {
        format!("DOMP/1 vault {} {} {}", self.version, self.argon2id.in_words(), self.salt)
    }

    fn checksum(&self) -> String {
        let all = format!("{} {} {}", self.context(), self.nonce, self.sealed);
        hex::encode(Sha256::digest(all))
    }
}

/// Writes a new vault file for `phrase`.
///
/// # Errors
/// [`VaultFileError::Exists`] if there is one; what the system says otherwise.
pub fn create(path: &Path, phrase: &Phrase, passphrase: &str, cost: Cost) -> Result<(), VaultFileError> {
    let there = |error: io::Error| match error.kind() {
        io::ErrorKind::AlreadyExists => VaultFileError::Exists { path: path.display().to_string() },
        _ => system(path, &error),
    };
    // Asked before the work as well, so that nobody waits for a refusal.
    if path.symlink_metadata().is_ok() {
        return Err(VaultFileError::Exists { path: path.display().to_string() });
    }
    let text = encrypt(path, phrase, passphrase, cost)?;
    let mut file = AtomicFile::begin(path).map_err(|error| system(path, &error))?;
    file.write_all(text.as_bytes()).map_err(|error| system(path, &error))?;
    file.create().map_err(there)
}

/// Opens a vault file. Takes as long as its cost says.
///
/// # Errors
/// [`VaultFileError`], each cause its own.
pub fn open(path: &Path, passphrase: &str) -> Result<Vault, VaultFileError> {
    Ok(Vault::from_phrase(decrypt(path, passphrase)?)?)
}

/// Gives the vault file another passphrase and cost; the keys stay the same.
///
/// # Errors
/// [`VaultFileError`]; the file is then as it was.
pub fn change_passphrase(path: &Path, old: &str, new: &str, cost: Cost) -> Result<(), VaultFileError> {
    let phrase = decrypt(path, old)?;
    let text = encrypt(path, &phrase, new, cost)?;
    let write = || {
        let mut file = AtomicFile::begin(path)?;
        file.write_all(text.as_bytes())?;
        file.replace()
    };
    write().map_err(|error| system(path, &error))
}

fn system(path: &Path, error: &io::Error) -> VaultFileError {
    VaultFileError::System { path: path.display().to_string(), reason: error.to_string() }
}

fn damaged(path: &Path, reason: &str) -> VaultFileError {
    VaultFileError::Damaged { path: path.display().to_string(), reason: reason.to_owned() }
}

fn encrypt(path: &Path, phrase: &Phrase, passphrase: &str, cost: Cost) -> Result<String, VaultFileError> {
    if passphrase.is_empty() {
        return Err(VaultFileError::EmptyPassphrase);
    }
    let (salt, nonce) = (fresh::<16>()?, fresh::<24>()?);
    let failed = |what: &str| system(path, &io::Error::other(what));
    let key = cost.key(passphrase, &salt).ok_or_else(|| failed("the passphrase's cost is impossible"))?;
    let mut stored = Stored {
        format: FORMAT.to_owned(),
        version: VERSION,
        argon2id: cost,
        salt: hex::encode(salt),
        nonce: hex::encode(nonce),
        sealed: String::new(),
        checksum: String::new(),
    };
    let (entropy, context) = (phrase.entropy(), stored.context());
    let payload = Payload { msg: &entropy, aad: context.as_bytes() };
    let sealed = XChaCha20Poly1305::new((&*key).into()).encrypt(XNonce::from_slice(&nonce), payload);
    stored.sealed = hex::encode(sealed.map_err(|_| failed("the phrase could not be encrypted"))?);
    stored.checksum = stored.checksum();
    let text = serde_json::to_string_pretty(&stored).map_err(|error| failed(&error.to_string()))?;
    Ok(text + "\n")
}

fn decrypt(path: &Path, passphrase: &str) -> Result<Phrase, VaultFileError> {
    let stored = read(path)?;
    let (Ok(salt), Ok(nonce), Ok(sealed)) =
        (hex::decode(&stored.salt), hex::decode(&stored.nonce), hex::decode(&stored.sealed))
    else {
        return Err(damaged(path, "salt, nonce or ciphertext is not hexadecimal"));
    };
    let (Ok(salt), Ok(nonce)) = (<[u8; 16]>::try_from(salt), <[u8; 24]>::try_from(nonce)) else {
        return Err(damaged(path, "salt or nonce has a wrong length"));
    };
    let key = stored
        .argon2id
        .key(passphrase, &salt)
        .ok_or_else(|| damaged(path, "the cost of its passphrase is out of bounds"))?;
    let context = stored.context();
    let payload = Payload { msg: &sealed, aad: context.as_bytes() };
    let entropy = XChaCha20Poly1305::new((&*key).into())
        .decrypt(XNonce::from_slice(&nonce), payload)
        .map(Zeroizing::new)
        .map_err(|_| VaultFileError::WrongPassphrase { path: path.display().to_string() })?;
    Phrase::from_entropy(&entropy).map_err(|_| damaged(path, "what it holds is no recovery phrase"))
}

/// Reads the file up to the point where only the passphrase is missing.
fn read(path: &Path) -> Result<Stored, VaultFileError> {
    let mut text = String::new();
    let file = File::open(path).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => VaultFileError::Missing { path: path.display().to_string() },
        _ => system(path, &error),
    })?;
    file.take(MOST_BYTES).read_to_string(&mut text).map_err(|error| match error.kind() {
        io::ErrorKind::InvalidData => damaged(path, "it is not text"),
        _ => system(path, &error),
    })?;
    let head: Head = serde_json::from_str(&text).map_err(|_| damaged(path, "it is not a vault file"))?;
    if head.format != FORMAT {
        return Err(damaged(path, "it is not a vault file"));
    }
    if head.version > VERSION {
        return Err(VaultFileError::Newer { path: path.display().to_string(), found: head.version });
    }
    let stored: Stored = serde_json::from_str(&text)
        .map_err(|error| damaged(path, &format!("a field does not fit ({error})")))?;
    if stored.checksum != stored.checksum() {
        return Err(damaged(path, "its checksum does not fit"));
    }
    Ok(stored)
}
