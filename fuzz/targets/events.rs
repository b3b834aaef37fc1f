//! Fuzzes [`domp_fuzz::events`].

#![no_main]

libfuzzer_sys::fuzz_target!(
    init: domp_fuzz::seeds::write_if_asked("events"),
    |data: &[u8]| domp_fuzz::events::check(data)
);
