//! Which port to listen on, where any will do.
//!
//! The operating system gives a port that was let go to the next who asks. A
//! client may still try to reach the one who had it: a library goes on with its
//! attempts for a moment after its channel was closed. So ports are taken in
//! turn here, and one comes again only when all others have.

use std::io;
use std::net::SocketAddr;
use std::ops::RangeInclusive;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::net::TcpListener;

/// How many ports are tried before the operating system is asked.
const MOST_TRIES: usize = 256;

/// Ports that Linux gives to those who name none (ip(7), `ip_local_port_range`).
static RANGE: LazyLock<RangeInclusive<u16>> = LazyLock::new(|| {
    let told = std::fs::read_to_string("/proc/sys/net/ipv4/ip_local_port_range");
    told.ok()
        .as_deref()
        .and_then(range)
        .unwrap_or(32_768..=60_999)
});

/// How far apart two processes with neighbouring ids begin.
const APART: usize = 4_099;

static TAKEN: AtomicUsize = AtomicUsize::new(0);

/// Listens on the next port in turn that is free.
///
/// # Errors
///
/// The address cannot be listened on, whatever the port.
pub(super) async fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    // Runs side by side begin at different places.
    let begin = (std::process::id() as usize).wrapping_mul(APART);
    for _ in 0..MOST_TRIES {
        let turn = TAKEN.fetch_add(1, Ordering::Relaxed);
        let port = in_turn(&RANGE, begin.wrapping_add(turn));
        match TcpListener::bind(SocketAddr::new(address.ip(), port)).await {
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => {}
            bound => return bound,
        }
    }
    TcpListener::bind(address).await
}

fn in_turn(range: &RangeInclusive<u16>, turn: usize) -> u16 {
    let count = usize::from(range.end() - range.start()) + 1;
    // Smaller than the range, and so than 2^16.
    range.start() + (turn % count) as u16
}

/// Reads `32768 60999`, with a tab between.
fn range(told: &str) -> Option<RangeInclusive<u16>> {
    let mut numbers = told.split_whitespace().map(str::parse);
    let (low, high) = (numbers.next()?.ok()?, numbers.next()?.ok()?);
    (0 < low && low <= high).then_some(low..=high)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_comes_again_when_all_others_have() {
        let range = 32_768..=32_770;
        let ports: Vec<u16> = (0..5).map(|turn| in_turn(&range, turn)).collect();
        assert_eq!(ports, [32_768, 32_769, 32_770, 32_768, 32_769]);
        assert!(RANGE.contains(&in_turn(&RANGE, usize::MAX)));
        assert_eq!(in_turn(&(1..=u16::MAX), 65_534), u16::MAX);
    }

    #[test]
    fn the_range_is_read_as_linux_tells_it() {
        assert_eq!(range("32768\t60999\n"), Some(32_768..=60_999));
        for wrong in ["", "1", "5 4", "0 9", "a b", "1 70000"] {
            assert_eq!(range(wrong), None, "{wrong}");
        }
    }

    #[tokio::test]
    async fn a_port_that_was_let_go_is_not_the_next() {
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        let mut ports = Vec::new();
        for _ in 0..100 {
            let listener = listen(any).await.expect("a port is free");
            ports.push(listener.local_addr().expect("it has one").port());
        }
        let count = ports.len();
        ports.sort_unstable();
        ports.dedup();
        assert_eq!(ports.len(), count);
    }
}
