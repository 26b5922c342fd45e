//! Programs with the command line of the official interop ones: the client is
//! told a case and gives its word on it by its exit code, the server serves
//! `grpc.testing.TestService`.
//!
//! The options are those that the clients and servers of all languages have in
//! common (`doc/interop-test-descriptions.md` of gRPC). What they differ in, how
//! they are told which certificates to use, is written by whoever names them.

use std::time::Duration;

use wirecheck_core::plan::variant::Variant;

use super::{ForeignClient, ForeignServer, Origin, Readiness};
use crate::peer::process::Program;

/// What a client gets beside its own arguments.
const OF_CLIENT: [&str; 3] = [
    "--server_host={host}",
    "--server_port={port}",
    "--test_case={case}",
];
/// What a server gets beside its own arguments.
const OF_SERVER: [&str; 1] = ["--port={port}"];
const PLAIN: &str = "--use_tls=false";
const ENCRYPTED: &str = "--use_tls=true";
/// The name in the certificate, since the address is none.
const SERVER_NAME: &str = "--server_host_override={name}";

/// Programs with the command line of the official interop ones.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Official {
    /// The client, without the options that all of them have.
    pub client: Option<Program>,
    /// The server, likewise.
    pub server: Option<Program>,
    /// What the client gets over TLS beside `--use_tls`; `{ca}` stands for a file
    /// with the certificate to trust. Without it it is not run over TLS.
    pub client_tls: Option<Vec<String>>,
    /// What the server gets over TLS beside `--use_tls`; `{cert}` and `{key}`
    /// stand for files. Without it it is not run over TLS.
    pub server_tls: Option<Vec<String>>,
    /// What the server has of what not every official one has, by the names of
    /// the contract.
    pub features: Vec<String>,
    /// How long the server may take until it is ready.
    pub within: Duration,
}

impl Official {
    /// The command for a role, before anything is chosen for it.
    pub fn command(&self, role: &str) -> Program {
        let (program, common): (_, &[&str]) = match role {
            "client" => (&self.client, &OF_CLIENT),
            _ => (&self.server, &OF_SERVER),
        };
        let program = program.clone().unwrap_or_default();
        with_arguments(program, common.iter().chain([&PLAIN]).copied())
    }

    /// The client as it is started for a cell.
    pub fn as_client(&self) -> ForeignClient {
        ForeignClient {
            program: self.command("client"),
            exit: 0,
            output: None,
            gives_word: true,
            over_tls: self.client_over_tls(),
        }
    }

    fn client_over_tls(&self) -> Option<Program> {
        let own = self.client_tls.as_ref()?.iter().map(String::as_str);
        let common = OF_CLIENT.into_iter().chain([ENCRYPTED, SERVER_NAME]);
        Some(with_arguments(self.client.clone()?, common.chain(own)))
    }

    /// The server as it is started, once in plain text and once over TLS.
    pub fn as_server(&self) -> ForeignServer {
        ForeignServer {
            over_tls: self.server_over_tls().map(Box::new),
            ..self.serving(self.command("server"), false)
        }
    }

    fn server_over_tls(&self) -> Option<ForeignServer> {
        let own = self.server_tls.as_ref()?.iter().map(String::as_str);
        let common = OF_SERVER.into_iter().chain([ENCRYPTED]);
        let program = with_arguments(self.server.clone()?, common.chain(own));
        Some(self.serving(program, true))
    }

    fn serving(&self, program: Program, is_encrypted: bool) -> ForeignServer {
        ForeignServer {
            origin: Origin::Command {
                program,
                address: None,
            },
            ready: Readiness::Tcp,
            within: self.within,
            tls: None,
            is_encrypted,
            over_tls: None,
        }
    }
}

fn with_arguments<'a>(
    mut program: Program,
    arguments: impl IntoIterator<Item = &'a str>,
) -> Program {
    program
        .argv
        .extend(arguments.into_iter().map(str::to_owned));
    program
}

/// Their options know TCP, and TLS where somebody said how.
pub(super) fn can_be_run_over(variant: Variant, tls: &Option<Vec<String>>) -> bool {
    match variant {
        Variant::Tcp => true,
        Variant::Tls => tls.is_some(),
        Variant::Ipv6 | Variant::Uds | Variant::Mtls => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn program(argv: &[&str]) -> Option<Program> {
        Some(Program {
            argv: argv.iter().map(|word| (*word).to_owned()).collect(),
            ..Program::default()
        })
    }

    #[test]
    fn the_options_that_all_have_come_behind_its_own() {
        let official = Official {
            client: program(&["client", "-v"]),
            server: program(&["server"]),
            ..Official::default()
        };
        let client = official.as_client();
        assert!(client.gives_word);
        let words = [
            ("host", "127.0.0.1"),
            ("port", "50051"),
            ("case", "ping_pong"),
        ];
        let expected = [
            "client",
            "-v",
            "--server_host=127.0.0.1",
            "--server_port=50051",
            "--test_case=ping_pong",
            "--use_tls=false",
        ];
        assert_eq!(client.program.with(&words).argv, expected);
        let server = official.command("server");
        assert_eq!(server.argv, ["server", "--port={port}", "--use_tls=false"]);
    }

    #[test]
    fn over_tls_it_is_run_only_where_somebody_said_how() {
        let plain = Official {
            client: program(&["client"]),
            server: program(&["server"]),
            ..Official::default()
        };
        assert_eq!(plain.as_client().over_tls, None);
        assert_eq!(plain.as_server().over_tls, None);
        assert!(!can_be_run_over(Variant::Tls, &plain.client_tls));
        assert!(can_be_run_over(Variant::Tcp, &plain.client_tls));
        let secure = Official {
            client_tls: Some(vec!["--ca_file={ca}".into()]),
            server_tls: Some(vec!["--tls_cert_file={cert}".into()]),
            ..plain
        };
        let client = secure.as_client().over_tls.expect("a client");
        let last = &client.argv[4..];
        let expected = [
            "--use_tls=true",
            "--server_host_override={name}",
            "--ca_file={ca}",
        ];
        assert_eq!(last, expected);
        let server = secure.as_server();
        assert!(!server.is_encrypted);
        assert!(server.over_tls.expect("a second one").is_encrypted);
        assert!(!can_be_run_over(Variant::Mtls, &secure.client_tls));
    }
}
