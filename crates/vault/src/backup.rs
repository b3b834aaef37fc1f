//! A backup in one file: a copy of the database, encrypted with a key from the recovery phrase, so that the phrase alone
//! restores it on an empty machine.
//!
//! After a header (`backup_header.rs`) come pieces of 65,536 bytes, the last one shorter, each with XChaCha20-Poly1305 in
//! the STREAM construction (a counter and a last-piece mark in the nonce), the header as associated data. So nothing can be
//! altered, exchanged, cut off or added unnoticed, and a large database never has to fit into memory.

use crate::{
    atomic_file::AtomicFile,
    backup_header::{Header, LENGTH, MAGIC, START, VERSION},
    entropy::NoEntropy,
    phrase::Phrase,
    seed::Seed,
    vault::Vault,
};
use chacha20poly1305::{
    KeyInit, XChaCha20Poly1305,
    aead::{
        Payload,
        stream::{DecryptorBE32, EncryptorBE32},
    },
};
use std::{
    fs::File,
    io::{self, BufReader, ErrorKind, Read, Write},
    path::Path,
};
use zeroize::Zeroizing;

/// Bytes of content in a piece.
const PIECE: usize = 65_536;
/// Bytes that encryption adds to a piece.
const TAG: usize = 16;

/// Why a backup was not written or read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BackupError {
    /// The file begins like no backup.
    #[error("this is not a backup of domp")]
    NotABackup,
    /// A newer program wrote it.
    #[error("the backup has version {found}, this program knows up to {VERSION}: install the newer domp")]
    Newer {
        /// Its version.
        found: u8,
    },
    /// It was made with another recovery phrase.
    #[error("the backup was made with another recovery phrase")]
    WrongPhrase,
    /// The file ends too early.
    #[error("the backup is cut off: {missing} bytes or more are missing at its end; fetch the file again")]
    Truncated {
        /// At least so many.
        missing: u64,
    },
    /// The file is not as it was written.
    #[error("the backup is damaged or was altered ({what}); fetch the file again or use an older one")]
    Altered {
        /// Where it shows.
        what: &'static str,
    },
    /// The content changed while it was being read.
    #[error("what was to be backed up changed its length on the way; try again")]
    Moved,
    /// The target is there already and is never overwritten.
    #[error("{path} exists already; give the file another name")]
    Exists {
        /// The file.
        path: String,
    },
    /// The system refused to read or write.
    #[error("{what}: {reason}")]
    System {
        /// The file, or what was being done.
        what: String,
        /// The system's word.
        reason: String,
    },
    /// No randomness.
    #[error(transparent)]
    NoEntropy(#[from] NoEntropy),
}

fn system(what: &str, error: &io::Error) -> BackupError {
    BackupError::System { what: what.to_owned(), reason: error.to_string() }
}

/// How many pieces `length` bytes make: at least one, which marks the end.
const fn pieces(length: u64) -> u64 {
    let full = length.div_ceil(PIECE as u64);
    if full == 0 { 1 } else { full }
}

/// Bytes of content in piece `number` of `length` bytes.
fn piece_length(length: u64, number: u64) -> usize {
    let rest = length.saturating_sub(number.saturating_mul(PIECE as u64));
    usize::try_from(rest).unwrap_or(PIECE).min(PIECE)
}

/// Writes a backup of the `length` bytes that `content` gives, usually a copy of the journal's database.
///
/// # Errors
/// [`BackupError::Moved`] if `content` does not have that length; what the system says otherwise.
pub fn write_backup(
    content: &mut impl Read,
    length: u64,
    vault: &Vault,
    out: &mut impl Write,
) -> Result<(), BackupError> {
    let header = Header::fresh(vault.seed(), length)?;
    let key = vault.seed().backup_key(&header.salt);
    let context = header.to_bytes();
    let writing = |error: io::Error| system("writing the backup", &error);
    out.write_all(&context).map_err(writing)?;
    let mut cipher = EncryptorBE32::from_aead(XChaCha20Poly1305::new((&*key).into()), &header.nonce.into());
    let mut piece = Zeroizing::new(vec![0; PIECE]);
    let last = pieces(length) - 1;
    // Only possible beyond the counter of the construction, 256 TiB.
    let too_long = |_| BackupError::Altered { what: "too long" };
    for _ in 0..last {
        read_piece(content, &mut piece)?;
        let payload = Payload { msg: &piece, aad: &context };
        out.write_all(&cipher.encrypt_next(payload).map_err(too_long)?).map_err(writing)?;
    }
    piece.truncate(piece_length(length, last));
    read_piece(content, &mut piece)?;
    if content.read(&mut [0]).map_err(|error| system("reading what is backed up", &error))? != 0 {
        return Err(BackupError::Moved);
    }
    let payload = Payload { msg: &piece, aad: &context };
    out.write_all(&cipher.encrypt_last(payload).map_err(too_long)?).map_err(writing)?;
    out.flush().map_err(writing)
}

