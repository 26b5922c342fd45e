//! Opening what a cell needs: listeners, a tap before each, channels to them.

use super::{ORDER_LIMIT, Side, Stage, Trouble, observe::capture_path};
use crate::peer::contract::from_peer::Event;
use crate::peer::contract::to_peer::Order;
use crate::peer::contract::{self, refused};
use crate::peer::link::{Link, PeerFault};
use crate::peer::session::{Session, name};
use crate::peer::up::Up;
use crate::run::orders;
use crate::tap::{Endpoint, Tap, TapOptions};

/// Opens the case's listeners: their identifiers and where they listen.
pub(super) async fn listeners(
    stage: &Stage<'_>,
    session: Option<&mut Session>,
) -> Result<(Vec<u64>, Vec<Endpoint>), Trouble> {
    let mut ids = Vec::new();
    let mut addresses = Vec::new();
    if let Up::Server(server) = stage.server {
        addresses.push(server.address.clone());
    }
    let (Some(link), Some(session)) = (stage.server.link(), session) else {
        return Ok((ids, addresses));
    };
    for listener in &stage.case.listeners {
        let id = session.id();
        let order = orders::listen(id, listener, &stage.scope, stage.case);
        link.send(Order::Listen(order)).await;
        match next(link, session, Side::Server, "Listen").await? {
            Event::Listening(listening) => addresses.push(listening.address.parse()?),
            other => return Err(unexpected(Side::Server, "Listen", other)),
        }
        ids.push(id);
    }
    Ok((ids, addresses))
}

/// Opens a tap before each listener.
pub(super) async fn taps(stage: &Stage<'_>, addresses: &[Endpoint]) -> Result<Vec<Tap>, Trouble> {
    let mut taps = Vec::new();
    for (index, address) in addresses.iter().enumerate() {
        let options = TapOptions::new(capture_path(&stage.capture, index));
        taps.push(Tap::open(&Endpoint::any_port(), address.clone(), options).await?);
    }
    Ok(taps)
}

/// Opens the case's channels, each to the tap before its listener.
pub(super) async fn channels(
    stage: &Stage<'_>,
    session: Option<&mut Session>,
    taps: &[Tap],
) -> Result<Vec<u64>, Trouble> {
    let mut ids = Vec::new();
    let (Some(link), Some(session)) = (stage.client.link(), session) else {
        return Ok(ids);
    };
    for channel in &stage.case.channels {
        let id = session.id();
        let order = orders::open(
            id,
            channel,
            taps[channel.listener].address(),
            &stage.case.needs,
        );
        link.send(Order::Open(order)).await;
        match next(link, session, Side::Client, "Open").await? {
            Event::Opened(_) => ids.push(id),
            other => return Err(unexpected(Side::Client, "Open", other)),
        }
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
