//! Fuzzes [`domp_fuzz::lnd`].

#![no_main]

libfuzzer_sys::fuzz_target!(
    init: domp_fuzz::seeds::write_if_asked("lnd"),
    |data: &[u8]| domp_fuzz::lnd::check(data)
);
