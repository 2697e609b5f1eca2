//! Any text as a stored walk.
#![no_main]
libfuzzer_sys::fuzz_target!(|stored: &[u8]| tc3_fuzz::walk(stored));
