//! `domp init`: an identity. Recovery phrase, vault, configuration.

use super::{args::Init, session::Session};
use crate::{
    config::{self, Config, RealMoney, Template},
    exit::Exit,
    failure::Failure,
    output::{Shown, can_ask},
    passphrase::Passphrase,
    paths::Paths,
    reference::npub,
};
use domp_nostr::address::RelayAddress;
use domp_ports::identity::Identity;
use domp_protocol::network::Network;
use domp_vault::{Cost, Phrase, Vault, vault_file};
use serde::Serialize;
use std::{
    fs::{self, DirBuilder},
    io::{self, Read},
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
    str::FromStr,
};
use zeroize::Zeroizing;

/// More than any phrase has.
const MOST_BYTES: u64 = 4096;

/// What was made.
#[derive(Serialize)]
struct Made {
    public_key: String,
    npub: String,
    config: String,
    vault: String,
    /// Only of a new phrase, and only here.
    #[serde(skip_serializing_if = "Option::is_none")]
    recovery_phrase: Option<Words>,
}

/// The words, on their way to the person they belong to; wiped on drop.
struct Words(Zeroizing<String>);

impl Serialize for Words {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

/// What the configuration needs, if there is none yet.
pub struct Choices<'a> {
    /// `--network`.
    pub network: Option<&'a str>,
    /// `--lnddir`.
    pub lnddir: Option<&'a Path>,
    /// `--relay`.
    pub relays: &'a [String],
}

/// Does it. Nothing is made unless everything can be.
///
/// # Errors
/// If there is a vault already, an option is missing or wrong, or a file cannot be written.
pub fn run(session: &Session, wanted: &Init) -> Result<(), Failure> {
    let paths = session.paths()?;
    refuse_existing(&paths)?;
    let choices = Choices {
        network: wanted.network.as_deref(),
        lnddir: wanted.lnddir.as_deref(),
        relays: &wanted.relays,
    };
    let template = template(session, &paths, &choices)?;
    let phrase = if wanted.import { read_phrase()? } else { new_phrase()? };
    let passphrase = session.new_passphrase()?;
    let key = make(&paths, template.as_ref(), &phrase, &passphrase)?;
    let made = Made {
        public_key: key.to_string(),
        npub: npub(key.as_bytes()),
        config: paths.config.display().to_string(),
        vault: paths.vault().display().to_string(),
        recovery_phrase: (!wanted.import).then(|| Words(phrase.expose())),
    };
    session.output.show(&made).map_err(|failure| {
        // An identity whose phrase nobody has read is worth nothing, and it has done nothing yet.
        let _ = fs::remove_file(paths.vault());
        let message = "the recovery phrase could not be shown, so no identity was made";
        Failure { exit: Exit::NotConfirmed, message: message.into(), ..failure }
    })
}

/// A second identity in one folder would be the loss of the first.
///
/// # Errors
/// If there is a vault.
pub fn refuse_existing(paths: &Paths) -> Result<(), Failure> {
    if paths.vault().symlink_metadata().is_err() {
        return Ok(());
    }
    let message = format!("{} holds an identity already; it is never overwritten", paths.data.display());
    Err(Failure::refused("vault_exists", message)
        .hint("use it, or make another one with --profile NAME or --data-dir FOLDER"))
}

/// The configuration to be written; `None` if there is one that can be used.
///
/// # Errors
/// If there is none and an option is missing or wrong, or there is one and it is wrong.
pub fn template(
    session: &Session,
    paths: &Paths,
    choices: &Choices<'_>,
) -> Result<Option<Template>, Failure> {
    if paths.config.symlink_metadata().is_ok() {
        let config: Config = session.config(paths)?;
        if choices.network.is_some_and(|name| Network::from_str(name) != Ok(config.network)) {
            let message =
                format!("{} is there already, and it is for {}", paths.config.display(), config.network);
            return Err(Failure::usage("config_exists", message)
                .field("network")
                .hint("leave --network out, or name another --profile"));
        }
        return Ok(None);
    }
    let network = network(session, choices.network)?;
    for url in choices.relays {
        RelayAddress::parse(url, false)
            .map_err(|error| Failure::usage("bad_relay", error.to_string()).field("relay"))?;
    }
    let real_money = session.real_money == RealMoney::Flag;
    let lnddir = choices.lnddir.map(absolute).transpose()?;
    Ok(Some(Template { network, real_money, relays: choices.relays.to_vec(), lnddir }))
}

