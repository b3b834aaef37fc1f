//! The command line: reads the arguments, does what they say, and turns the outcome into an exit status.

mod args;
mod bid;
mod channels;
mod init;
mod keep;
mod listing;
mod order;
mod passphrase;
mod person;
mod progress;
mod session;
mod trade;

pub use session::Session;

use crate::{daemon, demo, doctor, exit::Exit, failure::Failure, output::Output};
use args::{Cli, Command};
use clap::{CommandFactory, Parser, error::ErrorKind};

use std::ffi::OsString;

/// Does what the arguments say.
pub fn run(arguments: Vec<OsString>) -> Exit {
    let wants_json = arguments.iter().any(|argument| argument == "--json");
    let cli = match Cli::try_parse_from(arguments) {
        Ok(cli) => cli,
        Err(error) => return wrong_arguments(&error, wants_json),
    };
    let session = Session::new(cli.global);
    let output = session.output;
    let outcome = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => {
            let outcome = runtime.block_on(dispatch(&session, cli.command));
            // What still runs in the background is not waited for: everything that matters has been.
            runtime.shutdown_background();
            outcome
        }
        Err(error) => Err(Failure::refused("no_runtime", format!("the system gives no threads: {error}"))),
    };
    match outcome {
        Ok(exit) => exit,
        Err(failure) => {
            output.fail(&failure);
            failure.exit
        }
    }
}

async fn dispatch(session: &Session, command: Command) -> Result<Exit, Failure> {
    match command {
        Command::Init(init) => init::run(session, &init).map(done),
        Command::Up => daemon::run(session).await.map(done),
        Command::Demo(wanted) => demo::run(session.output, wanted.flow, wanted.nodes).await,
        Command::Doctor => doctor::run(session).await,
        Command::Status => trade::status(session).await.map(done),
        Command::Listing(listing) => listing::run(session, listing).await.map(done),
        Command::Bid(bid) => bid::run(session, bid).await.map(done),
        Command::Trades(trades) => trade::list(session, &trades).await.map(done),
        Command::Trade(trade) => trade::show(session, &trade).await.map(done),
        Command::Htlcs(on) => trade::htlcs(session, &on.trade).await.map(done),
        Command::Channels(channels) => channels::run(session, channels).await.map(done),
        Command::Backup(backup) => keep::backup(session, &backup).await.map(done),
        Command::Restore(restore) => keep::restore(session, &restore).await.map(done),
        Command::Passphrase(wanted) => passphrase::run(session, &wanted).await.map(done),
        Command::Completions(wanted) => completions(session.output, wanted.shell).map(done),
        order => {
            let (trade, order) = order::of(order)?;
            order::run(session, &trade, &order).await.map(done)
        }
    }
}

const fn done((): ()) -> Exit {
    Exit::Success
}

fn completions(output: Output, shell: clap_complete::Shell) -> Result<(), Failure> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "domp", &mut script);
    let script = String::from_utf8_lossy(&script);
    output.verbatim(script.trim_end())
}

fn wrong_arguments(error: &clap::Error, json: bool) -> Exit {
    let asked_for_help = matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion);
    if asked_for_help {
        // A reader that has gone has what it wanted.
        let _ = error.print();
        return Exit::Success;
    }
    if json {
        let text = error.render().to_string();
        let message = text.trim_start_matches("error: ").lines().next().unwrap_or_default().to_owned();
        Output::new(true)
            .fail(&Failure::usage("bad_arguments", message).hint("`domp help` lists every command"));
    } else {
        let _ = error.print();
    }
    Exit::Usage
}

#[cfg(test)]
#[allow(non_snake_case)]
mod tests {
    use super::*;

    #[test]
    fn arguments__as_declared__consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn arguments__no_secret__can_be_given_on_the_command_line() {
        let help = Cli::command().render_long_help().to_string();
        for word in ["--passphrase ", "--phrase", "--mnemonic", "--password"] {
            assert!(!help.contains(word), "{word}");
        }
    }
}