fn read_piece(content: &mut impl Read, piece: &mut [u8]) -> Result<(), BackupError> {
    content.read_exact(piece).map_err(|error| match error.kind() {
        ErrorKind::UnexpectedEof => BackupError::Moved,
        _ => system("reading what is backed up", &error),
    })
}

/// Reads a backup and writes its content to `out`. Only if it returns `Ok` is the content whole: what was written before an
/// error is genuine, but not all.
///
/// # Errors
/// [`BackupError`], each cause its own.
pub fn read_backup(backup: &mut impl Read, phrase: &Phrase, out: &mut impl Write) -> Result<(), BackupError> {
    let header = read_header(backup)?;
    let seed = Seed::of(phrase);
    if !header.fits(&seed) {
        return Err(BackupError::WrongPhrase);
    }
    let key = seed.backup_key(&header.salt);
    let context = header.to_bytes();
    let writing = |error: io::Error| system("writing what was backed up", &error);
    let altered = |_| BackupError::Altered { what: "content" };
    let mut cipher = DecryptorBE32::from_aead(XChaCha20Poly1305::new((&*key).into()), &header.nonce.into());
    let last = pieces(header.length) - 1;
    for number in 0..last {
        let sealed = read_sealed(backup, header.length, number)?;
        let piece = cipher.decrypt_next(Payload { msg: &sealed, aad: &context }).map_err(altered)?;
        out.write_all(&Zeroizing::new(piece)).map_err(writing)?;
    }
    let sealed = read_sealed(backup, header.length, last)?;
    let piece = cipher.decrypt_last(Payload { msg: &sealed, aad: &context }).map_err(altered)?;
    out.write_all(&Zeroizing::new(piece)).map_err(writing)?;
    if read_some(backup, &mut [0])? != 0 {
        return Err(BackupError::Altered { what: "something follows its end" });
    }
    out.flush().map_err(writing)
}

fn read_header(backup: &mut impl Read) -> Result<Header, BackupError> {
    let mut bytes = [0; LENGTH];
    let start = read_some(backup, &mut bytes[..START])?;
    if start < MAGIC.len() || !bytes.starts_with(MAGIC) {
        return Err(BackupError::NotABackup);
    }
    if start == START && bytes[8] > VERSION {
        return Err(BackupError::Newer { found: bytes[8] });
    }
    let rest = if start == START { read_some(backup, &mut bytes[START..])? } else { 0 };
    match LENGTH - start - rest {
        0 => Header::of(&bytes),
        missing => Err(BackupError::Truncated { missing: missing as u64 }),
    }
}

fn read_sealed(backup: &mut impl Read, length: u64, number: u64) -> Result<Vec<u8>, BackupError> {
    let mut sealed = vec![0; piece_length(length, number) + TAG];
    let found = read_some(backup, &mut sealed)?;
    match sealed.len() - found {
        0 => Ok(sealed),
        missing => Err(BackupError::Truncated { missing: missing as u64 }),
    }
}

/// Fills as much of `bytes` as there is.
fn read_some(backup: &mut impl Read, bytes: &mut [u8]) -> Result<usize, BackupError> {
    let mut filled = 0;
    while filled < bytes.len() {
        match backup.read(&mut bytes[filled..]) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(system("reading the backup", &error)),
        }
    }
    Ok(filled)
}

/// Backs up the file at `content` to a new file at `target`, which gets its name only when it is whole and on the disk.
///
/// # Errors
/// [`BackupError`]; then there is no file at `target` that was not there before.
pub fn backup_file(content: &Path, vault: &Vault, target: &Path) -> Result<(), BackupError> {
    let (mut from, length) = source(content)?;
    let mut file = AtomicFile::begin(target).map_err(|error| at(target, &error))?;
    write_backup(&mut from, length, vault, &mut file)?;
    file.create().map_err(|error| at(target, &error))
}

/// Restores the content of the backup at `backup` to a new file at `target`, which gets its name only when it is whole and
/// on the disk.
///
/// # Errors
/// [`BackupError`]; then there is no file at `target` that was not there before.
pub fn restore_file(backup: &Path, phrase: &Phrase, target: &Path) -> Result<(), BackupError> {
    let (mut from, _) = source(backup)?;
    let mut file = AtomicFile::begin(target).map_err(|error| at(target, &error))?;
    read_backup(&mut from, phrase, &mut file)?;
    file.create().map_err(|error| at(target, &error))
}

fn source(path: &Path) -> Result<(BufReader<File>, u64), BackupError> {
    let file = File::open(path).map_err(|error| at(path, &error))?;
    let length = file.metadata().map_err(|error| at(path, &error))?.len();
    Ok((BufReader::with_capacity(PIECE, file), length))
}

fn at(path: &Path, error: &io::Error) -> BackupError {
    match error.kind() {
        ErrorKind::AlreadyExists => BackupError::Exists { path: path.display().to_string() },
        _ => system(&path.display().to_string(), error),
    }
}
