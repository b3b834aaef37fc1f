//! Fuzzes [`domp_fuzz::backup`].

#![no_main]

libfuzzer_sys::fuzz_target!(
    init: domp_fuzz::seeds::write_if_asked("backup"),
    |data: &[u8]| domp_fuzz::backup::check(data)
);
