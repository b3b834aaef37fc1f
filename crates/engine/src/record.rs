//! Records: how a trade, its inputs and its effects are written into the journal and read back.

use domp_escrow::{
    effect::Effect,
    input::Input,
    moment::At,
    note::Note,
    trade::{RULES_VERSION, Trade},
};
use domp_ports::journal::{JournalError, OutboxRow, TradeRow};
use serde::{Deserialize, Serialize};

/// An input as the audit trail has it: with its moment, so that replaying inputs replays decisions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Journaled {
    /// When it happened.
    pub at: At,
    /// What happened.
    pub input: Input,
    /// What people were told.
    #[serde(default)]
    pub notes: Vec<Note>,
}

fn write<T: Serialize>(what: &str, value: &T) -> Result<Vec<u8>, JournalError> {
    serde_json::to_vec(value)
        .map_err(|error| JournalError::Failed(format!("{what} cannot be written: {error}")))
}

/// A snapshot as it is stored.
pub fn write_trade(trade: &Trade) -> Result<Vec<u8>, JournalError> {
    write("a trade", trade)
}

/// An input as it is stored.
pub fn write_input(journaled: &Journaled) -> Result<Vec<u8>, JournalError> {
    write("an input", journaled)
}

/// An effect as it is stored.
pub fn write_effect(effect: &Effect) -> Result<Vec<u8>, JournalError> {
    write("an effect", effect)
}

/// Reads a snapshot, refusing one that newer rules wrote.
pub fn read_trade(row: &TradeRow) -> Result<Trade, String> {
    let trade: Trade = serde_json::from_slice(&row.snapshot).map_err(|error| error.to_string())?;
    if trade.rules > RULES_VERSION {
        return Err(format!(
            "it was written by rules of version {}, this program has version {RULES_VERSION}",
            trade.rules
        ));
    }
    if trade.terms.trade != row.id {
        return Err(format!("it says that it is trade {}", trade.terms.trade));
    }
    Ok(trade)
}

/// Reads an input.
pub fn read_input(bytes: &[u8]) -> Result<Journaled, String> {
    serde_json::from_slice(bytes).map_err(|error| error.to_string())
}

/// Reads an effect.
pub fn read_effect(row: &OutboxRow) -> Result<Effect, String> {
    serde_json::from_slice(&row.effect).map_err(|error| error.to_string())
}
