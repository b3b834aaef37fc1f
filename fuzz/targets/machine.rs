//! Fuzzes [`domp_fuzz::machine`].

#![no_main]

libfuzzer_sys::fuzz_target!(
    init: domp_fuzz::seeds::write_if_asked("machine"),
    |data: &[u8]| domp_fuzz::machine::check(data)
);
