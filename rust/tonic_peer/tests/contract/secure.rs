//! TLS, IPv6 and compression, as far as two of these peers can tell them.

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};

use crate::contract::{
    ChannelOptions, ClientTls, Listen, Open, Role, ServerOptions, ServerTls, Tcp, Transport,
    refused, transport,
};
use crate::support::{Pair, Peer, listen, say_hello};

const UNAVAILABLE: u32 = 14;
const UNIMPLEMENTED: u32 = 12;

struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().expect("a key");
        Self(CertifiedIssuer::self_signed(params, key).expect("an authority"))
    }

    fn pem(&self) -> bytes::Bytes {
        self.0.pem().into()
    }

    /// A certificate for `localhost` and its key.
    fn sign(&self) -> (bytes::Bytes, bytes::Bytes) {
        let key = KeyPair::generate().expect("a key");
        let params = CertificateParams::new(["localhost".to_owned()]).expect("a name");
        let signed = params.signed_by(&key, &self.0).expect("a certificate");
        (signed.pem().into(), key.serialize_pem().into())
    }
}

/// What a call over TLS ends with: the server asks for a certificate of
/// `asked`, and the client trusts one authority and shows a certificate of another.
fn status(
    trusted: &Authority,
    signer: &Authority,
    asked: Option<(&Authority, Option<&Authority>)>,
) -> u32 {
    let (chain, key) = signer.sign();
    let client_ca = asked.map(|(authority, _)| authority.pem());
    let shown = asked.and_then(|(_, shown)| shown.map(Authority::sign));
    let (own, own_key) = shown.unwrap_or_default();
    let mut pair = Pair::with(
        Listen {
            services: vec!["Greeter".to_owned()],
            tls: Some(ServerTls {
                certificate_chain: chain,
                private_key: key,
                client_ca: client_ca.unwrap_or_default(),
            }),
            ..listen()
        },
        Open {
            tls: Some(ClientTls {
                ca: trusted.pem(),
                certificate_chain: own,
                private_key: own_key,
                server_name: "localhost".to_owned(),
            }),
            ..Open::default()
        },
    );
    let status = pair.call(say_hello(1, "World")).status;
    let began = pair.unlisten().len();
    assert_eq!(
        began,
        usize::from(status == 0),
        "a refused call has no handler"
    );
    status
}

#[test]
fn speaks_tls_with_whom_it_trusts() {
    let (ours, other) = (Authority::new(), Authority::new());
    assert_eq!(status(&ours, &ours, None), 0);
    assert_eq!(status(&ours, &other, None), UNAVAILABLE);
}

#[test]
fn asks_for_the_certificate_of_a_client() {
    let (ours, other) = (Authority::new(), Authority::new());
    assert_eq!(status(&ours, &ours, Some((&ours, Some(&ours)))), 0);
    assert_ne!(status(&ours, &ours, Some((&ours, Some(&other)))), 0);
    assert_ne!(status(&ours, &ours, Some((&ours, None))), 0);
}

#[test]
fn could_not_try_with_what_is_no_certificate() {
    let (mut server, _) = Peer::start(Role::Server);
    server.order(crate::contract::to_peer::Order::Listen(Listen {
        tls: Some(ServerTls {
            certificate_chain: "no certificate".into(),
            private_key: "no key".into(),
            ..ServerTls::default()
        }),
        ..listen()
    }));
    let refused = server.wait_refused();
    assert!(
        matches!(refused.reason, Some(refused::Reason::CouldNotTry(_))),
        "{refused:?}"
    );
}

#[test]
fn listens_on_the_loopback_address_of_ipv6() {
    // A machine may have none.
    if std::net::TcpListener::bind((std::net::Ipv6Addr::LOCALHOST, 0)).is_err() {
        return;
    }
    let (mut server, _) = Peer::start(Role::Server);
    let address = server.listen(Listen {
        transport: Some(Transport {
            kind: Some(transport::Kind::Tcp(Tcp { ipv6: true })),
        }),
        services: vec!["Greeter".to_owned()],
        ..listen()
    });
    assert!(address.starts_with("[::1]:"), "{address}");
    let (mut client, _) = Peer::start(Role::Client);
    client.open(Open {
        channel: 1,
        target: address,
        ..Open::default()
    });
    client.order(crate::contract::to_peer::Order::Call(say_hello(1, "World")));
    assert_eq!(client.result(1).status, 0);
}

/// A tonic server that was not told to accept a coding refuses it.
#[test]
fn compresses_requests_and_accepts_them() {
    let gzip = Some("gzip".to_owned());
    let status = |accepted: Option<String>| {
        let mut pair = Pair::with(
            Listen {
                services: vec!["Greeter".to_owned()],
                options: Some(ServerOptions {
                    accept_compression: accepted,
                    ..ServerOptions::default()
                }),
                ..listen()
            },
            Open {
                options: Some(ChannelOptions {
                    compression: gzip.clone(),
                    ..ChannelOptions::default()
                }),
                ..Open::default()
            },
        );
        pair.call(say_hello(1, "World")).status
    };
    assert_eq!(status(None), UNIMPLEMENTED);
    assert_eq!(status(gzip.clone()), 0);
}
