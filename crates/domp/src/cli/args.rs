//! Arguments: every command, option and variable.

use crate::{
    demo::{Flow, Nodes},
    wire::order::{Agreement, Condition},
};
use clap::{Args, Parser, Subcommand};
use clap_complete::Shell;
use std::path::PathBuf;

const AFTER: &str = "Exit status:
  0  done
  1  refused or failed; the message says why
  2  wrong arguments or configuration; nothing was tried
  3  the daemon cannot be reached; nothing was done
  4  not confirmed; nothing was done
  5  an order was sent and no answer came; look before you repeat it

Ids are accepted as hex, as a unique beginning of at least four hex digits, as note1… or nevent1…, each with or without
nostr: in front; keys as hex, npub1… or nprofile1…, or as name@domain, which asks that domain (NIP-05).";

/// Trade safely with strangers over Nostr and Lightning.
#[derive(Debug, Parser)]
#[command(name = "domp", version, after_long_help = AFTER, max_term_width = 120)]
pub struct Cli {
    /// What applies to every command.
    #[command(flatten)]
    pub global: Global,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What applies to every command.
#[derive(Debug, Args)]
#[command(next_help_heading = "For every command")]
pub struct Global {
    /// The configuration file [default: ~/.config/domp/config.toml, or PROFILE.toml]
    #[arg(long, global = true, env = "DOMP_CONFIG", value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Which of several identities on this machine
    #[arg(long, global = true, env = "DOMP_PROFILE", value_name = "NAME")]
    pub profile: Option<String>,
    /// The data folder [default: ~/.local/share/domp/PROFILE]
    #[arg(long, global = true, env = "DOMP_DATA_DIR", value_name = "FOLDER")]
    pub data_dir: Option<PathBuf>,
    /// Write JSON for programs instead of text for people
    #[arg(long, global = true)]
    pub json: bool,
    /// Do not ask: yes to what is shown
    #[arg(long, short = 'y', global = true)]
    pub yes: bool,
    /// Real money: says the second time that mainnet is meant
    #[arg(long, global = true)]
    pub mainnet: bool,
    /// Read the vault's passphrase from this file (or set DOMP_PASSPHRASE)
    #[arg(long, global = true, env = "DOMP_PASSPHRASE_FILE", value_name = "FILE")]
    pub passphrase_file: Option<PathBuf>,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Make an identity: recovery phrase, vault, configuration
    Init(Init),
    /// Run the daemon
    Up,
    /// Show a whole trade on this machine, each step explained
    Demo(Demo),
    /// Check everything: configuration, vault, node, relays, disk
    Doctor,
    /// Say how the running daemon is
    Status,
    /// Publish and look at listings
    #[command(subcommand)]
    Listing(Listing),
    /// Buyer: bid on a listing
    Bid(Bid),
    /// Seller: accept a bid
    Accept(OnTrade),
    /// Buyer: lock the money
    Pay(OnTrade),
    /// Seller: say that the goods are on their way
    Ship(Ship),
    /// Buyer: say how the goods arrived; `received` pays the seller
    Confirm(Confirm),
    /// Either, before anything is locked: walk away
    Cancel(OnTrade),
    /// Seller: give everything back
    Refund(Refund),
    /// Either: sign a mutual agreement
    Agree(Agree),
    /// Buyer: pay after an earlier status that did not
    Release(OnTrade),
    /// Seller, after the hold: offer an ordinary invoice to a buyer who has the goods
    LateInvoice(OnTrade),
    /// Buyer, after the hold: pay the seller's ordinary invoice for goods received
    PayLate(OnTrade),
    /// Seller, after a restore: the goods went out before; keep the price for the buyer's word
    HadShipped(Ship),
    /// Seller, after a restore: the goods are still here; let deadlines count again
    NotShipped(OnTrade),
    /// List trades
    Trades(Trades),
    /// Show all about a trade
    Trade(Trade),
    /// Show a trade's HTLCs and how long they are held (DIP-03's HTLC state)
    Htlcs(OnTrade),
    /// Look after the node's channels
    #[command(subcommand)]
    Channels(Channels),
    /// Write an encrypted backup while the daemon runs
    Backup(Backup),
    /// Restore from the recovery phrase, and a backup if there is one
    Restore(Restore),
    /// Give the vault another passphrase
    Passphrase(NewPassphrase),
    /// Write completions for a shell
    Completions(Completions),
}

/// `domp init`.
#[derive(Debug, Args)]
pub struct Init {
    /// Read an existing recovery phrase from standard input instead of making one
    #[arg(long)]
    pub import: bool,
    /// mainnet, testnet, signet or regtest; needed unless there is a configuration
    #[arg(long, value_name = "NETWORK")]
    pub network: Option<String>,
    /// LND's folder [default: ~/.lnd]
    #[arg(long, value_name = "FOLDER")]
    pub lnddir: Option<PathBuf>,
    /// A relay for the configuration; may be repeated
    #[arg(long = "relay", value_name = "URL")]
    pub relays: Vec<String>,
}

/// `domp demo`.
#[derive(Debug, Args)]
pub struct Demo {
    /// How the trade ends
    #[arg(long, value_enum, default_value_t = Flow::Success)]
    pub flow: Flow,
    /// On which Lightning nodes
    #[arg(long, value_enum, default_value_t = Nodes::Sim)]
    pub nodes: Nodes,
}

/// `domp listing`.
#[derive(Debug, Subcommand)]
pub enum Listing {
    /// Publish a listing
    Create(Box<NewListing>),
    /// Show your own listings
    List,
    /// Show one listing
    Show(ShowListing),
    /// Show the newest listings on your relays
    Browse(Browse),
    /// Take no more bids on one of your listings, and ask the relays to delete it
    Withdraw(OnListing),
}

/// `domp listing create`.
#[derive(Debug, Args)]
pub struct NewListing {
    /// What it is called, 1 to 100 characters
    #[arg(long)]
    pub name: String,
    /// What it is, up to 2000 characters
    #[arg(long)]
    pub description: String,
    /// The price in satoshi
    #[arg(long, value_name = "SAT")]
    pub price: u64,
    /// Blocks that the parcel may travel, 0 to 1008; 144 are about a day
    #[arg(long, value_name = "BLOCKS")]
    pub transit: u32,
    /// Blocks that you have to ship, 72 to 1008
    #[arg(long, value_name = "BLOCKS", default_value_t = 144)]
    pub handling: u32,
    /// Blocks that the buyer has to look at the goods, 144 to 1008
    #[arg(long, value_name = "BLOCKS", default_value_t = 432)]
    pub inspection: u32,
    /// Up to 50 characters
    #[arg(long)]
    pub category: Option<String>,
    /// A link to more about the goods
    #[arg(long, value_name = "URL")]
    pub link: Option<String>,
    /// What shipping costs at home, in satoshi, for people
    #[arg(long, value_name = "SAT")]
    pub shipping_domestic: Option<u64>,
    /// What shipping costs abroad, in satoshi, for people
    #[arg(long, value_name = "SAT")]
    pub shipping_international: Option<u64>,
    /// How many days shipping takes, for people
    #[arg(long, value_name = "DAYS")]
    pub shipping_days: Option<u32>,
}

/// A command on one listing.
#[derive(Debug, Args)]
pub struct OnListing {
    /// The listing
    #[arg(value_name = "LISTING")]
    pub listing: String,
}

/// `domp listing show`.
#[derive(Debug, Args)]
pub struct ShowListing {
    /// The listing
    #[arg(value_name = "LISTING")]
    pub listing: String,
    /// Only if it is of this seller; a key, or a name such as ann@example.com that the domain answers for
    #[arg(long, value_name = "KEY")]
    pub seller: Option<String>,
}

/// `domp listing browse`.
#[derive(Debug, Args)]
pub struct Browse {
    /// At most so many
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u16).range(1..=500))]
    pub limit: u16,
    /// Only those of this seller; a key, or a name such as ann@example.com that the domain answers for
    #[arg(long, value_name = "KEY")]
    pub seller: Option<String>,
}

