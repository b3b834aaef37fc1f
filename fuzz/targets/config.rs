//! Fuzzes [`domp_fuzz::config`].

#![no_main]

libfuzzer_sys::fuzz_target!(
    init: domp_fuzz::seeds::write_if_asked("config"),
    |data: &[u8]| domp_fuzz::config::check(data)
);
