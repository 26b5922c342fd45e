//! What the article says of its files and commands, tried out.

use std::fs;
use std::path::Path;

use tempfile::TempDir;

use crate::checkout::{MAIN_PRINTS, copy_folder, python, root};

#[test]
fn main_prints_the_articles_two_lines() {
    python(&root().join("python/article"))
        .arg("main.py")
        .assert()
        .success()
        .stdout(MAIN_PRINTS);
}

#[test]
fn the_schema_may_be_deleted_once_the_stubs_are_generated() {
    let project = project_with_schema();
    generate(project.path(), "proto/hello.proto");
    fs::remove_file(project.path().join("proto/hello.proto")).expect("the schema is there");

    python(project.path())
        .arg("main.py")
        .assert()
        .success()
        .stdout(MAIN_PRINTS);
}

/// The trap: with the article's own command the server cannot import its stubs.
#[test]
fn stubs_generated_inside_proto_cannot_be_imported_from_the_package() {
    let project = project_with_schema();
    generate(&project.path().join("proto"), "hello.proto");

    // main.py imports messages only, so the article does not meet the trap at once ...
    python(project.path())
        .arg("main.py")
        .assert()
        .success()
        .stdout(MAIN_PRINTS);
    // ... and then its server and its client do.
    for program in ["server", "client"] {
        let assert = python(project.path())
            .args(["-c", &format!("import {program}")])
            .assert()
            .code(1);
        let stderr = String::from_utf8_lossy(&assert.get_output().stderr).into_owned();
        assert!(
            stderr.ends_with("ModuleNotFoundError: No module named 'hello_pb2'\n"),
            "{stderr}"
        );
    }
}

#[test]
fn stubs_generated_from_the_folder_above_proto_can() {
    let project = project_with_schema();
    generate(project.path(), "proto/hello.proto");
    for program in ["server", "client"] {
        python(project.path())
            .args(["-c", &format!("import {program}")])
            .assert()
            .success();
    }
}

/// Old and new formats: each side reads what the other wrote, and loses nothing it knows.
#[test]
fn an_older_and_a_newer_schema_read_each_other() {
    let project = tempfile::tempdir().expect("a temporary folder");
    let old = "syntax = \"proto3\";\nmessage Old { string name = 1; }\n";
    let new =
        "syntax = \"proto3\";\nmessage New { string name = 1; repeated string titles = 2; }\n";
    for (name, text) in [("old.proto", old), ("new.proto", new)] {
        fs::write(project.path().join(name), text).expect("the schema is written");
        generate(project.path(), name);
    }
    let script = "
from old_pb2 import Old
from new_pb2 import New
new = New(name='World', titles=['Dr'])
old = Old.FromString(new.SerializeToString())
print(old.name, New.FromString(old.SerializeToString()) == new)
print(New.FromString(Old(name='World').SerializeToString()))
";
    python(project.path())
        .args(["-c", script])
        .assert()
        .success()
        .stdout("World True\nname: \"World\"\n\n");
}

/// The article's programs without their stubs, and its schema where it puts it.
fn project_with_schema() -> TempDir {
    let project = tempfile::tempdir().expect("a temporary folder");
    copy_folder(&root().join("python/article"), project.path());
    for stub in ["hello_pb2.py", "hello_pb2_grpc.py"] {
        fs::remove_file(project.path().join("proto").join(stub)).expect("a generated stub");
    }
    let schema = project.path().join("proto/hello.proto");
    fs::copy(root().join("proto/hello.proto"), schema).expect("the schema is copied");
    project
}

/// The article's command, run in `folder`.
fn generate(folder: &Path, schema: &str) {
    python(folder)
        .args([
            "-m",
            "grpc_tools.protoc",
            "--python_out=.",
            "--grpc_python_out=.",
            "-I.",
            schema,
        ])
        .assert()
        .success();
}
