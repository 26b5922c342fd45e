//! How a program is told its address, as far as its sources show.

use super::role::Role;

/// How a program is told where to listen, or whom to call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Told {
    /// By arguments; `{port}` or `{target}` stands in one of them.
    Arguments(Vec<String>),
    /// By a variable of the environment, of this name and value.
    Variable(String, String),
    /// Not at all: this is written in the sources.
    Fixed(String),
    /// That cannot be seen.
    Unknown,
}

/// Options that take a whole address; in Rust's sources with `_`.
const ADDRESSES: [&str; 11] = [
    "addr",
    "address",
    "listen",
    "listen-addr",
    "listen-address",
    "bind",
    "target",
    "server",
    "server-addr",
    "server-address",
    "endpoint",
];
/// Options that take a port.
const PORTS: [&str; 3] = ["port", "grpc-port", "listen-port"];
/// Variables that hold an address, and such as hold a port.
const ADDRESS_VARIABLES: [&str; 9] = [
    "ADDR",
    "ADDRESS",
    "GRPC_ADDR",
    "GRPC_ADDRESS",
    "LISTEN_ADDR",
    "SERVER_ADDR",
    "SERVER_ADDRESS",
    "TARGET",
    "GRPC_TARGET",
];
const PORT_VARIABLES: [&str; 2] = ["PORT", "GRPC_PORT"];
/// How the first argument is written in each language.
const FIRST_ARGUMENT: [&str; 7] = [
    "sys.argv[1]",
    "process.argv[2]",
    "os.Args[1]",
    "flag.Arg(0)",
    "args[0]",
    "args().nth(1)",
    "argv[1]",
];

impl Told {
    /// What these sources show, the surest sign first.
    pub fn by<'a>(role: Role, sources: impl Iterator<Item = &'a str> + Clone) -> Self {
        let found = |look: fn(Role, &str) -> Option<Self>| {
            let mut sources = sources.clone();
            sources.find_map(|text| look(role, text))
        };
        found(by_option)
            .or_else(|| found(by_field))
            .or_else(|| found(by_variable))
            .or_else(|| found(by_first_argument))
            .or_else(|| found(fixed))
            .unwrap_or(Self::Unknown)
    }
}

/// `"--addr"` in the words of argparse, click, commander or picocli, and
/// `flag.String("addr", …)` in those of Go.
fn by_option(role: Role, text: &str) -> Option<Told> {
    let is_there = |name: &&str| {
        let option = ["\"", "'"].into_iter().any(|quote| {
            let begin = format!("{quote}--{name}");
            text.match_indices(&begin)
                .any(|(at, _)| ends_a_name(&text[at + begin.len()..]))
        });
        let flag = ["flag.String(\"", "flag.Int(\""]
            .into_iter()
            .any(|call| text.contains(&format!("{call}{name}\"")));
        option || flag
    };
    let of = |names: &[&str], value: &str| {
        let name = names.iter().copied().find(|name| is_there(name))?;
        let arguments = vec![format!("--{name}"), value.to_owned()];
        Some(Told::Arguments(arguments))
    };
    let by_port = port(role).and_then(|port| of(&PORTS, port));
    by_port.or_else(|| of(&ADDRESSES, address(role, text)))
}

/// A field of a struct that clap fills, with `long` in its attribute or as a
/// positional argument; likewise a positional one of argparse.
fn by_field(role: Role, text: &str) -> Option<Told> {
    if text.contains("Parser") || text.contains("clap::Args") {
        let fields = ADDRESSES.iter().chain(&PORTS);
        return fields
            .into_iter()
            .find_map(|name| clap_field(role, text, name));
    }
    let positional = |name: &&str| {
        ["\"", "'"]
            .into_iter()
            .any(|quote| text.contains(&format!("add_argument({quote}{name}{quote}")))
    };
    let is_address = ADDRESSES.iter().any(positional);
    is_address.then(|| Told::Arguments(vec![address(role, text).to_owned()]))
}

fn clap_field(role: Role, text: &str, name: &str) -> Option<Told> {
    let lines: Vec<&str> = text.lines().collect();
    let field = name.replace('-', "_");
    let at = lines
        .iter()
        .position(|line| field_name(line) == Some(&field))?;
    let value = match PORTS.contains(&name) {
        true => port(role)?,
        false => address(role, text),
    };
    let mut attributes = lines[..at]
        .iter()
        .rev()
        .take_while(|line| !line.ends_with('{') && field_name(line).is_none())
        .filter(|line| !line.trim_start().starts_with("//"));
    Some(Told::Arguments(
        match attributes.any(|line| line.contains("long")) {
            true => vec![format!("--{name}"), value.to_owned()],
            false => vec![value.to_owned()],
        },
    ))
}

/// The name of the field that a line of a Rust struct declares.
fn field_name(line: &str) -> Option<&str> {
    let line = line.trim();
    let (name, kind) = line.strip_prefix("pub ").unwrap_or(line).split_once(": ")?;
    let is_name = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    (is_name && kind.ends_with(',') && !name.is_empty()).then_some(name)
}

fn by_variable(role: Role, text: &str) -> Option<Told> {
    let is_read = |name: &&str| {
        let quoted = [format!("\"{name}\""), format!("'{name}'")];
        text.lines().any(|line| {
            let asks = line.contains("env") || line.contains("Getenv");
            asks && (quoted.iter().any(|name| line.contains(name))
                || line
                    .split(&format!("env.{name}"))
                    .nth(1)
                    .is_some_and(ends_a_name))
        })
    };
    let of = |names: &[&str], value: &str| {
        let name = names.iter().find(|name| is_read(name))?;
        Some(Told::Variable((*name).to_owned(), value.to_owned()))
    };
    let by_port = port(role).and_then(|port| of(&PORT_VARIABLES, port));
    by_port.or_else(|| of(&ADDRESS_VARIABLES, address(role, text)))
}

