//! Answers of any bytes.
#![no_main]
libfuzzer_sys::fuzz_target!(|body: &[u8]| tc3_fuzz::decode(body));
