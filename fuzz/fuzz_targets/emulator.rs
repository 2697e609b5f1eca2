//! Requests of any bytes, and with any faults in the script.
#![no_main]
libfuzzer_sys::fuzz_target!(|message: &[u8]| tc3_fuzz::emulator(message));
