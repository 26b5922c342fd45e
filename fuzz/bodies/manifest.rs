//! `wirecheck.toml` and `known.toml`. The input is either.

use wirecheck_core::plan::known;
use wirecheck_core::plan::manifest;
use wirecheck_core::plan::source::Source;

use super::case_file::points_into;

pub fn run(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let source = Source::new("cases.yaml", text);
    if let Err(problem) = manifest::load(&source) {
        points_into(&problem, text);
    }
    match known::load(&source) {
        Ok(known) => {
            for problem in known::unmatched(&source, &known, &[]) {
                points_into(&problem, text);
            }
        }
        Err(problem) => points_into(&problem, text),
    }
}