/// `domp bid`.
#[derive(Debug, Args)]
pub struct Bid {
    /// The listing
    #[arg(value_name = "LISTING")]
    pub listing: String,
    /// Only if the listing is of this seller; a key, or a name such as ann@example.com that the domain answers for
    #[arg(long, value_name = "KEY")]
    pub seller: Option<String>,
    /// How much, in satoshi [default: the listing's price]
    #[arg(long, value_name = "SAT")]
    pub amount: Option<u64>,
    /// Your collateral, in satoshi [default: as much as the bid]
    #[arg(long, value_name = "SAT")]
    pub collateral: Option<u64>,
    /// Words for the seller, public, up to 500 characters
    #[arg(long)]
    pub message: Option<String>,
    /// A file with the address to ship to, - for standard input; only the seller will see it
    #[arg(long, value_name = "FILE")]
    pub address_file: Option<PathBuf>,
    /// Hours from the acceptance to the lock, 1 to 168
    #[arg(long, value_name = "HOURS")]
    pub payment_timeout: Option<u8>,
}

/// A command on one trade.
#[derive(Debug, Args)]
pub struct OnTrade {
    /// The trade
    #[arg(value_name = "TRADE")]
    pub trade: String,
}

/// `domp ship`.
#[derive(Debug, Args)]
pub struct Ship {
    /// The trade
    #[arg(value_name = "TRADE")]
    pub trade: String,
    /// Who carries the parcel
    #[arg(long)]
    pub carrier: Option<String>,
    /// Its tracking number
    #[arg(long)]
    pub tracking: Option<String>,
    /// Anything else for the buyer
    #[arg(long)]
    pub note: Option<String>,
}

