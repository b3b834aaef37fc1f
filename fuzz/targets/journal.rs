//! Fuzzes [`domp_fuzz::journal`].

#![no_main]

libfuzzer_sys::fuzz_target!(
    init: domp_fuzz::seeds::write_if_asked("journal"),
    |data: &[u8]| domp_fuzz::journal::check(data)
);
