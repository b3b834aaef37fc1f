//! A backup opens with its phrase, whole or not at all `[D3-56]`.

#![allow(non_snake_case, clippy::unwrap_used, clippy::panic)]

use domp_vault::{
    Phrase, Vault,
    backup::{BackupError, backup_file, read_backup, restore_file, write_backup},
};
use proptest::prelude::*;
use std::sync::LazyLock;

const WORDS: &str = "leader monkey parrot ring guide accident before fence cannon height naive bean";
/// Bytes before the first piece, and of a full piece in the file.
const HEADER: usize = 92;
const PIECE: usize = 65_536 + 16;

fn phrase() -> Phrase {
    Phrase::parse(WORDS).unwrap()
}

static VAULT: LazyLock<Vault> = LazyLock::new(|| Vault::from_phrase(phrase()).unwrap());

fn content(length: usize) -> Vec<u8> {
    (0..length).map(|n| (n % 251) as u8).collect()
}

fn backup(content: &[u8]) -> Vec<u8> {
    let mut file = Vec::new();
    write_backup(&mut &content[..], content.len() as u64, &VAULT, &mut file).unwrap();
    file
}

fn restored(file: &[u8]) -> Result<Vec<u8>, BackupError> {
    let mut content = Vec::new();
    read_backup(&mut &file[..], &phrase(), &mut content).map(|()| content)
}

#[test]
fn content__of_every_odd_length__there_and_back() {
    for length in [0, 1, 65_535, 65_536, 65_537, 131_072, 200_000] {
        let content = content(length);
        let file = backup(&content);
        let pieces = length.div_ceil(65_536).max(1);
        assert_eq!(file.len(), HEADER + length + 16 * pieces);
        assert_eq!(restored(&file).unwrap(), content, "{length}");
    }
}

#[test]
fn same_content__twice__other_files() {
    assert_ne!(backup(b"x"), backup(b"x"));
}

#[test]
fn other_phrase__wrong_phrase() {
    let stranger = Phrase::generate().unwrap();
    let refused = read_backup(&mut &backup(b"x")[..], &stranger, &mut Vec::new());
    assert_eq!(refused, Err(BackupError::WrongPhrase));
}

#[test]
fn file__cut_off_anywhere__truncated_or_no_backup() {
    let file = backup(&content(150_000));
    let cuts =
        (0..HEADER + 20).chain([HEADER + PIECE, HEADER + 2 * PIECE, HEADER + 2 * PIECE + 1, file.len() - 1]);
    for cut in cuts {
        match restored(&file[..cut]) {
            Err(BackupError::NotABackup) => assert!(cut < 8, "{cut}"),
            Err(BackupError::Truncated { missing }) => assert!(cut >= 8 && missing > 0, "{cut}"),
            other => panic!("{cut}: {other:?}"),
        }
    }
}

#[test]
fn file__pieces_exchanged_or_left_out_or_added__altered_or_truncated() {
    let file = backup(&content(4 * 65_536));
    let piece = |n: usize| &file[HEADER + n * PIECE..HEADER + (n + 1) * PIECE];
    let with = |order: &[usize]| {
        let mut other = file[..HEADER].to_vec();
        order.iter().for_each(|n| other.extend_from_slice(piece(*n)));
        restored(&other).unwrap_err()
    };
    let altered = BackupError::Altered { what: "content" };
    assert_eq!(with(&[1, 0, 2, 3]), altered);
    assert_eq!(with(&[0, 0, 2, 3]), altered);
    assert_eq!(with(&[0, 1, 3, 3]), altered);
    assert_eq!(with(&[0, 1, 2]), BackupError::Truncated { missing: PIECE as u64 });
    assert_eq!(with(&[0, 1, 2, 3, 3]), BackupError::Altered { what: "something follows its end" });
}

#[test]
fn file__pieces_of_another_backup__altered() {
    let (one, other) = (backup(b"one"), backup(b"two"));
    let mixed = [&one[..HEADER], &other[HEADER..]].concat();
    assert_eq!(restored(&mixed), Err(BackupError::Altered { what: "content" }));
}

#[test]
fn file__newer_version__newer() {
    let mut file = backup(b"x");
    file[8] = 2;
    assert_eq!(restored(&file), Err(BackupError::Newer { found: 2 }));
    assert_eq!(restored(&file[..9]), Err(BackupError::Newer { found: 2 }));
}

#[test]
fn file__something_else__no_backup() {
    for other in [&b""[..], b"DOMP", b"SQLite format 3\0", &[0; 1000]] {
        assert_eq!(restored(other), Err(BackupError::NotABackup));
    }
}

#[test]
fn content__longer_or_shorter_than_said__moved() {
    for said in [2, 4, 70_000] {
        let refused = write_backup(&mut &b"abc"[..], said, &VAULT, &mut Vec::new());
        assert_eq!(refused, Err(BackupError::Moved), "{said}");
    }
}

#[test]
fn files__restored_with_the_phrase_alone__the_same_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    std::fs::write(at("trades.db"), content(300_000)).unwrap();
    backup_file(&at("trades.db"), &VAULT, &at("trades.backup")).unwrap();
    restore_file(&at("trades.backup"), &phrase(), &at("restored.db")).unwrap();
    assert_eq!(std::fs::read(at("restored.db")).unwrap(), content(300_000));
    let sealed = std::fs::read(at("trades.backup")).unwrap();
    assert!(!sealed.windows(32).any(|window| window == &content(32)[..]));
}

#[test]
fn files__target_exists_or_backup_is_bad__nothing_written() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    std::fs::write(at("content"), b"abc").unwrap();
    std::fs::write(at("taken"), b"mine").unwrap();
    let exists = BackupError::Exists { path: at("taken").display().to_string() };
    assert_eq!(backup_file(&at("content"), &VAULT, &at("taken")), Err(exists.clone()));
    backup_file(&at("content"), &VAULT, &at("good")).unwrap();
    assert_eq!(restore_file(&at("good"), &phrase(), &at("taken")), Err(exists));
    assert_eq!(std::fs::read(at("taken")).unwrap(), b"mine");

    let good = std::fs::read(at("good")).unwrap();
    std::fs::write(at("cut"), &good[..good.len() - 1]).unwrap();
    let refused = restore_file(&at("cut"), &phrase(), &at("new"));
    assert_eq!(refused, Err(BackupError::Truncated { missing: 1 }));
    let missing = restore_file(&at("missing"), &phrase(), &at("new")).unwrap_err();
    assert!(matches!(&missing, BackupError::System { what, .. } if what.contains("missing")), "{missing}");
    assert!(!at("new").exists());
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 4);
}

#[cfg(target_os = "linux")]
#[test]
fn out__on_a_full_disk__the_systems_word() {
    let mut full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let content = content(100_000);
    let refused = write_backup(&mut &content[..], content.len() as u64, &VAULT, &mut full).unwrap_err();
    assert!(matches!(refused, BackupError::System { .. }), "{refused}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_content__there_and_back(content in prop::collection::vec(any::<u8>(), 0..5000)) {
        prop_assert_eq!(restored(&backup(&content)).unwrap(), content);
    }

    #[test]
    fn any_bit__changed__refused(at in any::<prop::sample::Index>(), bit in 0..8) {
        let mut file = backup(b"some content");
        let at = at.index(file.len());
        file[at] ^= 1_u8 << bit;
        prop_assert!(restored(&file).is_err());
    }

    #[test]
    fn any_bytes__after_the_magic__refused_without_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let file = [&b"DOMPBKUP\x01"[..], &bytes].concat();
        prop_assert!(restored(&file).is_err());
    }
}
