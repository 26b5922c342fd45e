use super::*;

fn parse(text: &str) -> Result<Wanted, VersionError> {
    Wanted::parse(text, Path::new("/shop"))
}

#[test]
fn a_version_is_a_part_of_the_name() {
    for (text, name) in [
        ("python-grpcio@1.60.0", "python-grpcio@1.60.0"),
        ("rust-tonic@0.12", "rust-tonic@0.12"),
        ("go-grpc@v1.60.0", "go-grpc@v1.60.0"),
        ("node-grpc-js@1.10.0-pre.1", "node-grpc-js@1.10.0-pre.1"),
        ("rust-tonic=path:../My tonic", "rust-tonic@my-tonic"),
        ("java-grpc", "java-grpc"),
    ] {
        assert_eq!(parse(text).expect(text).name(), name);
    }
}

#[test]
fn a_folder_is_relative_to_who_names_it() {
    let wanted = parse("rust-tonic=path:libraries/tonic").expect("a folder");
    assert_eq!(
        wanted.choice,
        Choice::Folder("/shop/libraries/tonic".into())
    );
    assert_eq!(wanted.to_string(), "rust-tonic=path:/shop/libraries/tonic");
    assert_eq!(parse(&wanted.to_string()).expect("again"), wanted);
}

#[test]
fn what_cannot_be_read_says_how_it_is_written() {
    for text in ["@1.60", "=path:x", "go-grpc=../x", "go-grpc=path:"] {
        let error = parse(text).expect_err(text).to_string();
        assert!(error.ends_with(FORMS), "{error}");
    }
    // Versions get into commands and into the name of a folder.
    for text in [
        "go-grpc@",
        "go-grpc@latest",
        "go-grpc@1",
        "go-grpc@1.6/..",
        "go-grpc@1.6 x",
    ] {
        let error = parse(text).expect_err(text).to_string();
        assert!(error.ends_with(VERSIONS), "{error}");
    }
}

#[test]
fn a_library_of_the_system_has_one_version() {
    let error = parse("cpp-grpc@1.60.0").expect_err("one version only");
    assert!(matches!(error, VersionError::Fixed(peer) if peer == "cpp-grpc"));
}

#[test]
fn the_first_two_numbers_tell_the_api() {
    assert_eq!(numbers("v1.60.0"), Some((1, 60)));
    assert_eq!(numbers("0.12"), Some((0, 12)));
    assert_eq!(numbers("1.77-dev"), Some((1, 77)));
    assert_eq!(numbers("1"), None);
    assert!(is_whole("v1.60.0") && !is_whole("1.60"));
}

#[test]
fn copies_of_two_checkouts_lie_apart() {
    let wanted = parse("go-grpc@v1.60.0").expect("a version");
    let folder = |home: &str| {
        let apart = Apart::new(&wanted, Some(Path::new(home)), Path::new("/cache"));
        apart.expect("sources").expect("apart").folder
    };
    assert_ne!(folder("/a"), folder("/b"));
    let name = folder("/a").display().to_string();
    assert!(
        name.starts_with("/cache/versions/grpc-go@v1.60.0-"),
        "{name}"
    );
}

#[test]
fn both_python_peers_share_a_copy() {
    let folder = |text: &str| {
        let wanted = parse(text).expect("a version");
        let apart = Apart::new(&wanted, Some(Path::new("/a")), Path::new("/cache"));
        apart.expect("sources").expect("apart").folder
    };
    assert_eq!(
        folder("python-grpcio@1.60.0"),
        folder("python-grpcio-aio@1.60.0")
    );
}
