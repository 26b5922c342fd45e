//! TLS and IPv6, as far as two of these peers can tell them.

use bytes::Bytes;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair, date_time_ymd};

use crate::contract::{to_peer::Order, *};
use crate::support::*;

const UNAVAILABLE: u32 = 14;

struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().expect("a key");
        Self(CertifiedIssuer::self_signed(params, key).expect("an authority"))
    }

    fn pem(&self) -> Bytes {
        self.0.pem().into()
    }

    /// A certificate for `localhost`, and its key.
    fn sign(&self) -> Identity {
        self.sign_with(|_| {})
    }

    fn sign_with(&self, change: impl FnOnce(&mut CertificateParams)) -> Identity {
        let key = KeyPair::generate().expect("a key");
        let mut params = CertificateParams::new(["localhost".to_owned()]).expect("a name");
        change(&mut params);
        let signed = params.signed_by(&key, &self.0).expect("a certificate");
        Identity {
            certificate: signed.pem().into(),
            key: key.serialize_pem().into(),
        }
    }

    /// What a client has that trusts this authority and shows nothing.
    fn trusted(&self) -> ClientTls {
        ClientTls {
            ca: self.pem(),
            server_name: "localhost".to_owned(),
            ..ClientTls::default()
        }
    }
}

struct Identity {
    certificate: Bytes,
    key: Bytes,
}

impl Identity {
    /// What a server has that shows this and asks for nothing.
    fn shown(self) -> ServerTls {
        ServerTls {
            certificate_chain: self.certificate,
            private_key: self.key,
            ..ServerTls::default()
        }
    }
}

fn listen_securely(tls: ServerTls) -> Listen {
    Listen {
        services: vec!["Greeter".to_owned()],
        tls: Some(tls),
        ..listen()
    }
}

fn open_securely(tls: ClientTls) -> Open {
    Open {
        channel: 1,
        tls: Some(tls),
        ..Open::default()
    }
}

/// What a call over TLS ends with. The status of a refusal comes well before the
/// deadline, which tonic would call CANCELLED, "Timeout expired".
fn status(server: ServerTls, client: ClientTls) -> u32 {
    let mut pair = Pair::with(listen_securely(server), open_securely(client));
    let result = pair.call(Call {
        timeout_ns: Some(LIMIT.as_nanos() as u64),
        ..say_hello(1, "World")
    });
    assert_ne!(result.message, "Timeout expired");
    let handled = pair.unlisten().len();
    let is_ok = result.status == 0;
    assert_eq!(handled, usize::from(is_ok), "a refused call has no handler");
    result.status
}

#[test]
fn speaks_tls_with_whom_it_trusts() {
    let (ours, other) = (Authority::new(), Authority::new());
    assert_eq!(status(ours.sign().shown(), ours.trusted()), 0);
    assert_eq!(status(other.sign().shown(), ours.trusted()), UNAVAILABLE);
}

#[test]
fn refuses_an_expired_certificate_and_another_name() {
    let ours = Authority::new();
    let expired = ours.sign_with(|params| {
        params.not_before = date_time_ymd(2020, 1, 1);
        params.not_after = date_time_ymd(2020, 1, 2);
    });
    assert_eq!(status(expired.shown(), ours.trusted()), UNAVAILABLE);

    let for_another = ClientTls {
        server_name: "elsewhere.example".to_owned(),
        ..ours.trusted()
    };
    assert_eq!(status(ours.sign().shown(), for_another), UNAVAILABLE);
}

#[test]
fn asks_for_the_certificate_of_a_client() {
    let (ours, other) = (Authority::new(), Authority::new());
    let asking = || ServerTls {
        client_ca: ours.pem(),
        ..ours.sign().shown()
    };
    let showing = |identity: Identity| ClientTls {
        certificate_chain: identity.certificate,
        private_key: identity.key,
        ..ours.trusted()
    };
    assert_eq!(status(asking(), showing(ours.sign())), 0);
    assert_ne!(status(asking(), showing(other.sign())), 0);
    assert_ne!(status(asking(), ours.trusted()), 0);
}

#[test]
fn does_not_mix_tls_and_plain_text() {
    let ours = Authority::new();
    let greeting = Listen {
        services: vec!["Greeter".to_owned()],
        ..listen()
    };
    let mut pair = Pair::with(greeting, open_securely(ours.trusted()));
    assert_ne!(pair.call(say_hello(1, "World")).status, 0);
    let mut pair = Pair::new(listen_securely(ours.sign().shown()));
    assert_ne!(pair.call(say_hello(1, "World")).status, 0);
    assert_eq!(pair.unlisten().len(), 0);
}

#[test]
fn aborts_a_call_whose_handshake_is_not_answered() {
    let silent = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let (mut client, _) = Peer::start(Role::Client);
    client.open(Open {
        target: silent.local_addr().expect("an address").to_string(),
        ..open_securely(Authority::new().trusted())
    });
    client.order(Order::Call(say_hello(1, "World")));
    let (_connected, _) = silent.accept().expect("a connection");
    client.order(Order::Abort(Abort {
        what: Some(abort::What::Call(1)),
    }));
    assert!(client.result(1).aborted);
}

#[test]
fn could_not_try_with_what_is_no_certificate() {
    let ours = Authority::new();
    let not_pem = || Bytes::from_static(b"no certificate");
    let no_identity = Identity {
        certificate: not_pem(),
        key: not_pem(),
    };
    let no_client_ca = ServerTls {
        client_ca: not_pem(),
        ..ours.sign().shown()
    };
    let (mut server, _) = Peer::start(Role::Server);
    for tls in [no_identity.shown(), no_client_ca] {
        server.order(Order::Listen(listen_securely(tls)));
        let words = could_not_try(server.wait_refused());
        assert!(words.contains("tonic takes no such certificate"), "{words}");
    }

    let no_ca = ClientTls {
        ca: not_pem(),
        ..ours.trusted()
    };
    // What PEM says is in it is none.
    let no_der = ClientTls {
        ca: "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n".into(),
        ..ours.trusted()
    };
    let no_key = ClientTls {
        certificate_chain: ours.sign().certificate,
        private_key: not_pem(),
        ..ours.trusted()
    };
    let (mut client, _) = Peer::start(Role::Client);
    for (tls, why) in [
        (no_ca, "no authority to trust"),
        (no_der, "no authority to trust"),
        (no_key, "tonic makes no such channel"),
    ] {
        client.order(Order::Open(Open {
            target: "127.0.0.1:1".to_owned(),
            ..open_securely(tls)
        }));
        let words = could_not_try(client.wait_refused());
        assert!(words.contains(why), "{words}");
    }
}

fn could_not_try(refused: Refused) -> String {
    match refused.reason {
        Some(refused::Reason::CouldNotTry(CouldNotTry { why })) => why,
        other => panic!("{other:?}"),
    }
}

#[test]
fn says_that_it_has_no_call_credentials() {
    let ours = Authority::new();
    let mut pair = Pair::with(
        listen_securely(ours.sign().shown()),
        open_securely(ours.trusted()),
    );
    pair.client.order(Order::Call(Call {
        bearer_token: "a-token".to_owned(),
        ..say_hello(1, "World")
    }));
    let outcome = pair.client.outcome(1);
    assert!(
        matches!(&outcome, report::Outcome::Unsupported(lack) if lack.feature == "call-credentials"),
        "{outcome:?}"
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
    client.order(Order::Call(say_hello(1, "World")));
    assert_eq!(client.result(1).status, 0);
}
