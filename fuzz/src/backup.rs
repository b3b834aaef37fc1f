//! A backup that was changed on its way, or something else in its place; the first byte chooses. Nothing but the backup
//! itself is ever restored, and what came out before an error is genuine.

use domp_vault::{
    Phrase, Vault,
    backup::{BackupError, read_backup, write_backup},
};
use std::sync::LazyLock;

const WORDS: &str =
    "abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon about";

/// What is backed up: three pieces, the last of them short.
const LENGTH: usize = 2 * 65_536 + 100;

struct Genuine {
    phrase: Phrase,
    content: Vec<u8>,
    backup: Vec<u8>,
}

static GENUINE: LazyLock<Genuine> = LazyLock::new(|| {
    let phrase = || Phrase::parse(WORDS).expect("twelve words");
    let vault = Vault::from_phrase(phrase()).expect("a vault");
    let content: Vec<u8> = (0..LENGTH).map(|n| (n % 251) as u8).collect();
    let mut backup = Vec::new();
    write_backup(&mut content.as_slice(), LENGTH as u64, &vault, &mut backup).expect("a backup");
    Genuine { phrase: phrase(), content, backup }
});

/// Checks one input.
pub fn check(data: &[u8]) {
    let Some((kind, bytes)) = data.split_first() else { return };
    if kind % 2 == 0 { restore(bytes) } else { restore(&changed(bytes)) }
}

fn restore(backup: &[u8]) {
    let mut out = Vec::new();
    let read: Result<(), BackupError> = read_backup(&mut &*backup, &GENUINE.phrase, &mut out);
    assert_eq!(read.is_ok(), backup == GENUINE.backup, "{read:?}");
    assert!(GENUINE.content.starts_with(&out), "something else came out");
    if let Err(why) = read {
        assert!(!why.to_string().is_empty());
    }
}

/// The genuine backup after orders of five bytes: what, where, with what.
fn changed(orders: &[u8]) -> Vec<u8> {
    let mut backup = GENUINE.backup.clone();
    for order in orders.chunks_exact(5).take(8) {
        let at = u32::from_be_bytes([0, order[1], order[2], order[3]]) as usize % backup.len().max(1);
        match order[0] % 5 {
            0 => {
                if let Some(byte) = backup.get_mut(at) {
                    *byte ^= order[4];
                }
            }
            1 => backup.truncate(at),
            2 => backup.push(order[4]),
            3 => drop(backup.drain(at..backup.len().min(at + usize::from(order[4])))),
            _ => {
                let rest = backup.split_off(at);
                backup.extend(rest.iter().rev());
            }
        }
    }
    backup
}

/// Where the fuzzer begins: nothing changed, one change of each kind, and the beginning of a backup.
pub fn seeds() -> Vec<Vec<u8>> {
    let mut seeds = vec![vec![1], vec![0], [&[0], &GENUINE.backup[..200]].concat()];
    for kind in 0..5 {
        for at in [0u32, 9, 60, 70_000, 131_000] {
            let [_, a, b, c] = at.to_be_bytes();
            seeds.push(vec![1, kind, a, b, c, 1]);
        }
    }
    seeds
}
