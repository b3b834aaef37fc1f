//! The vectors of `spec/vectors`, computed by an independent program, and files written once that must open for ever.

#![allow(non_snake_case, clippy::unwrap_used, clippy::panic)]

use domp_ports::identity::Identity;
use domp_protocol::purpose::Purpose;
use domp_vault::{Phrase, Vault, backup, vault_file};
use serde_json::Value;
use std::path::Path;

/// Every vector of `kind` whose name begins with `family`.
fn vectors(kind: &str, family: &str) -> Vec<Value> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../spec/vectors").join(kind);
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        if name.starts_with(family) {
            let vector: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
            assert_eq!(vector["name"], *name);
            found.push(vector);
        }
    }
    found
}

fn text<'a>(vector: &'a Value, part: &str, field: &str) -> &'a str {
    vector[part][field].as_str().unwrap_or_else(|| panic!("{}: no {part}.{field}", vector["name"]))
}

fn bytes(vector: &Value, part: &str, field: &str) -> Vec<u8> {
    hex::decode(text(vector, part, field)).unwrap()
}

fn vault(vector: &Value) -> Vault {
    Vault::from_phrase(Phrase::parse(text(vector, "input", "phrase")).unwrap()).unwrap()
}

#[test]
fn nostr_key__each_vector__public_key_of_nip06() {
    let vectors = vectors("valid", "vault-nostr-key-");
    assert_eq!(vectors.len(), 4);
    for vector in vectors {
        let expected = text(&vector, "gives", "public_key");
        assert_eq!(vault(&vector).public_key().to_string(), expected, "{}", vector["name"]);
    }
}

#[test]
fn trade_secret__each_vector__secret_and_hash() {
    let vectors = vectors("valid", "vault-secret-");
    assert_eq!(vectors.len(), 6);
    for vector in vectors {
        let purpose: Purpose = text(&vector, "input", "purpose").parse().unwrap();
        let salt = bytes(&vector, "input", "salt").try_into().unwrap();
        let secret = vault(&vector).derive_secret(purpose, &salt);
        assert_eq!(hex::encode(secret.expose()), text(&vector, "gives", "secret"), "{}", vector["name"]);
        assert_eq!(secret.hash().to_string(), text(&vector, "gives", "payment_hash"), "{}", vector["name"]);
    }
}

#[test]
fn phrase__each_invalid_vector__its_error() {
    let vectors = vectors("invalid", "vault-phrase-");
    assert_eq!(vectors.len(), 5);
    for vector in vectors {
        let error = Phrase::parse(text(&vector, "input", "phrase")).unwrap_err().to_string();
        assert!(error.contains(text(&vector, "expect", "error")), "{}: {error}", vector["name"]);
    }
}

#[test]
fn sealed_value__written_once__opens_for_ever() {
    let vectors = vectors("valid", "vault-sealed");
    assert_eq!(vectors.len(), 1);
    for vector in vectors {
        let plaintext = vault(&vector).open(&bytes(&vector, "input", "sealed")).unwrap();
        assert_eq!(*plaintext, bytes(&vector, "gives", "plaintext"));
    }
}

#[test]
fn backup__written_once__opens_for_ever() {
    let vectors = vectors("valid", "vault-backup-");
    assert_eq!(vectors.len(), 2);
    for vector in vectors {
        let phrase = Phrase::parse(text(&vector, "input", "phrase")).unwrap();
        let mut content = Vec::new();
        backup::read_backup(&mut &bytes(&vector, "input", "backup")[..], &phrase, &mut content).unwrap();
        assert_eq!(content, bytes(&vector, "gives", "content"), "{}", vector["name"]);
    }
}

#[test]
fn vault_file__written_once__opens_for_ever() {
    let vectors = vectors("valid", "vault-file");
    assert_eq!(vectors.len(), 1);
    for vector in vectors {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("vault.json");
        std::fs::write(&path, vector["input"]["file"].to_string()).unwrap();
        let vault = vault_file::open(&path, text(&vector, "input", "passphrase")).unwrap();
        assert_eq!(*vault.phrase().expose(), text(&vector, "gives", "phrase"));
    }
}
