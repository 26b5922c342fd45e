//! Builds a peer apart: its sources are copied, the version is put into the
//! copy's lock, and the copy is set up as a checkout is.

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use sha2::{Digest as _, Sha256};

use super::cargo::{self, From, Tonic};
use super::command;
use super::copy::{self, at, locks};
use super::{Apart, Choice, Library, VersionError, bare, hex, is_whole, numbers};
use crate::peer::builtin::from_folder;
use crate::peer::process::Program;

/// Says of what the copy's lock was made.
const STAMP: &str = ".wirecheck-stamp";
/// The module and the package under test, as their registries know them.
const GO_MODULE: &str = "google.golang.org/grpc";
const NODE_PACKAGE: &str = "@grpc/grpc-js";
/// Makes the Go stubs.
const GO_GENERATOR: &str = "google.golang.org/grpc/cmd/protoc-gen-go-grpc";
/// The generator that goes with versions before the first one, and so on; each
/// demands a grpc-go of its own time.
const GO_GENERATORS: [((u32, u32), &str); 2] = [((1, 65), "v1.3.0"), ((1, 81), "v1.5.1")];
/// What the Python peers need of grpcio's own packages.
const PYTHON_FAMILY: [&str; 5] = [
    "grpcio",
    "grpcio-health-checking",
    "grpcio-reflection",
    "grpcio-status",
    "grpcio-tools",
];
/// The tools of grpcio before 1.66 import a module that newer setuptools lack.
const PYTHON_TOOLS: &str = "setuptools<81";
/// Packages of the copy, and the interpreter that fetches them.
const WHEELS: &str = "wheels";
const FETCHER: &str = ".fetcher";

/// Builds what is not current; `say` is told of each step that takes its time.
///
/// # Errors
///
/// The version does not exist, or something cannot be built.
pub async fn build(apart: &Apart, say: impl Fn(&str)) -> Result<(), VersionError> {
    let folder = &apart.folder;
    fs::create_dir_all(folder).map_err(at(folder))?;
    // Given back when it is closed, whatever happens to this process.
    let lock = fs::File::open(folder).map_err(at(folder))?;
    lock.lock().map_err(at(folder))?;
    copy::sync(apart.library, &apart.home, folder)?;
    let wanted = stamp(apart)?;
    let file = folder.join(STAMP);
    // What is in somebody's folder may have changed.
    let is_folder = matches!(apart.wanted.choice, Choice::Folder(_));
    if is_folder || fs::read_to_string(&file).ok().as_deref() != Some(&*wanted) {
        say(&format!("looking for {}", apart.wanted));
        remove_if_there(&file)?;
        for lock in locks(apart.library) {
            copy::put(&apart.home, folder, Path::new(lock))?;
        }
        apart.choose().await?;
        fs::write(&file, &wanted).map_err(at(&file))?;
    }
    say(&format!("building {}", apart.wanted));
    command::run(&apart.set_up()?).await
}

/// What puts the versions into a copy: another program may do it otherwise.
const CHOOSERS: [&str; 2] = [include_str!("build.rs"), include_str!("cargo.rs")];

/// A digest of what the copy's lock is made of, and by what.
fn stamp(apart: &Apart) -> Result<String, VersionError> {
    let mut digest = Sha256::new();
    CHOOSERS.iter().for_each(|text| digest.update(text));
    digest.update(apart.wanted.to_string());
    for lock in locks(apart.library) {
        let path = apart.home.join(lock);
        let text = fs::read(&path).map_err(at(&path))?;
        digest.update((text.len() as u64).to_be_bytes());
        digest.update(text);
    }
    Ok(hex(&digest.finalize()))
}

fn remove_if_there(file: &Path) -> Result<(), VersionError> {
    match fs::remove_file(file) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(at(file)(error)),
        _ => Ok(()),
    }
}

impl Apart {
    /// Puts the version into the copy's lock.
    async fn choose(&self) -> Result<(), VersionError> {
        match self.library {
            Library::Tonic => self.choose_tonic().await,
            Library::Grpcio => self.choose_grpcio().await,
            Library::GrpcGo => self.choose_grpc_go().await,
            Library::GrpcJs => self.choose_grpc_js().await,
        }
    }