/// `domp confirm`.
#[derive(Debug, Args)]
pub struct Confirm {
    /// The trade
    #[arg(value_name = "TRADE")]
    pub trade: String,
    /// How the goods arrived
    #[arg(long, value_enum, default_value_t = Condition::Received)]
    pub status: Condition,
    /// 1 to 5, public
    #[arg(long)]
    pub rating: Option<u8>,
    /// Public, up to 1000 characters
    #[arg(long)]
    pub feedback: Option<String>,
    /// What is wrong; needed unless received
    #[arg(long)]
    pub reason: Option<String>,
}

/// `domp refund`.
#[derive(Debug, Args)]
pub struct Refund {
    /// The trade
    #[arg(value_name = "TRADE")]
    pub trade: String,
    /// Why, for the buyer
    #[arg(long)]
    pub reason: String,
}

/// `domp agree`.
#[derive(Debug, Args)]
pub struct Agree {
    /// The trade
    #[arg(value_name = "TRADE")]
    pub trade: String,
    /// On what
    #[arg(long, value_enum)]
    pub on: Agreement,
}

/// `domp trades`.
#[derive(Debug, Args)]
pub struct Trades {
    /// Those that are over, too
    #[arg(long, short)]
    pub all: bool,
}

/// `domp trade`.
#[derive(Debug, Args)]
pub struct Trade {
    /// The trade
    #[arg(value_name = "TRADE")]
    pub trade: String,
    /// Stay, and say what happens until the trade is over
    #[arg(long, short)]
    pub watch: bool,
    /// What happened so far, too
    #[arg(long)]
    pub history: bool,
}

/// `domp channels`.
#[derive(Debug, Subcommand)]
pub enum Channels {
    /// Show channels and what can be sent and received
    List,
    /// Open a channel
    Open {
        /// The peer: its key, possibly followed by @host:port
        #[arg(value_name = "NODE")]
        peer: String,
        /// The channel's size
        #[arg(value_name = "SAT")]
        capacity: u64,
        /// Give the peer this much of it from the start
        #[arg(long, value_name = "SAT", default_value_t = 0)]
        push: u64,
    },
    /// Close a channel
    Close {
        /// Its funding outpoint, TXID:INDEX
        #[arg(value_name = "OUTPOINT")]
        outpoint: String,
        /// Without the peer's agreement: slower and dearer
        #[arg(long)]
        force: bool,
    },
    /// Connect to a peer
    Connect {
        /// Its key, followed by @host:port
        #[arg(value_name = "NODE")]
        peer: String,
    },
    /// Show a fresh on-chain address of the node's wallet
    Address,
}

/// `domp backup`.
#[derive(Debug, Args)]
pub struct Backup {
    /// Where to; never overwritten
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
}

/// `domp restore`.
#[derive(Debug, Args)]
pub struct Restore {
    /// The backup, if there is one; without it trades are found again on the relays
    #[arg(value_name = "BACKUP")]
    pub backup: Option<PathBuf>,
    /// Ask the running daemon to look for trades on the relays once more; needs no phrase
    #[arg(long, conflicts_with = "backup")]
    pub from_relays: bool,
    /// mainnet, testnet, signet or regtest; needed unless there is a configuration
    #[arg(long, value_name = "NETWORK")]
    pub network: Option<String>,
    /// LND's folder [default: ~/.lnd]
    #[arg(long, value_name = "FOLDER")]
    pub lnddir: Option<PathBuf>,
    /// A relay for the configuration; may be repeated
    #[arg(long = "relay", value_name = "URL")]
    pub relays: Vec<String>,
}

/// `domp passphrase`.
#[derive(Debug, Args)]
pub struct NewPassphrase {
    /// Read the new passphrase from this file instead of asking for it; the present one comes from where it always does
    #[arg(long, value_name = "FILE")]
    pub new_passphrase_file: Option<PathBuf>,
}

/// `domp completions`.
#[derive(Debug, Args)]
pub struct Completions {
    /// For which shell
    #[arg(value_enum)]
    pub shell: Shell,
}
