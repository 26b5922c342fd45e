//! `wirecheck init`: what it writes, and what it leaves alone.

use std::fs;

use wirecheck_core::plan::manifest;
use wirecheck_core::plan::source::Source;

use super::wirecheck::{Answer, Place, answer, command};

const SERVER: &str = "import grpc\ns = grpc.server(pool)\ns.add_insecure_port(sys.argv[1])\n\
                      if __name__ == \"__main__\":\n    main()\n";

fn init(place: &Place, options: &[&str]) -> Answer {
    let folder = place.path().join("written").display().to_string();
    answer(command(&["init", &folder]).args(options))
}

fn written(place: &Place) -> String {
    fs::read_to_string(place.path().join("written/wirecheck.toml")).unwrap_or_default()
}

#[test]
fn a_manifest_is_written_once_and_over_another_only_by_force() {
    let place = Place::new();
    place.write("server.py", SERVER);
    let first = init(&place, &[]);
    assert_eq!(first.exit, Some(0), "{}", first.stderr);
    assert!(first.stdout.contains("found"), "{}", first.stdout);
    assert!(
        first.stdout.contains("wirecheck doctor"),
        "{}",
        first.stdout
    );
    let text = written(&place);
    assert!(
        manifest::load(&Source::new("wirecheck.toml", text.as_str())).is_ok(),
        "{text}"
    );

    place.write("wirecheck.toml", "# mine\n");
    let second = init(&place, &[]);
    assert_eq!(second.exit, Some(2), "{}", second.stdout);
    assert!(second.stderr.contains("`--force`"), "{}", second.stderr);
    assert_eq!(written(&place), "# mine\n");

    assert_eq!(init(&place, &["--force"]).exit, Some(0));
    assert_eq!(written(&place), text);
}

#[test]
fn stdout_gets_the_manifest_alone_and_no_file_is_written() {
    let place = Place::new();
    place.write("server.py", SERVER);
    let shown = init(&place, &["--stdout"]);
    assert_eq!(shown.exit, Some(0), "{}", shown.stderr);
    assert!(shown.stderr.starts_with("found"), "{}", shown.stderr);
    assert!(
        manifest::load(&Source::new("wirecheck.toml", shown.stdout.as_str())).is_ok(),
        "{}",
        shown.stdout
    );
    assert_eq!(written(&place), "");
}

#[test]
fn a_folder_without_grpc_is_said_and_gets_no_manifest() {
    let place = Place::new();
    place.write("notes.py", "print('hello')\n");
    let none = init(&place, &[]);
    assert_eq!(none.exit, Some(2), "{}", none.stdout);
    assert!(
        none.stderr.contains("has to do with gRPC"),
        "{}",
        none.stderr
    );
    assert_eq!(written(&place), "");
}
