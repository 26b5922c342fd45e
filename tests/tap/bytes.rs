//! No byte is changed, whatever the pieces, the sockets and the company.

use std::io;

use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};
use wirecheck::tap::{Endpoint, Held, Tap, TapOptions};

use crate::support::{ClientToServer, PATIENT, Rig, ServerToClient, within};

/// What one side sends: bytes, and the sizes of its writes, used in turn.
#[derive(Debug, Clone)]
struct Traffic {
    seed: u64,
    length: usize,
    writes: Vec<usize>,
}

impl Traffic {
    fn any() -> impl Strategy<Value = Self> {
        let write = prop_oneof![1..64_usize, 1..200_000_usize];
        let writes = prop::collection::vec(write, 1..8);
        (any::<u64>(), 1_usize << 20..8 << 20, writes).prop_map(|(seed, length, writes)| Self {
            seed,
            length,
            writes,
        })
    }

    /// Bytes in which every place looks different (xorshift64).
    fn bytes(&self) -> Vec<u8> {
        let mut state = self.seed | 1;
        let words = std::iter::repeat_with(|| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state
        });
        words.flat_map(u64::to_le_bytes).take(self.length).collect()
    }

    async fn send(&self, bytes: &[u8], mut to: impl AsyncWrite + Unpin) -> io::Result<()> {
        let mut rest = bytes;
        // Tiny writes only at the beginning: there are megabytes to move.
        let tiny = self.writes.iter().cycle().take(2000);
        for size in tiny.chain(std::iter::repeat(&65_536)) {
            let (now, later) = rest.split_at(rest.len().min(*size));
            to.write_all(now).await?;
            rest = later;
            if rest.is_empty() {
                break;
            }
        }
        to.shutdown().await
    }
}

async fn read_all(mut from: impl AsyncRead + Unpin) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    from.read_to_end(&mut bytes).await?;
    Ok(bytes)
}

/// Sends both ways at once and checks that all came.
async fn exchange<C, S>(client: C, server: S, requests: &Traffic, responses: &Traffic)
where
    C: AsyncRead + AsyncWrite,
    S: AsyncRead + AsyncWrite,
{
    let (from_server, to_server) = tokio::io::split(client);
    let (from_client, to_client) = tokio::io::split(server);
    let (sent, answered) = (requests.bytes(), responses.bytes());
    let (_, _, got_by_server, got_by_client) = tokio::try_join!(
        requests.send(&sent, to_server),
        responses.send(&answered, to_client),
        read_all(from_client),
        read_all(from_server),
    )
    .unwrap();
    assert!(got_by_server == sent, "the requests were changed");
    assert!(got_by_client == answered, "the responses were changed");
}

#[test]
fn random_pieces_both_ways_arrive_and_are_captured_unchanged() {
    let config = Config {
        cases: 12,
        failure_persistence: None,
        ..Config::default()
    };
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, b"the tap does not change a single");
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let both = (Traffic::any(), Traffic::any());
    TestRunner::new_with_rng(config, rng)
        .run(&both, |(requests, responses)| {
            runtime.block_on(within(passes_unchanged(&requests, &responses)));
            Ok(())
        })
        .unwrap();
}

async fn passes_unchanged(requests: &Traffic, responses: &Traffic) {
    let rig = Rig::open().await;
    let (client, server) = rig.connect().await;
    exchange(client, server, requests, responses).await;
    let (_, story) = rig.close().await;
    assert!(story.bytes(1, ClientToServer) == requests.bytes());
    assert!(story.bytes(1, ServerToClient) == responses.bytes());
}

fn some_traffic(seed: u64) -> Traffic {
    Traffic {
        seed,
        length: 3 << 20,
        writes: vec![1, 17, 100_000],
    }
}

#[tokio::test]
async fn unix_sockets_pass_on_both_sides() {
    within(async {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("server.sock");
        let listener = UnixListener::bind(&path).unwrap();
        let tap = Tap::open(
            &Endpoint::Unix(folder.path().join("tap.sock")),
            Endpoint::Unix(path),
            TapOptions::new(folder.path().join("cell.wirecap")),
        )
        .await
        .unwrap();
        let address = tap.address().strip_prefix("unix:").unwrap();
        let client = UnixStream::connect(address).await.unwrap();
        let (server, _) = listener.accept().await.unwrap();
        exchange(client, server, &some_traffic(1), &some_traffic(2)).await;
        let captured = tap.close(PATIENT, Held::LetGo).await;
        assert_eq!(captured.totals.client_bytes, 3 << 20);
        assert!(!captured.forced);
    })
    .await;
}

#[tokio::test]
async fn a_unix_client_reaches_a_tcp_server() {
    within(async {
        let folder = tempfile::tempdir().unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let tap = Tap::open(
            &Endpoint::Unix(folder.path().join("tap.sock")),
            Endpoint::Tcp(listener.local_addr().unwrap()),
            TapOptions::new(folder.path().join("cell.wirecap")),
        )
        .await
        .unwrap();
        let client = UnixStream::connect(folder.path().join("tap.sock"))
            .await
            .unwrap();
        let (server, _) = listener.accept().await.unwrap();
        exchange(client, server, &some_traffic(3), &some_traffic(4)).await;
        assert!(!tap.close(PATIENT, Held::LetGo).await.forced);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_connections_keep_their_bytes_apart() {
    const CONNECTIONS: u32 = 200;
    within(async {
        let rig = Rig::open().await;
        let address = rig.tap.address().to_owned();
        let mut clients = tokio::task::JoinSet::new();
        for number in 0..CONNECTIONS {
            clients.spawn(ask_for_the_echo(address.clone(), number));
        }
        let mut servers = tokio::task::JoinSet::new();
        for _ in 0..CONNECTIONS {
            let (stream, _) = rig.listener.accept().await.unwrap();
            servers.spawn(echo(stream));
        }
        servers.join_all().await;
        clients.join_all().await;

        let (captured, story) = rig.close().await;
        assert_eq!(captured.totals.connections, CONNECTIONS);
        let mut numbers = Vec::new();
        for id in 1..=CONNECTIONS {
            let sent = story.bytes(id, ClientToServer);
            assert_eq!(sent.len(), 40_000);
            assert_eq!(sent, story.bytes(id, ServerToClient));
            numbers.push(u32::from_be_bytes(sent[..4].try_into().unwrap()));
        }
        numbers.sort_unstable();
        assert_eq!(numbers, (0..CONNECTIONS).collect::<Vec<_>>());
    })
    .await;
}

async fn ask_for_the_echo(address: String, number: u32) {
    let sent = number.to_be_bytes().repeat(10_000);
    let mut stream = TcpStream::connect(address).await.unwrap();
    let mut got = vec![0; sent.len()];
    stream.write_all(&sent).await.unwrap();
    stream.read_exact(&mut got).await.unwrap();
    assert!(got == sent, "the bytes of another connection came");
}

async fn echo(mut stream: TcpStream) {
    let (mut from, mut to) = stream.split();
    tokio::io::copy(&mut from, &mut to).await.unwrap();
}
