//! The passphrase of the vault: from a file, the environment or the keyboard, never from the command line.

use crate::{failure::Failure, output::can_ask};
use std::{ffi::OsString, fs, path::Path};
use zeroize::Zeroizing;

/// The variable that a service sets.
pub const VARIABLE: &str = "DOMP_PASSPHRASE";
/// More than anybody types.
const MOST_BYTES: u64 = 4096;
/// Fewest characters of a new passphrase: the work behind each try makes longer ones safe, not shorter ones.
const FEWEST: usize = 8;

/// A passphrase; wiped on drop, never shown.
pub struct Passphrase(Zeroizing<String>);

impl Passphrase {
    /// The text, for the vault alone.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

/// The passphrase of an existing vault.
///
/// # Errors
/// If the file cannot be read, or there is neither file, variable nor keyboard.
pub fn existing(file: Option<&Path>, variable: Option<OsString>) -> Result<Passphrase, Failure> {
    match given(file, variable)? {
        Some(passphrase) => Ok(passphrase),
        None => ask("Passphrase: "),
    }
}

/// The passphrase of a vault to be made; at the keyboard it is asked twice.
///
/// # Errors
/// As [`existing`]; if it is too short; if the two differ.
pub fn new(file: Option<&Path>, variable: Option<OsString>) -> Result<Passphrase, Failure> {
    let chosen = match given(file, variable)? {
        Some(passphrase) => passphrase,
        None => {
            let first = ask("Choose a passphrase for this machine: ")?;
            check_length(&first)?;
            if first.0 != ask("The same again: ")?.0 {
                return Err(Failure::refused(
                    "passphrases_differ",
                    "the two passphrases are not the same; nothing was made",
                ));
            }
            return Ok(first);
        }
    };
    check_length(&chosen)?;
    Ok(chosen)
}

/// The passphrase that takes the place of another, from its own file or the keyboard: what is in the variable is the other.
///
/// # Errors
/// As [`new`].
pub fn replacement(file: Option<&Path>) -> Result<Passphrase, Failure> {
    if file.is_none() && !can_ask() {
        return Err(Failure::usage(
            "no_passphrase",
            "the new passphrase has to be asked for, and there is no terminal to ask at",
        )
        .hint("name a file with --new-passphrase-file"));
    }
    new(file, None)
}

fn check_length(passphrase: &Passphrase) -> Result<(), Failure> {
    let found = passphrase.0.chars().count();
    if found >= FEWEST {
        return Ok(());
    }
    let message =
        format!("the passphrase has {found} characters; it needs at least {FEWEST}, better several words");
    Err(Failure::refused("weak_passphrase", message))
}

fn given(file: Option<&Path>, variable: Option<OsString>) -> Result<Option<Passphrase>, Failure> {
    if let Some(path) = file {
        return read(path).map(Some);
    }
    let Some(value) = variable.filter(|value| !value.is_empty()) else { return Ok(None) };
    let text = value
        .into_string()
        .map_err(|_| Failure::usage("bad_passphrase", format!("{VARIABLE} is not UTF-8 text")))?;
    Ok(Some(Passphrase(Zeroizing::new(text))))
}

fn read(path: &Path) -> Result<Passphrase, Failure> {
    let unreadable = |reason: String| {
        Failure::usage("passphrase_file", format!("the passphrase file {} {reason}", path.display()))
            .field("passphrase-file")
    };
    let size = fs::metadata(path).map_err(|error| unreadable(format!("cannot be read: {error}")))?;
    if size.len() > MOST_BYTES {
        return Err(unreadable(format!("has more than {MOST_BYTES} bytes; is it the right file?")));
    }
    let mut text = Zeroizing::new(
        fs::read_to_string(path).map_err(|error| unreadable(format!("cannot be read: {error}")))?,
    );
    // Editors end a file with a newline that nobody means.
    let kept = text.trim_end_matches(['\r', '\n']).len();
    text.truncate(kept);
    if text.is_empty() {
        return Err(unreadable("is empty".into()));
    }
    Ok(Passphrase(text))
}

fn ask(question: &str) -> Result<Passphrase, Failure> {
    let nobody = || {
        Failure::usage("no_passphrase", "the vault needs its passphrase, and there is no terminal to ask at")
            .hint(format!("set {VARIABLE}, or name a file with --passphrase-file"))
    };
    if !can_ask() {
        return Err(nobody());
    }
    rpassword::prompt_password(question).map(|text| Passphrase(Zeroizing::new(text))).map_err(|_| nobody())
}

#[cfg(test)]
#[allow(non_snake_case)]
mod tests {
    use super::*;

    fn read_text(content: &[u8]) -> Result<String, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("passphrase");
        fs::write(&path, content).unwrap();
        existing(Some(&path), Some("not this".into())).map(|p| p.expose().to_owned()).map_err(|f| f.message)
    }

    #[test]
    fn file__newline_at_its_end__not_part_of_it() {
        assert_eq!(read_text(b"correct horse \r\n").unwrap(), "correct horse ");
        assert_eq!(read_text(b"correct horse").unwrap(), "correct horse");
    }

    #[test]
    fn file__empty_too_long_or_not_text__refused() {
        assert!(read_text(b"\n").unwrap_err().contains("is empty"));
        assert!(read_text(&[b'x'; 5000]).unwrap_err().contains("4096 bytes"));
        assert!(read_text(b"\xff\xfe").unwrap_err().contains("cannot be read"));
        assert!(existing(Some(Path::new("/nowhere/at/all")), None).is_err());
    }

    #[test]
    fn new__short__refused_without_showing_it() {
        let failure = new(None, Some("zebra".into())).err().unwrap();
        assert_eq!(failure.code, "weak_passphrase");
        assert!(!failure.message.contains("zebra"));
        assert!(new(None, Some("zebra zebra".into())).is_ok());
    }
}
