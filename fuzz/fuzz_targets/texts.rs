//! Any text as a date, an amount or a setting.
#![no_main]
libfuzzer_sys::fuzz_target!(|bytes: &[u8]| tc3_fuzz::texts(bytes));
