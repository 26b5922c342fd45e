//! The JSON Schemas that an editor and a reader of reports hold files against: what is
//! committed is what the types say, and every case file keeps to it.
//!
//! `UPDATE_SCHEMAS=1 cargo test -p wirecheck-interop-tests --test schemas` writes them anew.

use std::fs;
use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde_json::{Value, json};
use wirecheck_core::model::run::Run;
use wirecheck_core::plan::case::Suite;
use wirecheck_core::plan::manifest::File;
use wirecheck_interop_tests::prerequisite::project_root;

const OF_CASES: &str = "interop-tests/cases/schema.json";
const OF_RUNS: &str = "docs/run.schema.json";
const OF_MANIFESTS: &str = "docs/manifest.schema.json";

#[test]
fn the_schema_of_the_cases_is_that_of_their_types() {
    hold::<Suite>(OF_CASES);
}

#[test]
fn the_schema_of_a_run_is_that_of_its_types() {
    hold::<Run>(OF_RUNS);
}

#[test]
fn the_schema_of_a_manifest_is_that_of_its_types() {
    hold::<File>(OF_MANIFESTS);
}

/// Or an editor would underline nothing.
#[test]
fn the_schema_of_a_manifest_finds_what_is_wrong() {
    let schema = committed(OF_MANIFESTS);
    let good = json!({ "protos": ["proto"], "peer": { "shop": { "address": "127.0.0.1:1" } } });
    assert_eq!(problems(&schema, &good), Vec::<String>::new());
    for (pointer, wrong) in [
        ("/peer/shop", json!({ "adress": "127.0.0.1:1" })),
        ("/peer/shop/address", json!(7)),
        ("/protos", json!("proto")),
    ] {
        let mut file = good.clone();
        *file.pointer_mut(pointer).expect("a place in the file") = wrong.clone();
        assert_ne!(problems(&schema, &file), Vec::<String>::new(), "{wrong}");
    }
}

#[test]
fn every_case_file_keeps_to_the_schema() {
    let schema = committed(OF_CASES);
    let files = case_files();
    assert!(!files.is_empty(), "there are no case files");
    for file in files {
        let problems = problems(&schema, &yaml(&file));
        assert_eq!(problems, Vec::<String>::new(), "{}", file.display());
    }
}

/// Or an editor would underline nothing.
#[test]
fn the_schema_of_the_cases_finds_what_is_wrong() {
    let schema = committed(OF_CASES);
    let good = json!({ "suite": "one", "about": "a", "cases": [{ "name": "a", "send": [{}] }] });
    assert_eq!(problems(&schema, &good), Vec::<String>::new());
    for (pointer, wrong) in [
        ("/cases/0", json!({ "name": "a", "sned": [{}] })),
        ("/cases/0/send", json!("World")),
        ("/cases/0", json!({ "name": "a", "keyword": "OUGHT" })),
        ("/suite", json!(7)),
    ] {
        let mut file = good.clone();
        *file.pointer_mut(pointer).expect("a place in the file") = wrong.clone();
        assert_ne!(problems(&schema, &file), Vec::<String>::new(), "{wrong}");
    }
}

fn hold<T: JsonSchema>(path: &str) {
    let generated = schemars::schema_for!(T).to_value();
    let file = project_root().join(path);
    if std::env::var_os("UPDATE_SCHEMAS").is_some() {
        fs::write(&file, format!("{generated:#}\n")).expect("the schema can be written");
    }
    assert!(
        committed(path) == generated,
        "{path} is not what its types say; UPDATE_SCHEMAS=1 writes it anew"
    );
}

fn committed(path: &str) -> Value {
    let text = fs::read_to_string(project_root().join(path)).expect("the schema is committed");
    serde_json::from_str(&text).expect("the schema is JSON")
}

fn case_files() -> Vec<PathBuf> {
    let folder = project_root().join("interop-tests/cases");
    let entries = fs::read_dir(folder).expect("the folder of the cases");
    let files = entries.map(|entry| entry.expect("readable").path());
    files
        .filter(|file| file.extension().is_some_and(|ending| ending == "yaml"))
        .collect()
}

fn yaml(file: &Path) -> Value {
    let text = fs::read_to_string(file).expect("readable");
    serde_saphyr::from_str(&text).expect("valid YAML")
}

fn problems(schema: &Value, file: &Value) -> Vec<String> {
    let validator = jsonschema::validator_for(schema).expect("a valid schema");
    let errors = validator.iter_errors(file);
    errors
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect()
}
