//! Any bytes as a request or its `Authorization`.
#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| tc3_fuzz::verify(data));
