//! The trial: a whole trade between two engines in this process, on simulated or real Lightning nodes, each step explained.
//!
//! | file | what |
//! |---|---|
//! | `ground/` | what both people stand on: nodes, chain, clock |
//! | `person` | one of the two: vault, database, relay connection, engine |
//! | `play` | both together, and what every flow asks of them |
//! | `flows/` | what happens, step by step |
//! | `step`, `summary` | what is told, as data |
//! | `narrator`, `layout` | the one place that writes it, as text or as JSON |
//! | `purse`, `audit` | who has how much, and whether it is what the flow must end with |

mod audit;
mod flows;
mod ground;
mod layout;
mod narrator;
mod person;
mod play;
mod purse;
mod step;
mod summary;
mod trouble;

use crate::{
    daemon::{logging, told_to_stop},
    exit::Exit,
    failure::Failure,
    output::Output,
};
use narrator::Narrator;
use summary::Summary;
use trouble::Trouble;

/// How the trade ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Flow {
    /// The buyer confirms: the seller is paid, the collateral goes home
    Success,
    /// The buyer stays silent: the money goes back at the deadline
    Timeout,
    /// The buyer never pays: the acceptance runs out
    Nonpayment,
    /// The seller gives the money back
    Refund,
}

/// On which Lightning nodes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Nodes {
    /// Simulated ones, in this process
    Sim,
    /// Two real LND nodes on a private regtest chain; installed if missing
    Lnd,
}

impl Flow {
    /// Its name on the command line.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Timeout => "timeout",
            Self::Nonpayment => "nonpayment",
            Self::Refund => "refund",
        }
    }
}

impl Nodes {
    /// Its name on the command line.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Sim => "sim",
            Self::Lnd => "lnd",
        }
    }
}

/// Shows a whole trade. [`Exit::Success`] only if it ended on both sides as this flow must, with every satoshi accounted for.
///
/// # Errors
/// If nobody reads the output any more.
pub async fn run(output: Output, flow: Flow, nodes: Nodes) -> Result<Exit, Failure> {
    logging::start_if_asked(output.is_json());
    let mut narrator = Narrator::new(output);
    let performed = tokio::select! {
        performed = flows::perform(&mut narrator, flow, nodes) => performed,
        // What was started ends with the future that is dropped now.
        word = told_to_stop() => Err(Trouble::Interrupted(word?)),
    };
    let summary = match performed {
        Ok(summary) => summary,
        Err(Trouble::Output(failure)) => return Err(failure),
        Err(trouble) => Summary::of_trouble(flow, nodes, &trouble),
    };
    narrator.finish(summary)
}
