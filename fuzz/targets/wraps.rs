//! Fuzzes [`domp_fuzz::wraps`].

#![no_main]

libfuzzer_sys::fuzz_target!(
    init: domp_fuzz::seeds::write_if_asked("wraps"),
    |data: &[u8]| domp_fuzz::wraps::check(data)
);
