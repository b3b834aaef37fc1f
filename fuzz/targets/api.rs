//! Fuzzes [`domp_fuzz::api`].

#![no_main]

libfuzzer_sys::fuzz_target!(
    init: domp_fuzz::seeds::write_if_asked("api"),
    |data: &[u8]| domp_fuzz::api::check(data)
);
