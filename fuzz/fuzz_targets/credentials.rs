//! Texts that hold credentials, of any bytes.
#![no_main]
libfuzzer_sys::fuzz_target!(|bytes: &[u8]| tc3_fuzz::credentials(bytes));
