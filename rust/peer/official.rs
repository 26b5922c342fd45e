//! The official interop programs of Go and Java, which take part where somebody
//! asks for them: one process for each case of their clients takes long.

use std::path::Path;
use std::time::Duration;

use super::process::{Program, find_program};
use super::spec::{Absent, Body, Build, Official, PeerSpec};

/// How long a server may take until it is ready: a Java one on a loaded machine
/// was seen to take ten seconds.
const WITHIN: Duration = Duration::from_secs(30);

/// Official programs of one language.
#[derive(Debug, Clone, Copy)]
struct Programs {
    name: &'static str,
    /// The programs that build them.
    tools: &'static [&'static str],
    /// What brings a tool that is not there.
    mend: &'static str,
    /// What brings them, below the checkout, and the command that a user types.
    script: &'static str,
    hint: &'static str,
    /// The programs below the checkout, the server with arguments of its own.
    client: &'static str,
    server: &'static [&'static str],
    /// What they get over TLS, if they can be told which certificates to use.
    tls: Option<Tls>,
    /// What the server has of what official servers need not have.
    features: &'static [&'static str],
}

#[derive(Debug, Clone, Copy)]
struct Tls {
    client: &'static [&'static str],
    server: &'static [&'static str],
}

/// In the order of the matrix.
const PROGRAMS: [Programs; 2] = [
    Programs {
        name: "go-official",
        tools: &["go"],
        mend: "install Go 1.26 or newer, see https://go.dev/doc/install",
        script: "official/go/setup_env.sh",
        hint: "make official-go",
        client: "official/go/bin/client",
        server: &["official/go/bin/server"],
        tls: Some(Tls {
            client: &["--use_test_ca=true", "--ca_file={ca}"],
            server: &["--tls_cert_file={cert}", "--tls_key_file={key}"],
        }),
        features: &[],
    },
    Programs {
        name: "java-official",
        tools: &["java", "mvn"],
        mend: "apt-get install openjdk-17-jdk-headless maven",
        script: "official/java/setup_env.sh",
        hint: "make official-java",
        client: "official/java/bin/client",
        // Or it would listen on every address of the machine, as that of Go does.
        server: &["official/java/bin/server", "--address_type=IPV4"],
        // Both have a certificate of their own, and no option for another.
        tls: None,
        features: &["compression:gzip", "per-message-compression"],
    },
];

/// The names of all of them.
pub fn names() -> impl Iterator<Item = &'static str> {
    PROGRAMS.iter().map(|programs| programs.name)
}

/// The official programs of a checkout; without one they are not there.
pub fn official(home: Option<&Path>) -> Vec<PeerSpec> {
    let specs = PROGRAMS.iter().map(|programs| programs.spec(home));
    specs.collect()
}

impl Programs {
    fn spec(self, home: Option<&Path>) -> PeerSpec {
        let absent = self.absent(home);
        let home = home.unwrap_or(Path::new(""));
        let program = |path: &str, arguments: &[&str]| {
            let path = home.join(path).display().to_string();
            let arguments = arguments.iter().map(|word| (*word).to_owned());
            Program {
                argv: std::iter::once(path).chain(arguments).collect(),
                ..Program::default()
            }
        };
        let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
        let build = Build {
            program: Program {
                argv: vec![home.join(self.script).display().to_string()],
                cwd: Some(home.to_owned()),
                env: Vec::new(),
            },
            hint: self.hint.into(),
        };
        PeerSpec {
            name: self.name.into(),
            source: "built-in".into(),
            body: Body::Official(Official {
                client: Some(program(self.client, &[])),
                server: Some(program(self.server[0], &self.server[1..])),
                client_tls: self.tls.map(|tls| words(tls.client)),
                server_tls: self.tls.map(|tls| words(tls.server)),
                features: words(self.features),
                within: WITHIN,
            }),
            build: absent.is_none().then_some(build),
            absent,
        }
    }

    fn absent(self, home: Option<&Path>) -> Option<Absent> {
        let absent = |why: String, mend: &str| Absent {
            why,
            mend: mend.into(),
            is_required: false,
        };
        if home.is_none() {
            let mend = "run it in a checkout of Wirecheck's sources";
            return Some(absent("not in this installation".into(), mend));
        }
        let missing = self.tools.iter();
        let missing = { missing }.find(|tool| find_program(tool, None).is_none())?;
        Some(absent(format!("{missing} not found"), self.mend))
    }
}
