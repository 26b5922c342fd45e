//! A server that is an image, where there is no engine to start it, one that hangs, or one
//! that lacks it. No container engine is needed for that.

#[path = "image/engine.rs"]
mod engine;

use std::fs;

use wirecheck_interop_tests::prerequisite::project_root;

use super::text::assert_text;
use super::wirecheck::{Answer, Place, answer, command};
use engine::{Engine, Manner};

const ENGINE: &str = "unix://engine.sock";

/// Types a command in a folder with the manifest of a server that is an image. The engine's
/// socket is in that folder too, named without it: how long a path is would change where lines
/// are cut.
fn typed(place: &Place, words: &[&str], more: &str, host: &str) -> Answer {
    let protos = project_root().join("proto/hello.proto");
    let text = format!(
        "protos = [{protos:?}]\nwith = [\"rust-tonic\"]\n\n\
         [peer.shop]\nimage = \"shop:1\"\nport = 50051\n{more}"
    );
    let folder = place.write("wirecheck.toml", &text);
    let mut command = command(words);
    command.current_dir(folder).env("DOCKER_HOST", host);
    if words[0] == "run" {
        command.args(["--runs", "../report/runs"]);
    }
    answer(&mut command)
}

fn engine(place: &Place, manner: Manner) -> Engine {
    let folder = place.path().join("written");
    fs::create_dir_all(&folder).expect("a folder");
    Engine::start(&folder.join("engine.sock"), manner)
}

/// What was said of the peers of the last run.
fn sentences(place: &Place) -> Vec<String> {
    let peers = place.last().peers.into_iter();
    let errors = peers.flat_map(|peer| peer.errors);
    errors.map(|error| error.sentence).collect()
}

#[test]
fn an_image_that_is_not_there_is_named_with_the_command_and_never_pulled() {
    let place = Place::new();
    let engine = engine(&place, Manner::WithoutImages);
    let answer = typed(&place, &["run"], "", ENGINE);
    assert_eq!(answer.exit, Some(3), "{}", answer.stderr);
    assert_text!(place.path(), answer.stderr);
    let told = "cannot be started: image shop:1 is not here";
    assert_eq!(sentences(&place), [told], "it is said once");
    let asked = engine.asked();
    assert!(!asked.is_empty());
    for request in asked {
        assert!(request.starts_with("GET "), "only looked at: {request}");
    }
}

#[test]
fn an_image_that_is_not_there_is_built_as_the_manifest_says() {
    let place = Place::new();
    let _engine = engine(&place, Manner::WithoutImages);
    let build = "build = \"touch built\"\n";
    let answer = typed(&place, &["run"], build, ENGINE);
    assert_eq!(answer.exit, Some(3), "{}", answer.stderr);
    let told = ["image shop:1 is not here", "hint: touch built"];
    for told in told {
        assert!(answer.stderr.contains(told), "{told}\n{}", answer.stderr);
    }
    assert!(place.path().join("written/built").exists());
}

#[test]
fn an_engine_that_is_not_there_is_named() {
    let place = Place::new();
    let answer = typed(&place, &["run"], "", "unix://nobody.sock");
    assert_eq!(answer.exit, Some(3), "{}", answer.stderr);
    assert_text!(place.path(), answer.stderr);
}

/// Said within five seconds; a build that would wait for the engine is not even begun.
#[test]
fn an_engine_that_hangs_is_named() {
    let place = Place::new();
    let _engine = engine(&place, Manner::Silent);
    let build = "build = \"touch built\"\n";
    let answer = typed(&place, &["run"], build, ENGINE);
    assert_eq!(answer.exit, Some(3), "{}", answer.stderr);
    assert_text!(place.path(), answer.stderr);
    let told = "cannot be started: the container engine at unix://engine.sock hangs: \
                no answer to `ping` within 4 s";
    assert_eq!(sentences(&place), [told]);
    assert!(!fs::exists(place.path().join("written/built")).expect("readable"));
}

#[test]
fn an_engine_of_another_machine_is_refused() {
    let place = Place::new();
    let answer = typed(&place, &["run"], "", "tcp://engine.invalid:2375");
    assert_eq!(answer.exit, Some(3), "{}", answer.stderr);
    let told = "cannot be started: the container engine at tcp://engine.invalid:2375 is on \
                another machine";
    assert_eq!(sentences(&place), [told]);
}

#[test]
fn doctor_says_what_mends_the_engine_and_the_image() {
    let place = Place::new();
    let doctor = ["doctor", "shop", "--quiet"];
    let nobody = typed(&place, &doctor, "", "unix://nobody.sock");
    assert_eq!(nobody.exit, Some(3), "{}", nobody.stderr);
    let _engine = engine(&place, Manner::WithoutImages);
    let no_image = typed(&place, &doctor, "", ENGINE);
    assert_eq!(no_image.exit, Some(3), "{}", no_image.stderr);
    assert_text!(
        place.path(),
        format!("{}\n{}", nobody.stdout, no_image.stdout)
    );
}

/// The container was made, and would be left behind.
#[test]
fn what_an_engine_refuses_to_start_is_removed() {
    let place = Place::new();
    let engine = engine(&place, Manner::RefusingToStart);
    let answer = typed(&place, &["run"], "", ENGINE);
    assert_eq!(answer.exit, Some(3), "{}", answer.stderr);
    let told = "the container engine says: no such program inside";
    assert!(answer.stderr.contains(told), "{}", answer.stderr);
    let asked = engine.asked();
    let created = asked
        .iter()
        .find(|request| request.contains("/containers/create"));
    let name = created.and_then(|request| {
        let after = request.split("name=").nth(1)?;
        after.split(['&', ' ']).next()
    });
    let name = name.unwrap_or_else(|| panic!("none is created with a name: {asked:?}"));
    assert!(name.starts_with("wirecheck-shop-"), "{name}");
    let removed = asked.iter().any(|request| {
        request.starts_with("DELETE ") && request.contains(&format!("/containers/{name}?"))
    });
    assert!(removed, "{asked:?}");
}
