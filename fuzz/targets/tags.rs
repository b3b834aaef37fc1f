//! Fuzzes [`domp_fuzz::tags`].

#![no_main]

libfuzzer_sys::fuzz_target!(
    init: domp_fuzz::seeds::write_if_asked("tags"),
    |data: &[u8]| domp_fuzz::tags::check(data)
);
