//! The fuzzer's binary: each input is a snapshot, or what stands in the frames of one.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| sharded_fuzz::load(bytes));
