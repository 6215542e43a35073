//! The fuzzer's binary: each input is a case.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| sharded_fuzz::run(bytes));
