//! A file of cases, from YAML to plans. The input is the file.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use prost::Message as _;
use wirecheck_core::plan::load::load;
use wirecheck_core::plan::resolve::resolve;
use wirecheck_core::plan::schema::Schema;
use wirecheck_core::plan::source::{Problem, Source};

use super::protobuf::repository;

/// What peers have built in.
static SCHEMA: LazyLock<Schema> = LazyLock::new(|| {
    let proto = repository().join("proto");
    let files = ["hello.proto", "helloworld.proto", "grpc/testing/test.proto"];
    let set = protox::compile(files, [proto]).expect("it compiles");
    Schema::decode(&set.encode_to_vec()).expect("a schema")
});

pub fn run(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let loaded = match load(Source::new("cases.yaml", text)) {
        Ok(loaded) => loaded,
        Err(problem) => return points_into(&problem, text),
    };
    match resolve(&loaded, &SCHEMA) {
        Ok(plans) => {
            let ids: BTreeSet<_> = plans.iter().map(|plan| &plan.id).collect();
            assert_eq!(ids.len(), plans.len(), "two cases have one id");
        }
        Err(problem) => points_into(&problem, text),
    }
}

/// A problem has words, and a place in the file that can be shown.
pub fn points_into(problem: &Problem, text: &str) {
    assert!(!problem.message.is_empty());
    let range = &problem.range;
    assert!(range.start <= range.end, "{range:?}");
    let at = problem.location();
    assert!(at.line >= 1 && at.column >= 1);
    assert!(at.line as usize <= text.matches('\n').count() + 1);
    assert!(problem.render(false).contains("cases.yaml"));
}