fn network(session: &Session, name: Option<&str>) -> Result<Network, Failure> {
    let Some(name) = name else {
        return Err(Failure::usage("no_network", "which Bitcoin network?").field("network").hint(
            "give --network regtest, signet, testnet or mainnet; begin with one that has no real money",
        ));
    };
    let network = Network::from_str(name)
        .map_err(|error| Failure::usage("bad_network", error.to_string()).field("network"))?;
    match (network, session.real_money) {
        (Network::Mainnet, RealMoney::FileOnly) => {
            Err(Failure::usage("mainnet_said_once", "mainnet is real money, and has to be asked for twice")
                .field("network")
                .hint("give --mainnet as well, if you mean it"))
        }
        (Network::Mainnet, RealMoney::Flag) => Ok(network),
        (_, RealMoney::Flag) => {
            Err(Failure::usage("bad_network", format!("--network is {network}, but --mainnet was given"))
                .field("network"))
        }
        (_, RealMoney::FileOnly) => Ok(network),
    }
}

fn absolute(path: &Path) -> Result<PathBuf, Failure> {
    std::path::absolute(path).map_err(|error| {
        Failure::usage("bad_path", format!("{} is not a path: {error}", path.display())).field("lnddir")
    })
}

fn new_phrase() -> Result<Phrase, Failure> {
    Phrase::generate().map_err(|error| Failure::refused("no_randomness", error.to_string()))
}

/// An existing phrase, from standard input: never from the command line, which others can see.
///
/// # Errors
/// If it is no recovery phrase.
pub fn read_phrase() -> Result<Phrase, Failure> {
    let unread = |error: io::Error| {
        Failure::usage("no_phrase", format!("the recovery phrase cannot be read: {error}"))
    };
    let text = if can_ask() {
        Zeroizing::new(
            rpassword::prompt_password("Recovery phrase (not shown while you type): ").map_err(unread)?,
        )
    } else {
        let mut text = Zeroizing::new(String::new());
        io::stdin().lock().take(MOST_BYTES).read_to_string(&mut text).map_err(unread)?;
        text
    };
    Phrase::parse(&text).map_err(|error| {
        Failure::usage("bad_phrase", error.to_string())
            .hint("the phrase is the words that `domp init` showed, in their order")
    })
}

/// Makes the data folder, for its owner only, unless it is there.
///
/// # Errors
/// If the system refuses.
pub fn make_folder(paths: &Paths) -> Result<(), Failure> {
    let unmade = |error: io::Error| {
        Failure::refused(
            "cannot_write",
            format!("the data folder {} cannot be made: {error}", paths.data.display()),
        )
        .hint("make its parent folder writable, or name another with --data-dir")
    };
    DirBuilder::new().recursive(true).mode(0o700).create(&paths.data).map_err(unmade)
}

/// Writes vault and configuration; gives the public key.
///
/// # Errors
/// If a file cannot be written.
pub fn make(
    paths: &Paths,
    template: Option<&Template>,
    phrase: &Phrase,
    passphrase: &Passphrase,
) -> Result<domp_protocol::ids::PublicKey, Failure> {
    make_folder(paths)?;
    // The vault last: whatever fails before it can be tried again with nothing lost.
    if let Some(template) = template {
        config::write(&paths.config, template)?;
    }
    let unwritten = |error: vault_file::VaultFileError| Failure::refused("vault", error.to_string());
    vault_file::create(&paths.vault(), phrase, passphrase.expose(), Cost::recommended())
        .map_err(unwritten)?;
    let again =
        Phrase::parse(&phrase.expose()).map_err(|error| Failure::refused("vault", error.to_string()))?;
    let vault =
        Vault::from_phrase(again).map_err(|error| Failure::refused("no_randomness", error.to_string()))?;
    Ok(vault.public_key())
}

impl Shown for Made {
    fn text(&self) -> String {
        let places = format!(
            "Your Nostr key:  {}\nVault:           {}\nConfiguration:   {}\n\nNext: `domp doctor` checks everything, `domp up` starts.",
            self.npub, self.vault, self.config
        );
        let Some(phrase) = &self.recovery_phrase else { return places };
        let words: Vec<&str> = phrase.0.split(' ').collect();
        let mut text = String::from(
            "This is your recovery phrase. It is shown once, now.\n\
             Write it on paper, in this order. Whoever has it has your identity and can open your payments;\n\
             without it nothing is recovered when this machine is lost. Never type it anywhere but into `domp restore`.\n\n",
        );
        for (row, four) in words.chunks(4).enumerate() {
            let line: String = four
                .iter()
                .enumerate()
                .map(|(n, word)| format!("  {:2}. {word:10}", row * 4 + n + 1))
                .collect();
            text.push_str(line.trim_end());
            text.push('\n');
        }
        text.push('\n');
        text.push_str(&places);
        text
    }
}
