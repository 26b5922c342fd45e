//! What can be read of a TLS connection without its keys: the two hellos
//! (RFC 8446, section 4.1). What is inside the records cannot.

use std::fmt;

use tls_parser::{
    SNIType, TlsExtension, TlsMessage, TlsMessageHandshake, TlsVersion, parse_tls_extensions,
    parse_tls_plaintext,
};

use super::capture::Direction;

/// The most bytes of a direction that are kept for its hello: one record of the
/// longest kind (RFC 8446, section 5.1) with its header.
const MOST_OF_A_HELLO: usize = 5 + (1 << 14);

/// What the hellos of a connection say in plain text.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Tls {
    /// The name that the client asked for (`server_name`, RFC 6066).
    pub server_name: Option<String>,
    /// The protocols that the client offered (ALPN, RFC 7301), as text.
    pub offered_alpn: Vec<String>,
    /// The versions that the client offered, such as `TLS 1.3`.
    pub offered_versions: Vec<String>,
    /// The version that the server chose, if it answered with a hello.
    pub version: Option<String>,
}

impl Tls {
    /// HTTP/2 over TLS has to be asked for by the name `h2` (RFC 9113, section 3.2).
    pub fn offers_h2(&self) -> bool {
        self.offered_alpn.iter().any(|name| name == "h2")
    }
}

/// As in `TLS 1.3, server name localhost, ALPN h2`.
impl fmt::Display for Tls {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.version {
            Some(version) => formatter.write_str(version)?,
            None => write!(
                formatter,
                "{} offered, no answer",
                listed(&self.offered_versions)
            )?,
        }
        match &self.server_name {
            Some(name) => write!(formatter, ", server name {name}")?,
            None => formatter.write_str(", no server name")?,
        }
        write!(formatter, ", ALPN {}", listed(&self.offered_alpn))
    }
}

fn listed(words: &[String]) -> String {
    match words {
        [] => "none".into(),
        words => words.join(", "),
    }
}

/// The first bytes of both directions of a connection, kept as long as they may
/// be hellos.
#[derive(Debug, Default)]
pub(super) struct Hellos {
    client: Vec<u8>,
    server: Vec<u8>,
}

impl Hellos {
    pub fn feed(&mut self, direction: Direction, bytes: &[u8]) {
        let kept = match direction {
            Direction::ClientToServer => &mut self.client,
            Direction::ServerToClient => &mut self.server,
        };
        if kept.is_empty() && bytes.first() != Some(&HANDSHAKE) {
            return;
        }
        let room = MOST_OF_A_HELLO - kept.len();
        kept.extend_from_slice(&bytes[..bytes.len().min(room)]);
    }

    /// What they say; `None` if the client did not begin with a hello.
    pub fn read(&self) -> Option<Tls> {
        let mut tls = client_hello(&self.client)?;
        tls.version = server_hello(&self.server);
        Some(tls)
    }
}

/// The type of a record with handshake messages (RFC 8446, section 5.1).
const HANDSHAKE: u8 = 22;

fn first_message(bytes: &[u8]) -> Option<TlsMessageHandshake<'_>> {
    let (_, record) = parse_tls_plaintext(bytes).ok()?;
    record.msg.into_iter().find_map(|message| match message {
        TlsMessage::Handshake(message) => Some(message),
        _ => None,
    })
}

fn client_hello(bytes: &[u8]) -> Option<Tls> {
    let TlsMessageHandshake::ClientHello(hello) = first_message(bytes)? else {
        return None;
    };
    let mut tls = Tls::default();
    for extension in extensions(hello.ext) {
        match extension {
            TlsExtension::SNI(names) => {
                let host = names.iter().find(|(kind, _)| *kind == SNIType::HostName);
                tls.server_name = host.map(|(_, name)| text(name));
            }
            TlsExtension::ALPN(names) => {
                tls.offered_alpn = names.iter().map(|name| text(name)).collect();
            }
            TlsExtension::SupportedVersions(versions) => {
                let known = versions.iter().filter_map(|version| version_name(*version));
                tls.offered_versions = known.collect();
            }
            _ => {}
        }
    }
    if tls.offered_versions.is_empty() {
        tls.offered_versions.extend(version_name(hello.version));
    }
    Some(tls)
}