fn by_first_argument(role: Role, text: &str) -> Option<Told> {
    let is_read = |line: &&str| FIRST_ARGUMENT.iter().any(|first| line.contains(first));
    let line = text.lines().find(is_read)?;
    let is_number = ["int(", "parseInt", "Atoi", "Number(", "u16"]
        .iter()
        .any(|number| line.contains(number));
    let value = match port(role).filter(|_| is_number) {
        Some(port) => port,
        None => address(role, text),
    };
    Some(Told::Arguments(vec![value.to_owned()]))
}

/// An address that is written as such, with a port that is a number.
fn fixed(role: Role, text: &str) -> Option<Told> {
    let pieces = text.split(['"', '\'']);
    pieces
        .map(|piece| piece.trim_start_matches("http://"))
        .find(|piece| is_address(piece))
        .map(|piece| Told::Fixed(reachable(role, piece)))
}

fn is_address(text: &str) -> bool {
    let Some((host, port)) = text.rsplit_once(':') else {
        return false;
    };
    let is_host = ["localhost", "127.0.0.1", "0.0.0.0", "[::]", "[::1]", ""].contains(&host);
    is_host && port.parse::<u16>().is_ok_and(|port| port > 0)
}

/// Where a server can be called that listens there.
fn reachable(role: Role, address: &str) -> String {
    let (host, port) = address.rsplit_once(':').unwrap_or(("", address));
    match (role, host) {
        (Role::Server, "0.0.0.0" | "[::]" | "") => format!("127.0.0.1:{port}"),
        _ => address.to_owned(),
    }
}

/// What stands for an address. A tonic client may want it as a URL.
fn address(role: Role, text: &str) -> &'static str {
    let wants_url = text.contains("\"http://127")
        || text.contains("\"http://[::")
        || text.contains("\"http://localhost");
    match role {
        Role::Server => "127.0.0.1:{port}",
        Role::Client if wants_url => "http://{target}",
        Role::Client => "{target}",
    }
}

/// What stands for a port; a client is told the whole address.
fn port(role: Role) -> Option<&'static str> {
    (role == Role::Server).then_some("{port}")
}

fn ends_a_name(rest: &str) -> bool {
    !rest.starts_with(|c: char| c.is_alphanumeric() || c == '_' || c == '-')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(role: Role, text: &str) -> Told {
        Told::by(role, [text].into_iter())
    }

    fn arguments<const N: usize>(words: [&str; N]) -> Told {
        Told::Arguments(words.map(str::to_owned).into())
    }

    #[test]
    fn options_are_seen_in_every_language() {
        let whole = arguments(["--addr", "127.0.0.1:{port}"]);
        let port = arguments(["--port", "{port}"]);
        for (text, wanted) in [
            (
                "parser.add_argument(\"--addr\", default=\"[::]:50051\")",
                &whole,
            ),
            ("@click.option('--port', default=50051)", &port),
            ("flag.Int(\"port\", 50051, \"The port\")", &port),
            (".option('--addr <addr>')", &whole),
            ("@Option(names = \"--port\") int port;", &port),
            ("add_argument(\"--portfolio\"); \"--addr\"", &whole),
        ] {
            assert_eq!(told(Role::Server, text), *wanted, "{text}");
        }
    }

    #[test]
    fn a_clap_field_is_an_option_if_it_is_long() {
        let text = "#[derive(clap::Parser)]\nstruct Arguments {\n    /// As long as it runs.\n    \
                    verbose: bool,\n    /// Where.\n    #[arg(\n        long,\n    )]\n    \
                    pub listen_addr: SocketAddr,\n}\n";
        assert_eq!(
            told(Role::Server, text),
            arguments(["--listen-addr", "127.0.0.1:{port}"])
        );
        let text =
            "#[derive(Parser)]\nstruct Arguments {\n    /// No long way.\n    target: String,\n}\n";
        assert_eq!(told(Role::Client, text), arguments(["{target}"]));
        let text = "#[derive(Parser)]\nstruct A {\n    #[arg(long, default_value = \"http://127.0.0.1:1\")]\n    \
                    server: String,\n}\n";
        assert_eq!(
            told(Role::Client, text),
            arguments(["--server", "http://{target}"])
        );
    }

    #[test]
    fn first_arguments_and_variables_are_seen() {
        assert_eq!(
            told(Role::Client, "grpc.insecure_channel(sys.argv[1])"),
            arguments(["{target}"])
        );
        assert_eq!(
            told(Role::Server, "let port = parseInt(process.argv[2]);"),
            arguments(["{port}"])
        );
        for text in [
            "port = int(os.environ[\"PORT\"])",
            "env::var(\"PORT\")",
            "const port = process.env.PORT || 50051",
            "os.Getenv(\"PORT\")",
        ] {
            let wanted = Told::Variable("PORT".into(), "{port}".into());
            assert_eq!(told(Role::Server, text), wanted, "{text}");
        }
    }

    #[test]
    fn what_is_written_in_the_sources_is_said_as_it_can_be_called() {
        let fixed = |address: &str| Told::Fixed(address.to_owned());
        let text = "server.add_insecure_port('[::]:50051')";
        assert_eq!(told(Role::Server, text), fixed("127.0.0.1:50051"));
        let text = "GreeterClient::connect(\"http://[::1]:50051\")";
        assert_eq!(told(Role::Client, text), fixed("[::1]:50051"));
        assert_eq!(told(Role::Server, "serve(\"a:b:50051\")"), Told::Unknown);
    }
}
