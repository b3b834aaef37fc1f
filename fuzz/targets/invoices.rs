//! Fuzzes [`domp_fuzz::invoices`].

#![no_main]

libfuzzer_sys::fuzz_target!(
    init: domp_fuzz::seeds::write_if_asked("invoices"),
    |data: &[u8]| domp_fuzz::invoices::check(data)
);