    /// Makes of the copy, with its lock, what is started.
    fn set_up(&self) -> Result<Program, VersionError> {
        let mut program = match self.library {
            Library::Tonic => return Ok(self.cargo(&["build", "--locked", "--bin", "tonic-peer"])),
            Library::GrpcGo => self.program("", &["go/setup_env.sh"]),
            Library::GrpcJs => self.program("", &["node/setup_env.sh"]),
            Library::Grpcio => {
                let spec = from_folder(&self.wanted.peer, &self.folder);
                spec.and_then(|spec| spec.build)
                    .map_or_else(Program::default, |build| build.program)
            }
        };
        match self.library {
            Library::GrpcGo => program.env.extend(self.go_flags()?),
            Library::Grpcio => {
                let wheels = self.folder.join(WHEELS).display().to_string();
                program.env.push(("PIP_FIND_LINKS".into(), wheels));
            }
            // A folder is copied and not linked, also from the lock.
            Library::GrpcJs => {
                let links = ("npm_config_install_links".into(), "true".into());
                program.env.push(links);
            }
            Library::Tonic => {}
        }
        // A script of the copy is named from there.
        if let Some(script) = program
            .argv
            .first_mut()
            .filter(|first| first.ends_with(".sh"))
        {
            *script = self.folder.join(&*script).display().to_string();
        }
        Ok(program)
    }

    /// A command in a folder of the copy.
    fn program(&self, folder: &str, argv: &[&str]) -> Program {
        Program {
            argv: argv.iter().map(|word| (*word).to_owned()).collect(),
            cwd: Some(self.folder.join(folder)),
            env: Vec::new(),
        }
    }

    /// The folder of the library, if it is not fetched.
    fn library_folder(&self) -> Option<&Path> {
        match &self.wanted.choice {
            Choice::Folder(folder) => Some(folder),
            _ => None,
        }
    }

    /// The version, if it is fetched.
    fn version(&self) -> &str {
        match &self.wanted.choice {
            Choice::Version(version) => version,
            _ => "",
        }
    }

    fn no_library(&self, path: &Path, why: impl Into<String>) -> VersionError {
        VersionError::NoLibrary {
            path: path.to_owned(),
            library: self.library.name(),
            why: why.into(),
        }
    }
}

/// tonic.
impl Apart {
    async fn choose_tonic(&self) -> Result<(), VersionError> {
        let tonic = match self.library_folder() {
            Some(folder) => self.tonic_of(folder).await?,
            None => Tonic {
                numbers: numbers(self.version()).unwrap_or_default(),
                from: From::Requirement(requirement(bare(self.version()))),
            },
        };
        self.rewrite("Cargo.toml", |text| cargo::workspace(text, &tonic))?;
        self.rewrite("rust/tonic_peer/Cargo.toml", |text| {
            cargo::package(text, &tonic)
        })?;
        command::run(&self.cargo(&["fetch"])).await
    }

    async fn tonic_of(&self, folder: &Path) -> Result<Tonic, VersionError> {
        let manifest = folder.join("Cargo.toml");
        let asked = tokio::process::Command::new("cargo")
            .args([
                "metadata",
                "--no-deps",
                "--format-version=1",
                "--manifest-path",
            ])
            .arg(&manifest)
            .stdin(Stdio::null())
            .kill_on_drop(true)
            .output()
            .await
            .map_err(at(Path::new("cargo")))?;
        let said = String::from_utf8_lossy(&asked.stderr).trim().to_owned();
        cargo::of_folders(&asked.stdout).ok_or_else(|| {
            let why = match said.is_empty() {
                true => "no package `tonic` is in it".to_owned(),
                false => said,
            };
            self.no_library(folder, why)
        })
    }

    fn rewrite(
        &self,
        file: &str,
        change: impl FnOnce(&str) -> Result<String, String>,
    ) -> Result<(), VersionError> {
        let path = self.folder.join(file);
        let text = fs::read_to_string(&path).map_err(at(&path))?;
        let text = change(&text).map_err(|why| VersionError::Manifest {
            path: path.clone(),
            why,
        })?;
        fs::write(&path, text).map_err(at(&path))
    }

    /// In the copy, and with what it builds there.
    fn cargo(&self, arguments: &[&str]) -> Program {
        let mut program = self.program("", &["cargo"]);
        program
            .argv
            .extend(arguments.iter().map(|word| (*word).to_owned()));
        let target = self.folder.join("target").display().to_string();
        program.env.push(("CARGO_TARGET_DIR".into(), target));
        program
    }
}

/// What Cargo is told to take: this version, or the newest of these.
fn requirement(version: &str) -> String {
    match is_whole(version) {
        true => format!("={version}"),
        false => format!("~{version}"),
    }
}

