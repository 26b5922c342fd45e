//! A client and a server that play a recorded exchange.

use std::fs::File;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::thread::JoinHandle;

use wirecheck_core::wire::capture::{Direction, Event, Reader};
use wirecheck_interop_tests::prerequisite::project_root;

/// What one side sends before the other goes on.
type Turn = (Direction, Vec<u8>);

/// Both sides; the server waits for its client.
pub struct Pair {
    /// Where the server listens.
    pub address: String,
    listener: TcpListener,
    turns: Vec<Turn>,
}

/// A listener on a free port, and where that is.
pub fn listen() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("an address").to_string();
    (listener, address)
}

impl Pair {
    /// Those of a committed capture.
    pub fn of(case: &str) -> Self {
        let path = format!("rust/core/tests/captures/python-grpcio.python-grpcio.{case}.wirecap");
        let file = File::open(project_root().join(path)).expect("a capture");
        let mut reader = Reader::new(file).expect("a capture");
        let mut turns: Vec<Turn> = Vec::new();
        while let Some(record) = reader.next_record().expect("whole records") {
            let Event::Bytes(direction, bytes) = record.event else {
                continue;
            };
            match turns.last_mut() {
                Some((last, turn)) if *last == direction => turn.extend_from_slice(bytes),
                _ => turns.push((direction, bytes.to_vec())),
            }
        }
        let (listener, address) = listen();
        Self {
            address,
            listener,
            turns,
        }
    }

    /// The client says `tx` where it should say `te`.
    pub fn without_te(mut self) -> Self {
        let literal = b"\x02te";
        for (direction, turn) in &mut self.turns {
            let found = turn.windows(3).position(|bytes| bytes == literal);
            if let (Direction::ClientToServer, Some(at)) = (*direction, found) {
                turn[at + 2] = b'x';
                return self;
            }
        }
        panic!("the client of this capture does not write `te` in plain letters")
    }

    /// What each side sends in all: the client's bytes, the server's.
    pub fn bytes(&self) -> [Vec<u8>; 2] {
        [Direction::ClientToServer, Direction::ServerToClient].map(|direction| {
            let turns = self.turns.iter().filter(|(of, _)| *of == direction);
            turns.flat_map(|(_, turn)| turn.clone()).collect()
        })
    }

    /// Plays all of it, with the client at `address`.
    pub fn talk(&self, address: &str) {
        let client = TcpStream::connect(address).expect("somebody listens");
        let (server, _) = self.listener.accept().expect("it is passed on");
        let served = play(server, self.turns.clone(), Direction::ServerToClient);
        let called = play(client, self.turns.clone(), Direction::ClientToServer);
        for side in [served, called] {
            side.join().expect("both sides play to the end");
        }
    }
}

/// One side: it sends when it is its turn, and reads until then.
fn play(mut stream: TcpStream, turns: Vec<Turn>, own: Direction) -> JoinHandle<()> {
    std::thread::spawn(move || {
        for (direction, turn) in turns {
            if direction == own {
                stream.write_all(&turn).expect("the other side reads");
            } else {
                let mut read = vec![0; turn.len()];
                stream.read_exact(&mut read).expect("the other side sends");
                assert!(read == turn, "bytes were changed on the way");
            }
        }
        stream.shutdown(Shutdown::Write).expect("it is open");
        let behind = stream
            .read_to_end(&mut Vec::new())
            .expect("an end in order");
        assert_eq!(behind, 0, "bytes were made up on the way");
    })
}

/// The TCP payloads of a pcapng, by sender: the client's bytes, the server's. Read by hand
/// (pcapng, section 4; IPv4 without options, as the file is known to have it).
pub fn payloads(file: &[u8]) -> [Vec<u8>; 2] {
    const ENHANCED_PACKET: u32 = 6;
    const SERVER_PORT: u16 = 50_051;
    const BIG_ENDIAN: [u8; 4] = [0x1a, 0x2b, 0x3c, 0x4d];
    let is_big = file[8..12] == BIG_ENDIAN;
    let number = |at: usize| {
        let bytes = file[at..at + 4].try_into().expect("four bytes");
        match is_big {
            true => u32::from_be_bytes(bytes),
            false => u32::from_le_bytes(bytes),
        }
    };
    let mut bytes = [Vec::new(), Vec::new()];
    let mut at = 0;
    while at < file.len() {
        if number(at) == ENHANCED_PACKET {
            let length = number(at + 20) as usize;
            let packet = &file[at + 28..][..length];
            let (ip, tcp) = packet.split_at(20);
            assert_eq!(ip[0], 0x45, "IPv4 without options");
            let from = u16::from_be_bytes([tcp[0], tcp[1]]);
            let header = usize::from(tcp[12] >> 4) * 4;
            bytes[usize::from(from == SERVER_PORT)].extend_from_slice(&tcp[header..]);
        }
        at += number(at + 4) as usize;
    }
    bytes
}
