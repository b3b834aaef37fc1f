//! A configuration file, or the answers from which `domp init` writes one; the first byte chooses.

use domp::fuzzing::{config, template};
use std::path::{Path, PathBuf};

/// Checks one input.
pub fn check(data: &[u8]) {
    let Some((kind, bytes)) = data.split_first() else { return };
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if kind % 2 == 0 { file(text) } else { answers(text) }
}

/// Read the same each time; refused with the place; real money only if the file says so.
fn file(text: &str) {
    let read = config(text);
    assert_eq!(read, config(text));
    match read {
        Ok(said) => {
            let real = said.contains("network: Mainnet");
            assert!(!real || text.contains("i_know_this_is_real_money"), "{text}");
        }
        Err(why) => assert!(why.contains("/c/config.toml"), "{why}"),
    }
}

/// The first line is LND's folder, every other one a relay. What is written says exactly that, or a relay is refused.
fn answers(text: &str) {
    let mut lines = text.lines().map(str::to_owned);
    let lnddir = lines.next().unwrap_or_default();
    let relays: Vec<String> = lines.collect();
    let none = relays.is_empty();
    match config(&template(relays, &lnddir)) {
        Ok(said) => {
            // Only a whole first part is somebody's home: neither "~ann/x" nor "a/~".
            let folder = match Path::new(&lnddir).strip_prefix("~") {
                Ok(rest) => Path::new("/home/ann").join(rest),
                Err(_) => PathBuf::from(&lnddir),
            };
            assert!(said.contains(&format!("Folder({folder:?})")), "{folder:?}: {said}");
        }
        Err(why) => {
            assert!(why.contains("relays") && !none || why.contains("lnddir"), "{lnddir:?}: {why}");
        }
    }
}