/// grpcio.
impl Apart {
    async fn choose_grpcio(&self) -> Result<(), VersionError> {
        let wheels = self.folder.join(WHEELS);
        if wheels.exists() {
            fs::remove_dir_all(&wheels).map_err(at(&wheels))?;
        }
        command::run(&self.program("", &["python3", "-m", "venv", "--clear", FETCHER])).await?;
        let pip = format!("{FETCHER}/bin/pip");
        let mut download = self.program(
            "",
            &[
                &pip,
                "download",
                "--quiet",
                "--no-input",
                "--disable-pip-version-check",
            ],
        );
        // A source build of grpcio takes half an hour.
        let only_wheels = ["--only-binary", ":all:", "--dest", WHEELS];
        download.argv.extend(only_wheels.map(str::to_owned));
        download.argv.extend(self.packages_of_grpcio()?);
        command::run(&download).await?;
        let requirements = requirements(&wheels)?;
        let file = self.folder.join("python/requirements.txt");
        fs::write(&file, requirements).map_err(at(&file))?;
        let fetcher = self.folder.join(FETCHER);
        fs::remove_dir_all(&fetcher).map_err(at(&fetcher))
    }

    /// What pip is told to fetch.
    fn packages_of_grpcio(&self) -> Result<Vec<String>, VersionError> {
        let Some(folder) = self.library_folder() else {
            let version = bare(self.version());
            let version = match is_whole(version) {
                true => version.to_owned(),
                false => format!("{version}.*"),
            };
            let packages = PYTHON_FAMILY.map(|package| format!("{package}=={version}"));
            return Ok(packages.into_iter().chain([PYTHON_TOOLS.into()]).collect());
        };
        let wheel = wheels_in(folder)?.into_iter().find_map(|path| {
            let wheel = wheel_of(&path)?;
            (wheel.name == "grpcio").then_some(wheel.version)
        });
        let version =
            wheel.ok_or_else(|| self.no_library(folder, "there is no file `grpcio-*.whl`"))?;
        let mut packages = vec!["--find-links".into(), folder.display().to_string()];
        // The others need not have been built too.
        let others = PYTHON_FAMILY.iter().filter(|package| **package != "grpcio");
        packages.extend(others.map(|package| format!("{package}<={version}")));
        packages.extend([format!("grpcio=={version}"), PYTHON_TOOLS.into()]);
        Ok(packages)
    }
}

/// A package's file, `name-version-….whl`.
#[derive(Debug, PartialEq, Eq)]
struct Wheel {
    name: String,
    version: String,
}

fn wheel_of(path: &Path) -> Option<Wheel> {
    let stem = path
        .file_name()
        .and_then(OsStr::to_str)?
        .strip_suffix(".whl")?;
    let mut parts = stem.split('-');
    Some(Wheel {
        name: parts.next()?.replace('_', "-"),
        version: parts.next()?.to_owned(),
    })
}

fn wheels_in(folder: &Path) -> Result<Vec<PathBuf>, VersionError> {
    let entries = fs::read_dir(folder).map_err(at(folder))?;
    let mut files: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    files.sort();
    Ok(files)
}

/// The lock: each package with the digest of the file that was fetched.
fn requirements(wheels: &Path) -> Result<String, VersionError> {
    let mut text = String::new();
    for path in wheels_in(wheels)? {
        let Some(wheel) = wheel_of(&path) else {
            continue;
        };
        let digest = hex(&Sha256::digest(fs::read(&path).map_err(at(&path))?));
        text.push_str(&format!(
            "{}=={} --hash=sha256:{digest}\n",
            wheel.name, wheel.version
        ));
    }
    Ok(text)
}

/// grpc-go.
impl Apart {
    async fn choose_grpc_go(&self) -> Result<(), VersionError> {
        let mut get = self.program("go", &["go", "get"]);
        if let Some(folder) = self.library_folder() {
            let replace = format!("-replace={GO_MODULE}={}", folder.display());
            command::run(&self.program("go", &["go", "mod", "edit", &replace])).await?;
            self.forget_go_program()?;
            get.argv.push(GO_MODULE.into());
        } else {
            get.argv
                .push(format!("{GO_MODULE}@v{}", bare(self.version())));
        }
        let numbers = self.numbers_of_grpc_go()?;
        let generator = GO_GENERATORS.iter().find(|(before, _)| numbers < *before);
        get.argv
            .extend(generator.map(|(_, version)| format!("{GO_GENERATOR}@{version}")));
        get.env.extend(self.go_flags()?);
        command::run(&get).await
    }

