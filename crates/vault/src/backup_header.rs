//! The first bytes of a backup file.
//!
//! | bytes | what |
//! |---|---|
//! | 8 | `DOMPBKUP` |
//! | 1 | version, 1 |
//! | 32 | salt of the backup key |
//! | 19 | nonce prefix of the STREAM construction |
//! | 8 | length of the content, big-endian |
//! | 16 | the first bytes of the backup check: what the right phrase gives |
//! | 8 | the first bytes of SHA256 of all before |

use crate::{backup::BackupError, entropy::fresh, seed::Seed};
use sha2::{Digest, Sha256};

/// How a backup begins, of whatever version.
pub(crate) const MAGIC: &[u8; 8] = b"DOMPBKUP";
/// The newest form that this program knows.
pub(crate) const VERSION: u8 = 1;
/// Magic and version.
pub(crate) const START: usize = 9;
/// The whole header of version 1.
pub(crate) const LENGTH: usize = 92;

/// A header of version 1.
pub(crate) struct Header {
    pub(crate) salt: [u8; 32],
    pub(crate) nonce: [u8; 19],
    pub(crate) length: u64,
    check: [u8; 16],
}

fn check_for(seed: &Seed, salt: &[u8; 32]) -> [u8; 16] {
    let mut check = [0; 16];
    check.copy_from_slice(&seed.backup_check(salt)[..16]);
    check
}

impl Header {
    /// A header for `length` bytes under fresh salt and nonce.
    pub(crate) fn fresh(seed: &Seed, length: u64) -> Result<Self, BackupError> {
        let salt = fresh()?;
        Ok(Self { salt, nonce: fresh()?, length, check: check_for(seed, &salt) })
    }

    /// Whether `seed` is the one that it was written with.
    pub(crate) fn fits(&self, seed: &Seed) -> bool {
        self.check == check_for(seed, &self.salt)
    }

    pub(crate) fn to_bytes(&self) -> [u8; LENGTH] {
        let mut bytes = [0; LENGTH];
        bytes[..8].copy_from_slice(MAGIC);
        bytes[8] = VERSION;
        bytes[9..41].copy_from_slice(&self.salt);
        bytes[41..60].copy_from_slice(&self.nonce);
        bytes[60..68].copy_from_slice(&self.length.to_be_bytes());
        bytes[68..84].copy_from_slice(&self.check);
        let sum = Sha256::digest(&bytes[..84]);
        bytes[84..].copy_from_slice(&sum[..8]);
        bytes
    }

    /// Reads a header whose first [`START`] bytes have been judged already.
    pub(crate) fn of(bytes: &[u8; LENGTH]) -> Result<Self, BackupError> {
        let mut header = Self { salt: [0; 32], nonce: [0; 19], length: 0, check: [0; 16] };
        let mut length = [0; 8];
        header.salt.copy_from_slice(&bytes[9..41]);
        header.nonce.copy_from_slice(&bytes[41..60]);
        length.copy_from_slice(&bytes[60..68]);
        header.length = u64::from_be_bytes(length);
        header.check.copy_from_slice(&bytes[68..84]);
        if header.to_bytes() == *bytes { Ok(header) } else { Err(BackupError::Altered { what: "header" }) }
    }
}
