//! The configuration file that `domp init` writes: short, commented, and read back by the same rules.

use crate::failure::Failure;
use domp_protocol::network::Network;
use std::{
    fmt::Write as _,
    fs::{DirBuilder, OpenOptions},
    io::{ErrorKind, Write as _},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

/// What a person chose at `domp init`.
#[derive(Clone, Debug)]
pub struct Template {
    /// The network.
    pub network: Network,
    /// Whether real money was confirmed.
    pub real_money: bool,
    /// Relays, possibly none yet.
    pub relays: Vec<String>,
    /// LND's folder, if not `~/.lnd`.
    pub lnddir: Option<PathBuf>,
}

impl Template {
    /// The file's text.
    pub fn text(&self) -> String {
        let mut text = String::from(
            "# domp's configuration. Unknown keys are refused. docs/configuration.md lists every key.\n\n",
        );
        // Writing into a string cannot fail.
        let _ = writeln!(text, "network = \"{}\"", self.network);
        if self.network == Network::Mainnet {
            text.push_str("# Mainnet has to be said twice: here, or with --mainnet each time.\n");
            let _ = writeln!(text, "i_know_this_is_real_money = {}", self.real_money);
        }
        text.push_str("\n# Where listings and bids are published and read. Name three or more, run by different people.\n");
        if self.relays.is_empty() {
            text.push_str("relays = [\n  # \"wss://relay.example.com\",\n]\n");
        } else {
            text.push_str("relays = [\n");
            for relay in &self.relays {
                let _ = writeln!(text, "  {},", quoted(relay));
            }
            text.push_str("]\n");
        }
        text.push_str("\n[lnd]\n# LND's own folder; or address, tls_cert and macaroon, one by one.\n");
        match &self.lnddir {
            Some(folder) => {
                let _ = writeln!(text, "lnddir = {}", quoted(&folder.display().to_string()));
            }
            None => text.push_str("lnddir = \"~/.lnd\"\n"),
        }
        text.push_str(
            "\n[limits]\n# Routing fees, in percent of the amount.\nmax_fee_percent = 1.0\n\n[policy]\n\
             # The least collateral of a buyer, in percent of the bid. In direct mode it cannot be lost.\n\
             min_collateral_percent = 100\n",
        );
        text
    }
}

fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

/// Writes a new file, readable by its owner only, with the folders above it. Never overwrites.
///
/// # Errors
/// If there is a file already, or the system refuses.
pub fn write(path: &Path, template: &Template) -> Result<(), Failure> {
    let failed = |error: std::io::Error| match error.kind() {
        ErrorKind::AlreadyExists => Failure::refused(
            "config_exists",
            format!("{} exists already and is never overwritten", path.display()),
        )
        .hint("use it, or name another profile with --profile"),
        _ => Failure::refused("cannot_write", format!("{} cannot be written: {error}", path.display()))
            .hint("make the folder writable, or name another place with --config"),
    };
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(failed)?;
    }
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).map_err(failed)?;
    file.write_all(template.text().as_bytes()).and_then(|()| file.sync_all()).map_err(|error| {
        // On a full disk: half a file would stand in the way of the next attempt.
        let _ = std::fs::remove_file(path);
        failed(error)
    })
}

#[cfg(test)]
#[allow(non_snake_case)]
mod tests {
    use super::*;
    use crate::config::{Config, RealMoney};

    #[test]
    fn text__every_choice__is_read_back() {
        let folder = tempfile::tempdir().unwrap();
        for (number, network) in [Network::Regtest, Network::Mainnet, Network::Signet].into_iter().enumerate()
        {
            let template = Template {
                network,
                real_money: true,
                relays: vec!["wss://a.example".into()],
                lnddir: Some("/with \"quotes\"/lnd".into()),
            };
            let path = folder.path().join(format!("new/folder/{number}.toml"));
            write(&path, &template).unwrap();
            let config = Config::read(&path, RealMoney::FileOnly, &|_| None).unwrap();
            assert_eq!(config.network, network);
            assert_eq!(config.relays.urls, ["wss://a.example"]);
            assert_eq!(config.lnd, crate::config::Lnd::Folder("/with \"quotes\"/lnd".into()));
        }
    }

    #[test]
    fn write__file_there__refused_and_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config.toml");
        std::fs::write(&path, "mine").unwrap();
        let template =
            Template { network: Network::Regtest, real_money: false, relays: vec![], lnddir: None };
        assert_eq!(write(&path, &template).unwrap_err().code, "config_exists");
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "mine");
    }
}
