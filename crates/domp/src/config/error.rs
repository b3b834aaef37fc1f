//! What is wrong with a configuration, and where.

use crate::failure::Failure;
use std::path::{Path, PathBuf};

/// Why a configuration cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// There is none.
    #[error("there is no configuration at {}", .0.display())]
    Missing(PathBuf),
    /// The system does not let us read it.
    #[error("{} cannot be read: {reason}", .path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The system's word.
        reason: String,
    },
    /// It is not TOML, or a key is unknown or of the wrong type.
    #[error("{}, line {line} (`{excerpt}`): {reason}", .path.display())]
    Form {
        /// The file.
        path: PathBuf,
        /// Counted from 1.
        line: usize,
        /// That line.
        excerpt: String,
        /// What is wrong.
        reason: String,
    },
    /// A key has a value that breaks its rule, or lacks one.
    #[error("{place}: {key} {found}; {rule}")]
    Value {
        /// The file or the variable.
        place: String,
        /// The key, as the file spells it.
        key: String,
        /// What was found, as `is 3` or `is missing`.
        found: String,
        /// What it has to be, and the way out.
        rule: String,
    },
}

impl ConfigError {
    /// A value that breaks a rule.
    pub(super) fn value(
        place: impl Into<String>,
        key: &str,
        found: impl Into<String>,
        rule: impl Into<String>,
    ) -> Self {
        Self::Value { place: place.into(), key: key.to_owned(), found: found.into(), rule: rule.into() }
    }

    /// What TOML says, with the line it speaks of.
    pub(super) fn form(path: &Path, text: &str, error: &toml::de::Error) -> Self {
        let start = error.span().map_or(0, |span| span.start).min(text.len());
        let line = text.get(..start).map_or(0, |before| before.matches('\n').count());
        let excerpt = text.lines().nth(line).unwrap_or_default().trim().chars().take(80).collect();
        let reason = error.message().replace('\n', " ");
        Self::Form { path: path.to_owned(), line: line + 1, excerpt, reason }
    }
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Self {
        let failure = |code| Self::usage(code, error.to_string());
        match &error {
            ConfigError::Missing(_) => failure("no_config")
                .hint("`domp init` makes one; or name another with --config, or another --profile"),
            ConfigError::Unreadable { .. } => failure("config_unreadable"),
            ConfigError::Form { .. } => failure("bad_config").hint("docs/configuration.md lists every key"),
            ConfigError::Value { key, .. } => failure("bad_config").field(key.clone()),
        }
    }
}
