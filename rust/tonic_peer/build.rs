//! Generates the contract and the built-in services from the schemas with
//! protox, so that nobody needs a `protoc`, and writes down the versions of the
//! libraries that this peer is built from.

use std::env;
use std::error::Error;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use prost::Message as _;

/// What a report names: the library under test, its protobuf runtime, and what
/// carries HTTP/2.
const NAMED_CRATES: [&str; 4] = ["tonic", "prost", "h2", "hyper"];

/// Versions in which tonic's interface changed; `src/server/versions.rs` says how.
const SWITCHES: [&str; 2] = ["0.13", "0.14.5"];

fn main() -> Result<(), Box<dyn Error>> {
    generate_code()?;
    write_versions()?;
    set_switches()?;
    Ok(())
}

fn generate_code() -> Result<(), Box<dyn Error>> {
    const CONTRACT: &str = "wirecheck/v1/peer.proto";
    const SERVICES: [&str; 3] = ["hello.proto", "helloworld.proto", "grpc/testing/test.proto"];

    // Looked for upwards, so that the package can be copied and built apart.
    let schemas = find_upwards("proto").ok_or("found no folder `proto` above the package")?;
    let contract = protox::compile([CONTRACT], [&schemas])?;
    prost_build::Config::new()
        .bytes(["."])
        // Its comments hold indented text, which rustdoc would take for code.
        .disable_comments(["."])
        .compile_fds(contract)?;
    let mut services = protox::compile(SERVICES, [&schemas])?;
    write_descriptors(services.clone())?;
    leave_to_the_router(&mut services, "UnimplementedCall");
    tonic_prost_build::configure()
        .build_client(false)
        .compile_fds(services)?;
    println!("cargo::rerun-if-changed={}", schemas.display());
    Ok(())
}

/// What reflection tells: the schemas as protoc gives them, without comments.
fn write_descriptors(mut set: prost_types::FileDescriptorSet) -> Result<(), Box<dyn Error>> {
    for file in &mut set.file {
        file.source_code_info = None;
    }
    let out = Path::new(&env::var("OUT_DIR")?).join("services.bin");
    fs::write(out, set.encode_to_vec())?;
    Ok(())
}

/// tonic's generated code would want a handler for it.
fn leave_to_the_router(set: &mut prost_types::FileDescriptorSet, method: &str) {
    let services = set.file.iter_mut().flat_map(|file| &mut file.service);
    for service in services {
        service.method.retain(|each| each.name() != method);
    }
}

fn write_versions() -> Result<(), Box<dyn Error>> {
    let mut versions = vec![("rust", rust_version()?)];
    // A package that is built without a lock file still has a language.
    if let Some(lock) = find_upwards("Cargo.lock") {
        println!("cargo::rerun-if-changed={}", lock.display());
        let text = fs::read_to_string(lock)?;
        versions.extend(
            NAMED_CRATES
                .iter()
                .filter_map(|name| Some((*name, locked_version(&text, name)?))),
        );
    }
    let mut code = String::from("pub const VERSIONS: &[(&str, &str)] = &[\n");
    for (name, version) in versions {
        writeln!(code, "    ({name:?}, {version:?}),")?;
    }
    code.push_str("];\n");
    fs::write(Path::new(&env::var("OUT_DIR")?).join("versions.rs"), code)?;
    Ok(())
}

/// The second word of `rustc 1.95.0 (f2d3ce0bd 2026-03-21)`.
fn rust_version() -> Result<String, Box<dyn Error>> {
    let output = Command::new(env::var("RUSTC")?).arg("--version").output()?;
    let text = String::from_utf8(output.stdout)?;
    let version = text.split(' ').nth(1).ok_or("rustc named no version")?;
    Ok(version.to_owned())
}

/// The newest locked version of a crate: the lock file sorts them, and tonic
/// needs the newest `h2` and `hyper` where another crate needs older ones too.
fn locked_version(lock: &str, name: &str) -> Option<String> {
    let head = format!("name = \"{name}\"");
    let mut lines = lock.lines();
    let mut found = None;
    while lines.any(|line| line == head) {
        let version = lines
            .next()?
            .strip_prefix("version = \"")?
            .strip_suffix('"')?;
        found = Some(version.to_owned());
    }
    found
}

/// `tonic_before_X` for each version of [`SWITCHES`] that the locked tonic is
/// before.
fn set_switches() -> Result<(), Box<dyn Error>> {
    let lock = find_upwards("Cargo.lock").map(fs::read_to_string);
    let locked = lock
        .transpose()?
        .and_then(|lock| locked_version(&lock, "tonic"));
    for switch in SWITCHES {
        let name = format!("tonic_before_{}", switch.replace('.', "_"));
        println!("cargo::rustc-check-cfg=cfg({name})");
        if locked
            .as_ref()
            .is_some_and(|locked| numbers(locked) < numbers(switch))
        {
            println!("cargo::rustc-cfg={name}");
        }
    }
    Ok(())
}

fn numbers(version: &str) -> Vec<u32> {
    let parts = version.split(['.', '-']);
    parts.map_while(|part| part.parse().ok()).collect()
}

fn find_upwards(name: &str) -> Option<PathBuf> {
    let start = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR")?);
    start
        .ancestors()
        .map(|folder| folder.join(name))
        .find(|path| path.exists())
}
