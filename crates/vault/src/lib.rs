//! The recovery phrase, the keys and secrets derived from it, and their encryption at rest `[D3-80]`.
//!
//! # Derivation
//! Everything a person owns follows from one BIP-39 recovery phrase and, for each payment, a salt. A program that does what
//! this section says finds the same keys and secrets; `spec/vectors/valid/vault-*.json` are its test vectors.
//!
//! * **phrase**: 12, 15, 18, 21 or 24 words of BIP-39's English list with a valid checksum; new ones have 24.
//! * **seed**: the 64 bytes that BIP-39 makes of the phrase with an empty BIP-39 passphrase (PBKDF2-HMAC-SHA512, 2048
//!   rounds, salt `mnemonic`).
//! * **Nostr key**: NIP-06 account 0, that is BIP-32 path `m/44'/1237'/0'/0/0` of the seed.
//! * **trade secret** R of a payment: HKDF-SHA256 (RFC 5869) with input keying material = seed, salt = the payment's 32-byte
//!   salt, info = the ASCII text `DOMP/1 ` followed by the purpose (`domp_purchase`, `domp_buyer_collateral`,
//!   `domp_seller_collateral`), length 32. R is exactly 32 bytes `[D3-05]` and its payment hash is SHA256(R) `[D3-06]`. The
//!   buyer draws the salt at random and keeps it inside the bid, encrypted to itself; a seller's salt is the bid's id. A
//!   counter would start again after a restore and use a secret twice; a salt does not.
//! * **data key** for what lies encrypted in the database: HKDF-SHA256 of the seed, no salt, info `DOMP/1 data key`,
//!   length 32.
//! * **backup key** and **backup check**: HKDF-SHA256 of the seed, salt = the backup's own 32 random bytes, info
//!   `DOMP/1 backup key` and `DOMP/1 backup check`, length 32.
//!
//! So the phrase and the relays are enough to finish an open trade on a new machine `[D3-56]`, and the phrase alone opens a
//! backup.
//!
//! # What lies where
//! | file | what it holds |
//! |---|---|
//! | `phrase.rs` | reading, making and showing a recovery phrase |
//! | `seed.rs` | the derivations above |
//! | `vault.rs` | [`Vault`]: the identity port |
//! | `nostr/` | signing, NIP-44, NIP-59; the only place that knows the Nostr library |
//! | `sealing.rs` | encryption of single values in the database |
//! | `vault_file.rs`, `cost.rs` | the phrase at rest, behind a passphrase |
//! | `backup.rs`, `backup_header.rs` | the backup file |
//! | `atomic_file.rs` | files that are whole or not there |
//! | `entropy.rs` | randomness |
//!
//! Secrets are held in memory that is wiped on drop, as far as the libraries below allow; none of the types here prints one.

mod atomic_file;
pub mod backup;
mod backup_header;
mod cost;
mod entropy;
mod nostr;
mod phrase;
mod sealing;
mod seed;
mod vault;
pub mod vault_file;

pub use cost::Cost;
pub use entropy::NoEntropy;
pub use phrase::{BadPhrase, Phrase, WordCount};
pub use vault::Vault;
