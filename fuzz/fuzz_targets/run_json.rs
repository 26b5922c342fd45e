#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| wirecheck_fuzz::bodies::run_json::run(data));
