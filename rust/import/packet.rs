//! From a packet to the TCP segment in it.

use std::net::{IpAddr, SocketAddr};

use etherparse::{
    EtherType, LaxNetSlice, LaxSlicedPacket, LenSource, TcpSlice, TransportSlice, ip_number,
};
use wirecheck_core::wire::tcp::Segment;

use super::blocks::Packet;

/// How the first header of a packet is to be read: a LINKTYPE of
/// <https://www.tcpdump.org/linktypes.html>.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Link(pub i32);

impl Link {
    /// BSD's loopback: four bytes before IP.
    const NULL: Self = Self(0);
    const LOOP: Self = Self(108);
    const ETHERNET: Self = Self(1);
    /// IP without anything before it, as several systems number it.
    const RAW: [Self; 5] = [Self(12), Self(14), Self(101), Self(228), Self(229)];
    /// What Linux writes of `any` interface.
    const LINUX_COOKED: Self = Self(113);
    const LINUX_COOKED_2: Self = Self(276);
}

/// What a packet is.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Content<'a> {
    Segment(Segment<'a>),
    /// It has nothing to do with TCP.
    Other,
    /// A part of a packet that was cut up by IP.
    Fragment,
    /// So little was kept of it that its TCP header is not there.
    Cut,
    /// How its first header is to be read is not known.
    UnknownLink(Link),
}

/// Reads the headers of a packet.
pub(super) fn content<'a>(packet: &Packet<'a>) -> Content<'a> {
    let Packet { link, bytes, .. } = *packet;
    let sliced = match link {
        Link::ETHERNET => LaxSlicedPacket::from_ethernet(bytes).ok(),
        Link::NULL | Link::LOOP => ip(bytes.get(4..)),
        Link::LINUX_COOKED => cooked(bytes, 14, 16),
        Link::LINUX_COOKED_2 => cooked(bytes, 0, 20),
        link if Link::RAW.contains(&link) => ip(Some(bytes)),
        link => return Content::UnknownLink(link),
    };
    sliced.map_or(Content::Other, |sliced| of_ip(&sliced, packet.cut))
}

fn ip(bytes: Option<&[u8]>) -> Option<LaxSlicedPacket<'_>> {
    LaxSlicedPacket::from_ip(bytes?).ok()
}

/// Linux's own headers say at `protocol` what stands behind them.
fn cooked(bytes: &[u8], protocol: usize, length: usize) -> Option<LaxSlicedPacket<'_>> {
    let (header, rest) = bytes.split_at_checked(length)?;
    let number = u16::from_be_bytes([header[protocol], header[protocol + 1]]);
    Some(LaxSlicedPacket::from_ether_type(EtherType(number), rest))
}

fn of_ip<'a>(sliced: &LaxSlicedPacket<'a>, cut: u32) -> Content<'a> {
    let (from, to, payload) = match &sliced.net {
        Some(LaxNetSlice::Ipv4(ip)) => (
            IpAddr::from(ip.header().source_addr()),
            IpAddr::from(ip.header().destination_addr()),
            ip.payload(),
        ),
        Some(LaxNetSlice::Ipv6(ip)) => (
            IpAddr::from(ip.header().source_addr()),
            IpAddr::from(ip.header().destination_addr()),
            ip.payload(),
        ),
        _ => return Content::Other,
    };
    if payload.ip_number != ip_number::TCP {
        return Content::Other;
    }
    if payload.fragmented {
        return Content::Fragment;
    }
    let Some(TransportSlice::Tcp(tcp)) = &sliced.transport else {
        return Content::Cut;
    };
    // A packet that its own machine sent in one piece may say no length.
    let is_cut = payload.incomplete || payload.len_source == LenSource::Slice;
    Content::Segment(segment(from, to, tcp, if is_cut { cut } else { 0 }))
}

fn segment<'a>(from: IpAddr, to: IpAddr, tcp: &TcpSlice<'a>, cut: u32) -> Segment<'a> {
    Segment {
        from: SocketAddr::new(from, tcp.source_port()),
        to: SocketAddr::new(to, tcp.destination_port()),
        sequence: tcp.sequence_number(),
        acknowledged: tcp.ack().then(|| tcp.acknowledgment_number()),
        syn: tcp.syn(),
        fin: tcp.fin(),
        rst: tcp.rst(),
        bytes: tcp.payload(),
        cut,
    }
}
