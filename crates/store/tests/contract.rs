//! The journal's contract, on a file and in memory.

#![allow(non_snake_case, clippy::unwrap_used)]

mod on_a_file {
    fn fresh() -> (domp_store::SqliteJournal, tempfile::TempDir) {
        let folder = tempfile::tempdir().unwrap();
        (domp_store::SqliteJournal::open(&folder.path().join("trades.db")).unwrap(), folder)
    }
    domp_ports::journal_contract!(fresh());
}

mod in_memory {
    domp_ports::journal_contract!((domp_store::SqliteJournal::in_memory().unwrap(), ()));
}
