//! `wirecheck doctor` in a project whose generated code is older than its schema.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;
use wirecheck_interop_tests::prerequisite::project_root;

use crate::folder::Folder;

const OLD: &str = r#"syntax = "proto3";
package shop.v1;
service Shop { rpc Get(Query) returns (Item); }
message Query { string sku = 1; }
message Item { string name = 1; map<string, int32> sizes = 2; }
"#;

/// Generates the code as a team does.
fn generate(folder: &Path) {
    let output = Command::new(project_root().join(".venv/bin/python"))
        .current_dir(folder)
        .args(["-m", "grpc_tools.protoc", "-I", "proto"])
        .args(["--python_out=client", "--grpc_python_out=client"])
        .arg("shop/v1/shop.proto")
        .output()
        .expect("it can be started");
    assert!(output.status.success(), "{output:?}");
}

fn generated_code(folder: &Folder) -> Vec<Value> {
    let answer = folder.wirecheck(&["doctor", "--format", "json"]);
    let found: Value = serde_json::from_str(&answer.stdout).expect("JSON");
    let checks = found["checks"].as_array().expect("a list").iter();
    checks
        .filter(|check| check["subject"] == "schema" && check["what"] == "generated code")
        .cloned()
        .collect()
}

#[test]
fn the_field_and_the_method_that_code_lacks_are_named_with_the_command_that_mends_it() {
    let folder = Folder::new();
    let root = folder.path();
    fs::create_dir_all(root.join("proto/shop/v1")).expect("a folder");
    fs::create_dir_all(root.join("client")).expect("a folder");
    let python = project_root().join(".venv/bin/python");
    folder.write("proto/shop/v1/shop.proto", OLD);
    folder.write("client/client.py", "");
    folder.write(
        "wirecheck.toml",
        &format!(
            "protos = [\"proto\"]\nwith = []\n\n[peer.client]\nrun = [{python:?}, \"client/client.py\", \"{{target}}\"]\n"
        ),
    );
    generate(root);
    let current = generated_code(&folder);
    assert_eq!(current.len(), 1, "{current:?}");
    assert_eq!(current[0]["verdict"], "ok");
    assert_eq!(current[0]["found"], "2 of the schema, all current");
    let new = OLD
        .replace(
            "returns (Item);",
            "returns (Item); rpc Put(Item) returns (Query);",
        )
        .replace("string name = 1;", "string name = 1; int64 price = 3;");
    folder.write("proto/shop/v1/shop.proto", &new);
    let stale = generated_code(&folder);
    let command = format!(
        "{} -m grpc_tools.protoc -I proto --python_out=client --grpc_python_out=client shop/v1/shop.proto",
        python.display()
    );
    let found: Vec<&str> = stale
        .iter()
        .map(|check| {
            assert_eq!(check["verdict"], "fix");
            assert_eq!(check["mend"], command.as_str());
            check["found"].as_str().expect("text")
        })
        .collect();
    assert_eq!(
        found,
        [
            "client/shop/v1/shop_pb2.py is not what proto/shop/v1/shop.proto says: \
             the field `shop.v1.Item.price` (3) is missing; \
             the method `shop.v1.Shop/Put` is missing",
            "client/shop/v1/shop_pb2_grpc.py is old: the method `shop.v1.Shop/Put` is missing",
        ]
    );
    // The command that was told does what it promises.
    let mended = Command::new("sh")
        .current_dir(root)
        .args(["-c", &command])
        .output()
        .expect("it can be started");
    assert!(mended.status.success(), "{mended:?}");
    assert_eq!(generated_code(&folder)[0]["verdict"], "ok");
}
