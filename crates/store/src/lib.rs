//! SQLite behind the journal port, with grouped durable commits.
//!
//! [`SqliteJournal`] keeps one file. All writes go through one thread: it takes what is waiting, up to a bound, into one
//! transaction, and answers each caller only after that transaction is on the disk (write-ahead log,
//! `synchronous=FULL`). Each write stands in a savepoint of its own, so one that fails takes nothing else with it.
//! Reads have connections of their own and never wait for a write.
//!
//! | file | what it holds |
//! |---|---|
//! | `open.rs` | how a database is found, judged, locked and opened |
//! | `lock.rs` | one process at a time |
//! | `migrations/` | the schema, one file a step |
//! | `writer.rs` | the thread that groups writes |
//! | `apply.rs` | what one write does to the tables |
//! | `reader.rs`, `queries.rs` | reading |
//! | `snapshot.rs` | a consistent copy while running |
//! | `fault.rs` | what SQLite's errors mean to a person |
//!
//! The store compares no rules: it holds bytes under keys, and only the port's own promises (`Journal`) are enforced here.

mod apply;
mod fault;
mod journal;
mod lock;
mod migrations;
mod open;
mod queries;
mod reader;
mod snapshot;
mod writer;

pub use journal::SqliteJournal;
pub use open::Limits;
pub use writer::Written;
