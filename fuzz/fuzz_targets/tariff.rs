//! Tariff files: neutral ones and rate records.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| gridtally_fuzz::tariff(bytes));