    /// The set-up does not look into the library's folder.
    fn forget_go_program(&self) -> Result<(), VersionError> {
        remove_if_there(&self.folder.join("go/bin").join(STAMP))
    }

    /// The build tags with which the peer's sources meet this version: each
    /// `grpc_before_X_Y` that they know and that it is before.
    fn go_flags(&self) -> Result<Vec<(String, String)>, VersionError> {
        let numbers = self.numbers_of_grpc_go()?;
        let folder = self.folder.join("go/peers/wirecheckpeer");
        let mut tags = Vec::new();
        for entry in fs::read_dir(&folder).map_err(at(&folder))?.flatten() {
            let text = fs::read_to_string(entry.path()).map_err(at(&entry.path()))?;
            tags.extend(tag_of(&text).filter(|(_, before)| numbers < *before));
        }
        let tags: Vec<String> = tags.into_iter().map(|(tag, _)| tag).collect();
        let own = std::env::var("GOFLAGS").unwrap_or_default();
        let flags = format!("{own} -tags={}", tags.join(","));
        Ok(vec![("GOFLAGS".into(), flags.trim().to_owned())])
    }

    fn numbers_of_grpc_go(&self) -> Result<(u32, u32), VersionError> {
        let Some(folder) = self.library_folder() else {
            return Ok(numbers(self.version()).unwrap_or_default());
        };
        let wrong = || self.no_library(folder, "there is no `version.go` with its version");
        let text = fs::read_to_string(folder.join("version.go")).map_err(|_| wrong())?;
        let version = text.split("const Version = \"").nth(1).and_then(numbers);
        version.ok_or_else(wrong)
    }
}

/// The tag of a file that is for older versions, with the version it names.
fn tag_of(text: &str) -> Option<(String, (u32, u32))> {
    let tag = text.lines().next()?.strip_prefix("//go:build ")?;
    let before = tag.strip_prefix("grpc_before_")?.replace('_', ".");
    Some((tag.to_owned(), numbers(&before)?))
}

/// grpc-js.
impl Apart {
    async fn choose_grpc_js(&self) -> Result<(), VersionError> {
        let package = match self.library_folder() {
            Some(folder) if folder.join("package.json").is_file() => {
                format!("{NODE_PACKAGE}@file:{}", folder.display())
            }
            Some(folder) => return Err(self.no_library(folder, "there is no `package.json`")),
            None => format!("{NODE_PACKAGE}@{}", bare(self.version())),
        };
        // What is in a folder may have changed: installed anew.
        remove_if_there(&self.folder.join("node/node_modules").join(STAMP))?;
        let mut install = self.program(
            "node",
            &["npm", "install", "--package-lock-only", "--ignore-scripts"],
        );
        let more = ["--loglevel=error", "--save-exact", "--install-links"];
        install.argv.extend(more.map(str::to_owned));
        install.argv.push(package);
        command::run(&install).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_of_a_version_is_the_newest_of_it() {
        assert_eq!(requirement("0.12"), "~0.12");
        assert_eq!(requirement("0.12.3"), "=0.12.3");
    }

    #[test]
    fn a_wheel_names_its_package_and_version() {
        let wheel = wheel_of(Path::new(
            "a/grpcio_health_checking-1.60.0-py3-none-any.whl",
        ));
        let wanted = Wheel {
            name: "grpcio-health-checking".into(),
            version: "1.60.0".into(),
        };
        assert_eq!(wheel, Some(wanted));
        assert_eq!(wheel_of(Path::new("notes.txt")), None);
    }

    #[test]
    fn what_was_fetched_is_locked_by_its_bytes() {
        let folder = tempfile::tempdir().expect("a folder");
        fs::write(folder.path().join("grpcio_tools-1.60.0-x.whl"), "abc").expect("written");
        assert_eq!(
            requirements(folder.path()).expect("a lock"),
            "grpcio-tools==1.60.0 --hash=sha256:\
             ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad\n"
        );
    }

    #[test]
    fn a_tag_names_the_version_that_it_is_for() {
        let tag = tag_of("//go:build grpc_before_1_66\n\npackage p\n");
        assert_eq!(tag, Some(("grpc_before_1_66".into(), (1, 66))));
        assert_eq!(tag_of("//go:build !grpc_before_1_66\n"), None);
        assert_eq!(tag_of("package p\n"), None);
    }
}
