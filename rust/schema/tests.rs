use super::*;

fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, text) in files {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
        std::fs::write(path, text).expect("a file");
    }
    folder
}

fn of_protos(protos: &[PathBuf]) -> SchemaFiles {
    SchemaFiles {
        protos: protos.to_vec(),
        ..SchemaFiles::default()
    }
}

const ITEM: &str = "syntax = \"proto3\";\npackage shop.v1;\nmessage Item { string id = 1; }\n";
const SHOP: &str = "syntax = \"proto3\";\npackage shop.v1;\nimport \"shop/v1/item.proto\";\n\
    import \"google/protobuf/empty.proto\";\n\
    service Shop { rpc Get(Item) returns (stream google.protobuf.Empty); }\n";

#[test]
fn a_folder_is_compiled_with_its_imports() {
    let folder = folder(&[
        ("proto/shop/v1/item.proto", ITEM),
        ("proto/shop/v1/shop.proto", SHOP),
    ]);
    let file = folder.path().join("proto/shop/v1/shop.proto");
    for named in [folder.path().to_owned(), file] {
        let schema = of_protos(&[named]).load().expect("a schema");
        assert_eq!(schema.paths(), ["/shop.v1.Shop/Get"]);
    }
}

#[test]
fn a_descriptor_set_says_the_same_as_its_files() {
    let folder = folder(&[("shop/v1/item.proto", ITEM), ("shop/v1/shop.proto", SHOP)]);
    let compiled = of_protos(&[folder.path().to_owned()])
        .load()
        .expect("a schema");
    let path = folder.path().join("schema.binpb");
    std::fs::write(&path, compiled.descriptor_set()).expect("a file");
    let files = SchemaFiles {
        descriptor_sets: vec![path.clone()],
        ..SchemaFiles::default()
    };
    assert_eq!(files.load().expect("a schema").paths(), compiled.paths());
    std::fs::write(&path, "no set").expect("a file");
    let error = files.load().expect_err("no set").to_string();
    assert!(error.contains("no complete descriptor set"), "{error}");
}

/// What a user sees of a wrong file, without the folder.
fn problem(text: &str) -> String {
    let folder = folder(&[("shop.proto", text)]);
    let error = of_protos(&[folder.path().join("shop.proto")])
        .load()
        .expect_err("a problem");
    let SchemaError::Problem(problem) = error else {
        panic!("{error}");
    };
    let here = folder.path().display().to_string();
    let shown = problem.render(false);
    shown.replace(&format!("{here}/"), "").replace(&here, ".")
}

#[test]
fn a_fault_is_shown_with_its_line_and_a_caret() {
    insta::assert_snapshot!(problem("syntax = \"proto3\";\nmessage Item { strin id = 1; }\n"), @r"
    error: name 'strin' is not defined
     --> shop.proto:2:16
      |
    2 | message Item { strin id = 1; }
      |                ^^^^^
    ");
}

#[test]
fn an_import_that_is_not_there_names_where_it_was_looked_up() {
    insta::assert_snapshot!(problem("syntax = \"proto3\";\nimport \"other.proto\";\n"), @r#"
    error: import 'other.proto' not found
     --> shop.proto:2:1
      |
    2 | import "other.proto";
      | ^^^^^^^^^^^^^^^^^^^^^
      |
    hint: imports were looked up in `.`; `--import-path DIR` names other folders
    "#);
}

#[test]
fn an_edition_is_led_to_a_descriptor_set() {
    insta::assert_snapshot!(problem("edition = \"2023\";\nmessage Item { string id = 1; }\n"), @r#"
    error: `edition` syntax cannot be compiled here
     --> shop.proto:1:1
      |
    1 | edition = "2023";
      | ^^^^^^^^^^^^^^^^^
      |
    hint: let protoc do it: `protoc --include_imports --descriptor_set_out=schema.binpb shop.proto`, then `--descriptor-set schema.binpb`
    "#);
}
