//! The schema, one file a step. A step that was ever released is never edited: a change is a new step.

use crate::fault::Fault;
use domp_ports::journal::JournalError;
use rusqlite::{Connection, TransactionBehavior};
use std::path::Path;

/// Marks the file as ours in SQLite's header (`application_id`): "DOMP".
pub(crate) const APPLICATION_ID: i32 = 0x444F_4D50;

/// Every step in order; the n-th brings a database from schema n − 1 to n, and `user_version` holds n.
pub(crate) const STEPS: &[&str] = &[include_str!("0001_journal.sql")];

/// The newest schema this program knows.
pub(crate) const fn newest() -> u32 {
    STEPS.len() as u32
}

/// Brings the database to the newest schema, each step in a transaction of its own together with its number, so that
/// an interrupted one leaves the schema before it.
pub(crate) fn run(connection: &mut Connection, path: &Path, steps: &[&str]) -> Result<(), Fault> {
    let found: u32 = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    let known = u32::try_from(steps.len()).unwrap_or(u32::MAX);
    if found > known {
        return Err(JournalError::TooNew { path: path.display().to_string(), found, known }.into());
    }
    for (number, step) in (1u32..).zip(steps).skip(found as usize) {
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        transaction.execute_batch(step)?;
        transaction.pragma_update(None, "user_version", number)?;
        transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
        transaction.commit()?;
        tracing::debug!(schema = number, "database brought forward");
    }
    Ok(())
}

#[cfg(test)]
#[allow(non_snake_case)]
mod tests {
    use super::*;

    fn version(connection: &Connection) -> u32 {
        connection.query_row("PRAGMA user_version", [], |row| row.get(0)).unwrap()
    }

    #[test]
    fn run__older_schema__only_the_missing_steps() {
        let mut connection = Connection::open_in_memory().unwrap();
        let path = Path::new("memory");
        run(&mut connection, path, &["CREATE TABLE a (x)"]).unwrap();
        connection.execute("INSERT INTO a VALUES (1)", []).unwrap();
        run(&mut connection, path, &["CREATE TABLE a (x)", "ALTER TABLE a ADD COLUMN y"]).unwrap();
        assert_eq!(version(&connection), 2);
        assert_eq!(connection.query_row("SELECT count(y IS NULL) FROM a", [], |row| row.get(0)), Ok(1));
    }

    #[test]
    fn run__step_that_fails__schema_before_it_stays() {
        let mut connection = Connection::open_in_memory().unwrap();
        let path = Path::new("memory");
        let steps = ["CREATE TABLE a (x)", "CREATE TABLE b (x); CREATE TABLE a (x)"];
        assert!(run(&mut connection, path, &steps).is_err());
        assert_eq!(version(&connection), 1);
        let tables = "SELECT count(*) FROM sqlite_schema WHERE name = 'b'";
        assert_eq!(connection.query_row(tables, [], |row| row.get(0)), Ok(0));
    }

    #[test]
    fn run__newer_schema__refused() {
        let mut connection = Connection::open_in_memory().unwrap();
        connection.pragma_update(None, "user_version", 7).unwrap();
        let error = run(&mut connection, Path::new("x.db"), STEPS).unwrap_err().at(Path::new("x.db"));
        assert_eq!(error, JournalError::TooNew { path: "x.db".into(), found: 7, known: newest() });
        assert_eq!(version(&connection), 7);
    }
}
