//! A panicking test, on a real bitcoind. Alone in its file: a panic keeps the folders of every network
//! of its process.
#![allow(non_snake_case, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod processes;

use std::fs;
use std::path::PathBuf;
use std::thread;

use domp_regtest::{Plan, Regtest, programs_or_skip};
use processes::processes_of;

#[test]
fn network__test_panics__nodes_end_and_logs_are_kept() {
    let Some(programs) = programs_or_skip("the harness's panic test").unwrap() else { return };
    let (sender, receiver) = std::sync::mpsc::channel::<PathBuf>();
    let panicking = thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let network = Regtest::start(&programs, &Plan::new()).await.unwrap();
            sender.send(network.folder().to_owned()).unwrap();
            panic!("on purpose");
        })
    });
    let folder = receiver.recv().unwrap();
    assert!(panicking.join().is_err());
    assert_eq!(processes_of(&folder), Vec::<String>::new());
    assert!(folder.join("bitcoind.log").is_file());
    fs::remove_dir_all(folder).unwrap();
}
