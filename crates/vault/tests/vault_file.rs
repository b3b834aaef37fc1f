//! The phrase at rest `[D3-80]`.

#![allow(non_snake_case, clippy::unwrap_used)]

use domp_ports::identity::Identity;
use domp_vault::{
    Cost, Phrase,
    vault_file::{VERSION, VaultFileError, change_passphrase, create, open},
};
use proptest::prelude::*;
use std::path::PathBuf;

const WORDS: &str = "leader monkey parrot ring guide accident before fence cannon height naive bean";

/// A vault file behind the passphrase "correct horse".
fn written() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("vault.json");
    create(&path, &Phrase::parse(WORDS).unwrap(), "correct horse", Cost::for_trials_only()).unwrap();
    (folder, path)
}

fn names(folder: &tempfile::TempDir) -> Vec<String> {
    let entries = std::fs::read_dir(folder.path()).unwrap();
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

#[test]
fn file__right_passphrase__the_same_keys() {
    let (folder, path) = written();
    let vault = open(&path, "correct horse").unwrap();
    assert_eq!(*vault.phrase().expose(), WORDS);
    assert!(vault.public_key().to_string().starts_with("17162c92"));
    assert_eq!(names(&folder), ["vault.json"]);
}

#[test]
fn file__every_length_of_phrase__there_and_back() {
    let folder = tempfile::tempdir().unwrap();
    for (n, phrase) in [Phrase::generate().unwrap(), Phrase::parse(WORDS).unwrap()].into_iter().enumerate() {
        let path = folder.path().join(n.to_string());
        create(&path, &phrase, "x", Cost::for_trials_only()).unwrap();
        assert_eq!(*open(&path, "x").unwrap().phrase().expose(), *phrase.expose());
    }
}

#[test]
fn file__recommended_cost__kept_in_the_file_and_needed_to_open_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("vault.json");
    create(&path, &Phrase::parse(WORDS).unwrap(), "x", Cost::recommended()).unwrap();
    assert!(std::fs::read_to_string(&path).unwrap().contains("\"memory_kib\": 65536"));
    open(&path, "x").unwrap();
}

#[test]
fn file__wrong_passphrase__refused_and_untouched() {
    let (_folder, path) = written();
    let before = std::fs::read(&path).unwrap();
    for wrong in ["", "correct Horse", "correct horse "] {
        let error = open(&path, wrong).unwrap_err();
        assert_eq!(error, VaultFileError::WrongPassphrase { path: path.display().to_string() });
        let error = change_passphrase(&path, wrong, "new", Cost::for_trials_only()).unwrap_err();
        assert!(matches!(error, VaultFileError::WrongPassphrase { .. }));
    }
    assert_eq!(std::fs::read(&path).unwrap(), before);
}

#[test]
fn file__exists__never_overwritten() {
    let (_folder, path) = written();
    let before = std::fs::read(&path).unwrap();
    let error = create(&path, &Phrase::generate().unwrap(), "other", Cost::for_trials_only()).unwrap_err();
    assert_eq!(error, VaultFileError::Exists { path: path.display().to_string() });
    assert_eq!(std::fs::read(&path).unwrap(), before);
}

#[test]
fn file__created_by_two_at_once__one_wins_and_its_file_opens() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("vault.json");
    let won: Vec<usize> = std::thread::scope(|scope| {
        let tries: Vec<_> = (0..8)
            .map(|n| {
                let path = &path;
                scope.spawn(move || {
                    create(path, &Phrase::generate().unwrap(), &n.to_string(), Cost::for_trials_only())
                })
            })
            .collect();
        let answers = tries.into_iter().map(|one| one.join().unwrap()).enumerate();
        answers.filter(|(_, answer)| answer.is_ok()).map(|(n, _)| n).collect()
    });
    assert_eq!(won.len(), 1);
    open(&path, &won[0].to_string()).unwrap();
    assert_eq!(names(&folder), ["vault.json"]);
}

#[test]
fn file__passphrase_changed__only_the_new_one_opens_it() {
    let (folder, path) = written();
    change_passphrase(&path, "correct horse", "battery staple", Cost::for_trials_only()).unwrap();
    assert!(matches!(open(&path, "correct horse"), Err(VaultFileError::WrongPassphrase { .. })));
    assert_eq!(*open(&path, "battery staple").unwrap().phrase().expose(), WORDS);
    assert_eq!(names(&folder), ["vault.json"]);
}

