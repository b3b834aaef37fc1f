//! SQLite behind the journal port, with grouped durable commits.
