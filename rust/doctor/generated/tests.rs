use std::collections::BTreeMap;
use std::fs;

use prost::Message as _;
use prost_reflect::DescriptorPool;

use super::super::Verdict;
use super::*;

const SHOP: &str = r#"
syntax = "proto3";
package shop.v1;
service Shop { rpc Get(Item) returns (Item); rpc List(Item) returns (stream Item); }
message Item { string name = 1; int64 price = 2; }
"#;

/// A project in a folder of its own.
struct Project(tempfile::TempDir);

impl Project {
    fn new() -> Self {
        let project = Self(tempfile::tempdir().expect("a folder"));
        project.write("proto/shop/v1/shop.proto", SHOP);
        project
    }

    fn root(&self) -> &Path {
        self.0.path()
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.root().join(path);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(path, text).expect("a file");
    }

    /// Writes what protoc makes of a schema of this text, as far as it matters.
    fn generate(&self, path: &str, name: &str, text: &str) {
        let code = FileDescriptorProto {
            name: Some(name.to_owned()),
            source_code_info: None,
            ..compile(text).0
        };
        let literal: String = code
            .encode_to_vec()
            .iter()
            .map(|byte| format!("\\x{byte:02x}"))
            .collect();
        let call = "DESCRIPTOR = _descriptor_pool.Default().AddSerializedFile";
        match path.ends_with(".go") {
            true => self.write(
                path,
                &format!("const file_x_rawDesc = \"\" +\n\t\"{literal}\"\n"),
            ),
            false => self.write(path, &format!("{call}(b'{literal}')\n")),
        }
    }

    /// The checks, with paths from the root of the project.
    fn checks(&self) -> Vec<(Verdict, String, Option<String>)> {
        let pool = compile(SHOP).1;
        let proto = self.root().join("proto/shop/v1/shop.proto");
        let paths = BTreeMap::from([("shop/v1/shop.proto".to_owned(), proto)]);
        let schema = Schema::of_pool(pool, paths);
        let root = format!("{}/", self.root().display());
        let shown = |text: &str| {
            let text = text.replace(&root, "");
            text.replace(root.trim_end_matches('/'), ".")
        };
        checks(&schema, &[self.root().to_owned()], "python")
            .into_iter()
            .map(|check| {
                let mend = check.mend.as_deref().map(shown);
                (check.verdict, shown(&check.found), mend)
            })
            .collect()
    }
}

/// The one file of a schema, compiled under the name that it has in the project.
fn compile(text: &str) -> (FileDescriptorProto, DescriptorPool) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("shop/v1/shop.proto");
    fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
    fs::write(&path, text).expect("a file");
    let set = protox::compile([&path], [folder.path()]).expect("it compiles");
    let file = set.file[0].clone();
    let pool = DescriptorPool::from_file_descriptor_set(set).expect("a pool");
    (file, pool)
}

#[test]
fn code_of_the_schema_is_current() {
    let project = Project::new();
    project.generate("client/shop/v1/shop_pb2.py", "shop/v1/shop.proto", SHOP);
    project.generate("go/shop/v1/shop.pb.go", "shop/v1/shop.proto", SHOP);
    project.write(
        "client/shop/v1/shop_pb2_grpc.py",
        "a('/shop.v1.Shop/Get')\nb('/shop.v1.Shop/List')\n",
    );
    let found = "3 of the schema, all current".to_owned();
    assert_eq!(project.checks(), [(Verdict::Ok, found, None)]);
}

#[test]
fn stale_code_is_told_with_what_differs_and_the_command() {
    let project = Project::new();
    let old = SHOP.replace(" int64 price = 2;", "");
    project.generate("client/shop/v1/shop_pb2.py", "shop/v1/shop.proto", &old);
    project.write("client/shop/v1/shop_pb2.pyi", "");
    project.write("client/shop/v1/shop_pb2_grpc.py", "");
    assert_eq!(
        project.checks(),
        [(
            Verdict::Fix,
            "client/shop/v1/shop_pb2.py is not what proto/shop/v1/shop.proto says: \
             the field `shop.v1.Item.price` (2) is missing"
                .to_owned(),
            Some(
                "python -m grpc_tools.protoc -I proto --python_out=client --pyi_out=client \
                 --grpc_python_out=client shop/v1/shop.proto"
                    .to_owned()
            ),
        )]
    );
}

#[test]
fn a_name_from_another_import_folder_is_the_same_file() {
    let project = Project::new();
    let old = SHOP.replace("price", "cost");
    project.generate("shop_pb2.py", "shop.proto", &old);
    let found = project.checks();
    assert_eq!(
        found[0].2.as_deref(),
        Some("python -m grpc_tools.protoc -I proto/shop/v1 --python_out=. shop.proto")
    );
    assert!(
        found[0].1.ends_with("(2) is `price` in the schema"),
        "{found:?}"
    );
}

#[test]
fn stale_go_code_is_made_again_by_protoc() {
    let project = Project::new();
    let old = SHOP.replace(" rpc List(Item) returns (stream Item);", "");
    project.generate("gen/shop/v1/shop.pb.go", "shop/v1/shop.proto", &old);
    project.write("gen/shop/v1/shop_grpc.pb.go", "");
    let found = project.checks();
    assert!(
        found[0]
            .1
            .ends_with("the method `shop.v1.Shop/List` is missing"),
        "{found:?}"
    );
    assert_eq!(
        found[0].2.as_deref(),
        Some(
            "protoc -I proto --go_out=gen --go_opt=paths=source_relative \
             --go-grpc_out=gen --go-grpc_opt=paths=source_relative shop/v1/shop.proto"
        )
    );
}

#[test]
fn stubs_older_than_the_messages_beside_them_are_found() {
    let project = Project::new();
    project.generate("shop/v1/shop_pb2.py", "shop/v1/shop.proto", SHOP);
    project.write(
        "shop/v1/shop_pb2_grpc.py",
        "a('/shop.v1.Shop/Get')\nb('/shop.v1.Shop/Old')\n",
    );
    let found = project.checks();
    assert_eq!(
        found,
        [(
            Verdict::Fix,
            "shop/v1/shop_pb2_grpc.py is old: the method `shop.v1.Shop/List` is missing; \
             the method `shop.v1.Shop/Old` is not in the schema"
                .to_owned(),
            Some(
                "python -m grpc_tools.protoc -I proto --python_out=. --grpc_python_out=. \
                 shop/v1/shop.proto"
                    .to_owned()
            ),
        )]
    );
}

#[test]
fn code_of_another_schema_and_of_libraries_is_nobodys_fault() {
    let project = Project::new();
    let other = SHOP.replace("price", "cost");
    project.generate("other_pb2.py", "other.proto", &other);
    let another = other.replace("package shop.v1", "package cart");
    project.generate("shop_pb2.py", "shop.proto", &another);
    let old = SHOP.replace("price", "cost");
    project.generate(".venv/lib/shop_pb2.py", "shop/v1/shop.proto", &old);
    project.write("broken_pb2.py", "AddSerializedFile(b'\\xff')");
    assert_eq!(project.checks(), []);
}
