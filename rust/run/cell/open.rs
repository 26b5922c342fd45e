//! Opening what a cell needs: listeners, a tap before each, channels to them.

use super::observe::{beside_server, capture_path};
use super::wires::{FaultyLine, Wires};
use super::{ORDER_LIMIT, Side, Stage, Trouble};
use wirecheck_core::plan::variant::Variant;

use crate::line::{Line, LineOptions};
use crate::peer::contract::from_peer::Event;
use crate::peer::contract::to_peer::Order;
use crate::peer::contract::{self, refused};
use crate::peer::fault::PeerFault;
use crate::peer::foreign::Server;
use crate::peer::link::Link;
use crate::peer::session::{Session, name};
use crate::peer::spec::Body;
use crate::peer::up::Up;
use crate::run::orders;
use crate::script::Script;
use crate::tap::{Endpoint, Tap, TapOptions};

impl Stage<'_> {
    /// A place for a listener or a tap.
    fn address(&self) -> Result<Endpoint, Trouble> {
        Ok(match self.variant {
            Variant::Tcp | Variant::Tls | Variant::Mtls => Endpoint::any_port(),
            Variant::Ipv6 => Endpoint::any_port_v6(),
            Variant::Uds => Endpoint::Unix(self.sockets.next()?),
        })
    }

    /// A feature that the case asks of its server and an official one was not
    /// said to have. One that keeps the contract says so itself.
    fn server_lacks(&self) -> Option<String> {
        let Body::Official(official) = self.server_body else {
            return None;
        };
        let listeners = self.case.listeners.iter();
        let mut needs = listeners.flat_map(|listener| {
            let options = [
                &listener.options.compression,
                &listener.options.accept_compression,
            ];
            let codings = options.into_iter().flatten();
            let codings = codings.map(|coding| format!("compression:{coding}"));
            listener.needs.iter().cloned().chain(codings)
        });
        needs.find(|need| !official.features.contains(need))
    }

    /// The features that an order needs: those of the case, and of what it is
    /// run over.
    pub fn needs(&self) -> Vec<String> {
        let of_variant = self.variant.needs().iter().map(|need| (*need).to_owned());
        self.case.needs.iter().cloned().chain(of_variant).collect()
    }
}

/// The scripted peer of a case that has one. As a server it listens.
pub(super) async fn script(stage: &Stage<'_>) -> Result<Option<Script>, Trouble> {
    let Some(dialogue) = stage.case.dialogue.clone() else {
        return Ok(None);
    };
    if dialogue.is_client() {
        return Ok(Some(Script::client(dialogue)));
    }
    let script = Script::server(dialogue, &stage.address()?).await;
    script.map(Some).map_err(Trouble::Script)
}

/// Opens the case's listeners: their identifiers and where they listen.
pub(super) async fn listeners(
    stage: &Stage<'_>,
    session: Option<&mut Session>,
) -> Result<(Vec<u64>, Vec<Endpoint>), Trouble> {
    let mut ids = Vec::new();
    let mut addresses = Vec::new();
    if let Up::Server(server) = stage.server {
        addresses.push(address_of(server, stage).await?);
    }
    let (Some(link), Some(session)) = (stage.server.link(), session) else {
        return Ok((ids, addresses));
    };
    for listener in &stage.case.listeners {
        let id = session.id();
        let address = stage.address()?;
        let order = orders::listen(id, listener, stage, &address)?;
        link.send(Order::Listen(order)).await;
        match next(link, session, Side::Server, "Listen").await? {
            Event::Listening(listening) => addresses.push(match address {
                // Chosen here; what the peer says is the same path.
                Endpoint::Unix(_) => address,
                Endpoint::Tcp(_) => listening.address.parse()?,
            }),
            other => return Err(unexpected(Side::Server, "Listen", other)),
        }
        ids.push(id);
    }
    Ok((ids, addresses))
}

/// Where a foreign server listens for a cell over this.
async fn address_of(server: &Server, stage: &Stage<'_>) -> Result<Endpoint, Trouble> {
    if let Some(feature) = stage.server_lacks() {
        let side = Side::Server;
        return Err(Trouble::Unsupported { side, feature });
    }
    if !stage.variant.is_encrypted() {
        return Ok(server.address.clone());
    }
    let files = stage.certificates.files()?;
    let address = server.address_over_tls(&files.cert, &files.key).await;
    address.map_err(|fault| Trouble::Peer {
        side: Side::Server,
        fault,
    })
}

/// Opens a tap before each listener, and between them a line with the faults of
/// the case, if it has any, with a tap on its other side.
pub(super) async fn wires(stage: &Stage<'_>, addresses: &[Endpoint]) -> Result<Wires, Trouble> {
    let mut wires = Wires::default();
    for (index, address) in addresses.iter().enumerate() {
        let path = capture_path(&stage.capture, index);
        let mut upstream = address.clone();
        if !stage.case.faults.is_empty() {
            let options = TapOptions::new(beside_server(&path));
            let tap = Tap::open(&stage.address()?, upstream, options).await?;
            let faulty = Line::open(
                &stage.address()?,
                tap.address().parse()?,
                line_options(stage),
            )
            .await?;
            upstream = faulty.address().clone();
            wires.lines.push(FaultyLine { line: faulty, tap });
        }
        let tap = Tap::open(&stage.address()?, upstream, TapOptions::new(path)).await?;
        wires.taps.push(tap);
    }
    Ok(wires)
}

fn line_options(stage: &Stage<'_>) -> LineOptions {
    let faults = stage.case.faults.faults.iter();
    LineOptions {
        refuse: stage.case.faults.refuse,
        ..LineOptions::new(faults.map(|plan| plan.fault.clone()).collect())
    }
}

/// Opens the case's channels, each to the tap before its listener.
pub(super) async fn channels(
    stage: &Stage<'_>,
    session: Option<&mut Session>,
    taps: &[Tap],
) -> Result<Vec<Vec<u64>>, Trouble> {
    let mut ids = Vec::new();
    let (Some(link), Some(session)) = (stage.client.link(), session) else {
        return Ok(ids);
    };
    for channel in &stage.case.channels {
        let mut of_channel = Vec::new();
        for _ in 0..channel.count {
            let id = session.id();
            let order = orders::open(id, channel, taps[channel.listener].address(), stage)?;
            link.send(Order::Open(order)).await;
            match next(link, session, Side::Client, "Open").await? {
                Event::Opened(_) => of_channel.push(id),
                other => return Err(unexpected(Side::Client, "Open", other)),
            }
        }
        ids.push(of_channel);
    }
    Ok(ids)
}

async fn next(
    link: &Link,
    session: &mut Session,
    side: Side,
    order: &'static str,
) -> Result<Event, Trouble> {
    link.next(session, order, ORDER_LIMIT)
        .await
        .map_err(|fault| Trouble::Peer { side, fault })
}

/// An order was refused, or answered with something else.
fn unexpected(side: Side, order: &'static str, event: Event) -> Trouble {
    match event {
        Event::Refused(contract::Refused {
            reason: Some(refused::Reason::Unsupported(answer)),
            ..
        }) => Trouble::Unsupported {
            side,
            feature: answer.feature,
        },
        Event::Refused(contract::Refused {
            reason: Some(refused::Reason::CouldNotTry(answer)),
            ..
        }) => Trouble::CouldNotTry {
            side,
            why: answer.why,
        },
        other => Trouble::Peer {
            side,
            fault: PeerFault::Unexpected {
                order,
                answer: name(&other),
            },
        },
    }
}
