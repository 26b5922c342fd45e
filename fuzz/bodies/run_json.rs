//! A `run.json`, which another version may have written. The input is the file.

use wirecheck_core::model::read::read;

pub fn run(data: &[u8]) {
    match read(data) {
        Ok(run) => {
            let written = serde_json::to_vec(&run).expect("a run can be written");
            let again = read(&written).expect("what was written can be read");
            assert!(again == run, "written and read, a run is another one");
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}
