//! The seeds, and the inputs that once broke something, run through every target's checks: no fuzzer needed.

#![allow(non_snake_case)]

use domp_escrow::stage::{Ending, Stage, stage};
use domp_fuzz::{TARGETS, invoices, machine, seeds};
use domp_protocol::invoice::CheckedInvoice;
use std::{fs, path::Path};

#[test]
fn seeds__of_every_target__hold() {
    for (target, check) in TARGETS {
        let seeds = seeds::of(target);
        assert!(!seeds.is_empty(), "{target}");
        seeds.iter().for_each(|seed| check(seed));
    }
}

#[test]
fn regressions__of_every_target__hold() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("regressions");
    let folders = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path());
    for folder in folders.filter(|path| path.is_dir()) {
        let name = folder.file_name().unwrap().to_str().unwrap();
        let Some((_, check)) = TARGETS.iter().find(|(target, _)| *target == name) else {
            panic!("{} is of no target", folder.display())
        };
        for file in fs::read_dir(&folder).unwrap() {
            check(&fs::read(file.unwrap().path()).unwrap());
        }
    }
}

#[test]
fn invoice__signed_here__passes() {
    let text = invoices::draft().sign(&invoices::key()).unwrap();
    let now = domp_fuzz::signing::NOW;
    assert!(CheckedInvoice::check(&text, &invoices::expected(), now).is_ok());
    let again = invoices::signed(invoices::unsigned(&text).unwrap().as_bytes());
    assert_eq!(CheckedInvoice::check(&again, &invoices::expected(), now).unwrap().bolt11(), again);
}

#[test]
fn stories__played__reach_their_ends() {
    let last = |story: &[u8]| stage(&machine::played(story).pop().unwrap().0);
    let ends = machine::STORIES.map(last);
    let (done, back) = (Stage::Ended(Ending::Completed), Stage::Ended(Ending::Refunded));
    assert_eq!(ends, [done, done, back, back]);
}
