//! A session: what one run of the command line knows from its global options.

use super::args::Global;
use crate::{
    client::Client,
    config::{Config, ConfigError, RealMoney},
    failure::Failure,
    output::Output,
    passphrase::{self, Passphrase},
    paths::{Named, Paths},
};
use std::path::PathBuf;

/// What one run knows.
pub struct Session {
    /// Where it writes.
    pub output: Output,
    /// Whether to ask.
    pub yes: bool,
    /// Whether `--mainnet` was given.
    pub real_money: RealMoney,
    named: Named,
    passphrase_file: Option<PathBuf>,
}

impl Session {
    /// From the global options.
    pub fn new(global: Global) -> Self {
        Self {
            output: Output::new(global.json),
            yes: global.yes,
            real_money: if global.mainnet { RealMoney::Flag } else { RealMoney::FileOnly },
            named: Named { config: global.config, profile: global.profile, data: global.data_dir },
            passphrase_file: global.passphrase_file,
        }
    }

    /// Where things lie.
    ///
    /// # Errors
    /// See [`Paths::find`].
    pub fn paths(&self) -> Result<Paths, Failure> {
        Paths::find(&self.named, |name| std::env::var_os(name))
    }

    /// The configuration.
    ///
    /// # Errors
    /// See [`Config::read`].
    pub fn config(&self, paths: &Paths) -> Result<Config, ConfigError> {
        Config::read(&paths.config, self.real_money, &|name| std::env::var_os(name))
    }

    /// The file with the passphrase, if one was named.
    pub fn passphrase_file(&self) -> Option<PathBuf> {
        self.passphrase_file.clone()
    }

    /// The passphrase of an existing vault.
    ///
    /// # Errors
    /// See [`passphrase::existing`].
    pub fn passphrase(&self) -> Result<Passphrase, Failure> {
        passphrase::existing(self.passphrase_file.as_deref(), std::env::var_os(passphrase::VARIABLE))
    }

    /// The passphrase of a vault to be made.
    ///
    /// # Errors
    /// See [`passphrase::new`].
    pub fn new_passphrase(&self) -> Result<Passphrase, Failure> {
        passphrase::new(self.passphrase_file.as_deref(), std::env::var_os(passphrase::VARIABLE))
    }

    /// The running daemon. A missing configuration means the socket in the data folder; a wrong one is told.
    ///
    /// # Errors
    /// If the places or the configuration are wrong.
    pub fn client(&self) -> Result<Client, Failure> {
        let paths = self.paths()?;
        let socket = match Config::socket(&paths.config, &|name| std::env::var_os(name)) {
            Ok(socket) => socket,
            Err(ConfigError::Missing(_)) => None,
            Err(error) => return Err(error.into()),
        };
        Ok(Client::new(socket.unwrap_or_else(|| paths.socket())))
    }
}