#[test]
fn file__empty_passphrase__refused_and_nothing_written() {
    let (folder, path) = written();
    let other = folder.path().join("other.json");
    let phrase = Phrase::parse(WORDS).unwrap();
    assert_eq!(create(&other, &phrase, "", Cost::for_trials_only()), Err(VaultFileError::EmptyPassphrase));
    let changed = change_passphrase(&path, "correct horse", "", Cost::for_trials_only());
    assert_eq!(changed, Err(VaultFileError::EmptyPassphrase));
    open(&path, "correct horse").unwrap();
    assert_eq!(names(&folder), ["vault.json"]);
}

#[test]
fn file__missing_or_in_no_folder__told_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("vault.json");
    assert_eq!(open(&path, "x").unwrap_err(), VaultFileError::Missing { path: path.display().to_string() });
    let nowhere = folder.path().join("missing/vault.json");
    let error = create(&nowhere, &Phrase::parse(WORDS).unwrap(), "x", Cost::for_trials_only()).unwrap_err();
    assert!(matches!(&error, VaultFileError::System { path, .. } if path.contains("missing")), "{error}");
    assert!(matches!(open(folder.path(), "x"), Err(VaultFileError::System { .. })));
}

#[test]
fn file__of_a_newer_program__newer_and_untouched() {
    let (_folder, path) = written();
    let newer = format!("{{\"format\":\"domp vault\",\"version\":{},\"new_field\":[]}}", VERSION + 1);
    std::fs::write(&path, &newer).unwrap();
    assert!(matches!(open(&path, "x"), Err(VaultFileError::Newer { found, .. }) if found == VERSION + 1));
    assert!(change_passphrase(&path, "x", "y", Cost::for_trials_only()).is_err());
    assert_eq!(std::fs::read_to_string(&path).unwrap(), newer);
}

#[test]
fn file__something_else__damaged() {
    let (_folder, path) = written();
    let good = std::fs::read_to_string(&path).unwrap();
    let mut wrong: Vec<Vec<u8>> = [
        "",
        "{}",
        "[]",
        "hello",
        "{\"format\":\"x\",\"version\":1}",
        "{\"format\":\"domp vault\",\"version\":1}",
    ]
    .map(|text| text.as_bytes().to_vec())
    .into();
    wrong.push(vec![0xff; 100]);
    wrong.push(vec![b' '; 100_000]);
    wrong.push(good.replace("\"memory_kib\": 8", "\"memory_kib\": 4294967295").into_bytes());
    wrong.push(good.replace("\"lanes\": 1", "\"lanes\": 0").into_bytes());
    wrong.push(good.as_bytes()[..good.len() / 2].to_vec());
    for content in wrong {
        std::fs::write(&path, &content).unwrap();
        let error = open(&path, "correct horse").unwrap_err();
        assert!(
            matches!(error, VaultFileError::Damaged { .. }),
            "{}: {error}",
            String::from_utf8_lossy(&content)
        );
    }
}

#[cfg(unix)]
#[test]
fn file__written_or_changed__readable_by_its_owner_only() {
    use std::os::unix::fs::PermissionsExt;
    let (_folder, path) = written();
    let mode = || std::fs::metadata(&path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(), 0o600);
    change_passphrase(&path, "correct horse", "x", Cost::for_trials_only()).unwrap();
    assert_eq!(mode(), 0o600);
}

#[test]
fn file__content__neither_words_nor_passphrase() {
    let (_folder, path) = written();
    let text = std::fs::read_to_string(&path).unwrap();
    assert!(!text.contains("correct") && !WORDS.split(' ').any(|word| text.contains(&format!("\"{word}"))));
    for error in [open(&path, "hunter2").unwrap_err(), VaultFileError::EmptyPassphrase] {
        assert!(!format!("{error} {error:?}").contains("hunter2"));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn file__any_byte_changed__refused_or_the_same_keys(at in any::<prop::sample::Index>(), byte in 0x20..0x7f_u8) {
        let (_folder, path) = written();
        let mut content = std::fs::read(&path).unwrap();
        let at = at.index(content.len());
        content[at] = byte;
        std::fs::write(&path, &content).unwrap();
        match open(&path, "correct horse") {
            Ok(vault) => prop_assert_eq!(&*vault.phrase().expose(), WORDS),
            Err(error) => prop_assert!(
                matches!(error, VaultFileError::Damaged { .. } | VaultFileError::Newer { .. }),
                "{}", error
            ),
        }
    }
}
