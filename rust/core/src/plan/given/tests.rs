use prost_reflect::DescriptorPool;

use super::super::load::load;
use super::super::program::against_given;
use super::super::resolve::resolve;
use super::super::schema::Schema;
use super::super::source::Source;
use super::*;

const SHOP: &str = r#"
syntax = "proto3";
package shop;
service Shop {
  rpc Get(Item) returns (Item);
  rpc List(Item) returns (stream Item);
  rpc Talk(stream Item) returns (stream Item);
}
message Item { string name = 1; }
"#;

fn schema() -> Schema {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("shop.proto");
    std::fs::write(&file, SHOP).expect("a file");
    let set = protox::compile([&file], [folder.path()]).expect("it compiles");
    let pool = DescriptorPool::from_file_descriptor_set(set).expect("a pool");
    Schema::of_pool(pool, BTreeMap::new())
}

fn given(cases: &str) -> Given {
    let text = format!("suite: shop\nabout: a\ncases:\n{cases}");
    let loaded = load(Source::new("shop.yaml", text)).expect("a suite");
    replies(&resolve(&loaded, &schema()).expect("cases"))
}

fn sent(given: &Given, path: &str) -> Vec<Vec<StepKind>> {
    let replies = given.by_path.get(path).into_iter().flatten();
    replies
        .map(|reply| {
            let steps = reply.script.send.iter();
            steps.map(|step| step.kind.clone()).collect()
        })
        .collect()
}

fn item(name: &[u8]) -> StepKind {
    let bytes = [&[0x0a, name.len() as u8], name].concat();
    StepKind::Message(Payload::bytes(bytes))
}

#[test]
fn what_is_expected_of_a_call_is_what_a_server_says() {
    let given = given(
        "  - {name: a, about: a, call: /shop.Shop/Get, expect: {receive: [{name: tea}], leading: [{key: x-a, value: b}]}}\n  \
         - {name: b, about: b, call: /shop.Shop/List, expect: {receive: [{name: a}, {name: b}]}}\n",
    );
    assert_eq!(given.left_out, [] as [String; 0]);
    let leading = StepKind::Headers(vec![("x-a".into(), b"b".to_vec())]);
    assert_eq!(sent(&given, "/shop.Shop/Get"), [[leading, item(b"tea")]]);
    assert_eq!(sent(&given, "/shop.Shop/List"), [[item(b"a"), item(b"b")]]);
}

#[test]
fn a_status_ends_a_call_after_its_requests_were_read() {
    let given = given(
        "  - {name: a, about: a, call: /shop.Shop/Get, expect: {status: NOT_FOUND, message: no tea, details: 0a 00}}\n  \
         - {name: b, about: b, call: /shop.Shop/Talk, expect: {receive: [{name: a}], status: ABORTED}}\n",
    );
    let status = |code, message: &str, details: &[u8]| StepKind::Status {
        code,
        message: message.into(),
        details: details.into(),
        trailing: Vec::new(),
    };
    assert_eq!(
        sent(&given, "/shop.Shop/Get"),
        [[status(5, "no tea", &[0x0a, 0])]]
    );
    let wait = StepKind::WaitStep(READ.into());
    assert_eq!(
        sent(&given, "/shop.Shop/Talk"),
        [[item(b"a"), wait, status(10, "", &[])]]
    );
}

#[test]
fn what_is_no_single_answer_gives_none_and_is_said() {
    let given = given(
        "  - {name: a, about: a, call: /shop.Shop/Get}\n  \
         - {name: b, about: b, call: /shop.Shop/Get, expect: {status: ABORTED, message: {present: true}}}\n  \
         - {name: c, about: c, call: /shop.Shop/Get, expect: {receive: [{size: 7}]}}\n  \
         - {name: d, about: d, call: /shop.Shop/Get, expect: {receive: [{}, {}]}}\n",
    );
    assert_eq!(
        given.left_out,
        [
            "shop/a: gives no reply, since it does not say what is received",
            "shop/b: gives no reply, since its status message is not told",
            "shop/c: gives no reply, since of a message only the size is expected",
            "shop/d: gives no reply, since the method answers with one message",
        ]
    );
    assert_eq!(given.rounds(), 0);
}

#[test]
fn of_several_texts_that_would_do_one_is_said() {
    let given = given(
        "  - {name: a, about: a, call: /shop.Shop/Get, expect: {status: {any_of: [ABORTED, OK]}, message: {contains: sold out}}}\n",
    );
    let status = StepKind::Status {
        code: 10,
        message: "sold out".into(),
        details: Vec::new(),
        trailing: Vec::new(),
    };
    assert_eq!(sent(&given, "/shop.Shop/Get"), [[status]]);
}

#[test]
fn a_script_is_taken_as_it_is_written() {
    let given = given(
        "  - name: a\n    about: a\n    server: {listeners: {main: {scripts: {/shop.Shop/Get: {send: [{message: {name: tea}}]}}}}}\n    \
         call: /shop.Shop/Get\n  \
         - name: b\n    about: b\n    server: {listeners: {main: {scripts: {/shop.Shop/Get: {send: [{wait: {released: now}}]}}}}}\n    \
         call: /shop.Shop/Get\n",
    );
    assert_eq!(sent(&given, "/shop.Shop/Get"), [[item(b"tea")]]);
    assert_eq!(
        given.left_out,
        ["shop/b: gives no reply, since its script waits for a release of the harness"]
    );
}

#[test]
fn several_replies_of_a_method_are_cases_of_their_own() {
    let given = given(
        "  - {name: a, about: a, call: /shop.Shop/Get, expect: {receive: [{name: a}]}}\n  \
         - {name: same, about: a, call: /shop.Shop/Get, expect: {receive: [{name: a}]}}\n  \
         - {name: b, about: b, call: /shop.Shop/Get, expect: {receive: [{name: b}]}}\n  \
         - {name: c, about: c, call: /shop.Shop/List, expect: {receive: [{name: c}]}}\n",
    );
    let (cases, left_out) = against_given(&schema(), &given);
    assert_eq!(left_out, [] as [String; 0]);
    let shown: Vec<(&str, &str)> = cases
        .iter()
        .map(|case| (case.id.as_str(), case.about.as_str()))
        .collect();
    assert_eq!(
        shown,
        [
            (
                "program/answers.given",
                "Answers are given by shop/a, shop/c."
            ),
            (
                "program/answers.given-2",
                "Answers are given by shop/b, shop/c."
            ),
        ]
    );
    let talk = cases[0].listeners[0]
        .scripts
        .iter()
        .find(|script| script.path == "/shop.Shop/Talk");
    let talk = talk.expect("a method without a given reply has one that is made up");
    assert_eq!(
        talk.send[0].kind,
        StepKind::Message(Payload::bytes(Vec::new()))
    );
    assert_ne!(cases[0].digest, cases[1].digest);
}