fn server_hello(bytes: &[u8]) -> Option<String> {
    let TlsMessageHandshake::ServerHello(hello) = first_message(bytes)? else {
        return None;
    };
    let chosen = extensions(hello.ext).find_map(|extension| match extension {
        TlsExtension::SupportedVersions(versions) => versions.first().copied(),
        _ => None,
    });
    version_name(chosen.unwrap_or(hello.version))
}

fn extensions(bytes: Option<&[u8]>) -> impl Iterator<Item = TlsExtension<'_>> {
    let parsed = bytes.and_then(|bytes| parse_tls_extensions(bytes).ok());
    parsed
        .map_or(Vec::new(), |(_, extensions)| extensions)
        .into_iter()
}

/// `None` for the values that only test whether unknown ones are ignored (GREASE).
fn version_name(version: TlsVersion) -> Option<String> {
    Some(match version {
        TlsVersion::Tls13 => "TLS 1.3".into(),
        TlsVersion::Tls12 => "TLS 1.2".into(),
        TlsVersion::Tls11 => "TLS 1.1".into(),
        TlsVersion::Tls10 => "TLS 1.0".into(),
        _ => return None,
    })
}

fn text(bytes: &[u8]) -> String {
    bytes.escape_ascii().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A handshake record with one message.
    fn record(kind: u8, body: &[u8]) -> Vec<u8> {
        let length = |bytes: usize, width: usize| bytes.to_be_bytes()[8 - width..].to_vec();
        let message = [vec![kind], length(body.len(), 3), body.to_vec()].concat();
        [vec![HANDSHAKE, 3, 1], length(message.len(), 2), message].concat()
    }

    fn extension(kind: u16, body: &[u8]) -> Vec<u8> {
        let length = u16::try_from(body.len()).expect("short");
        [&kind.to_be_bytes(), &length.to_be_bytes(), body].concat()
    }

    fn with_extensions(mut body: Vec<u8>, extensions: &[Vec<u8>]) -> Vec<u8> {
        let extensions = extensions.concat();
        body.extend(
            u16::try_from(extensions.len())
                .expect("short")
                .to_be_bytes(),
        );
        body.extend(extensions);
        body
    }

    fn hello_of_client() -> Vec<u8> {
        let mut body = vec![3, 3];
        body.extend([7; 32]); // random
        body.push(0); // no session
        body.extend([0, 2, 0x13, 0x01]); // one cipher suite
        body.extend([1, 0]); // no compression
        let extensions = [
            extension(0, b"\0\x0c\0\0\x09localhost"),
            extension(16, b"\0\x03\x02h2"),
            extension(43, &[6, 0x1a, 0x1a, 3, 4, 3, 3]),
        ];
        record(1, &with_extensions(body, &extensions))
    }

    fn hello_of_server() -> Vec<u8> {
        let mut body = vec![3, 3];
        body.extend([7; 32]);
        body.push(0);
        body.extend([0x13, 0x01, 0]);
        record(2, &with_extensions(body, &[extension(43, &[3, 4])]))
    }

    fn read(client: &[u8], server: &[u8], piece: usize) -> Option<Tls> {
        let mut hellos = Hellos::default();
        for bytes in client.chunks(piece) {
            hellos.feed(Direction::ClientToServer, bytes);
        }
        for bytes in server.chunks(piece) {
            hellos.feed(Direction::ServerToClient, bytes);
        }
        hellos.read()
    }

    #[test]
    fn both_hellos_are_read_in_pieces_of_any_size() {
        for piece in [1, 7, 4096] {
            let tls = read(&hello_of_client(), &hello_of_server(), piece).expect("TLS");
            assert_eq!(
                tls.to_string(),
                "TLS 1.3, server name localhost, ALPN h2",
                "in pieces of {piece}"
            );
            assert_eq!(tls.offered_versions, ["TLS 1.3", "TLS 1.2"]);
            assert!(tls.offers_h2());
        }
    }

    #[test]
    fn a_server_that_says_nothing_chose_no_version() {
        let tls = read(&hello_of_client(), b"", 64).expect("TLS");
        assert_eq!(
            tls.to_string(),
            "TLS 1.3, TLS 1.2 offered, no answer, server name localhost, ALPN h2"
        );
    }

    #[test]
    fn what_is_no_hello_is_no_tls() {
        assert_eq!(read(b"PRI * HTTP/2.0\r\n", b"", 64), None);
        assert_eq!(read(&hello_of_client()[..40], b"", 64), None);
        assert_eq!(read(&[HANDSHAKE; 40_000], b"", 64), None);
    }
}
