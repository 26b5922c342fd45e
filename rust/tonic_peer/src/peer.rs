//! The peer: reads orders and has them carried out, in the order they came in.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use thiserror::Error;
use tokio::io::BufReader;
use tokio::sync::oneshot;

use crate::client::{self, Channel};
use crate::contract::{
    Abort, Call, Close, Closed, Listen, Listening, Open, Opened, Ready, Refused, Report, Role,
    Shutdown, Start, Unlisten, Version, abort, built_from, from_peer::Event, refused,
    to_peer::Order,
};
use crate::events::Events;
use crate::features::{self, Refusal};
use crate::frames::{FrameError, read_order};
use crate::latches::Scopes;
use crate::server::{self, Listener};

/// The version of the contract that this peer speaks.
const CONTRACT_VERSION: u32 = 1;
/// Each listener has a runtime with a handful of file descriptors, and many
/// systems give a process 1,024 of them.
const MAX_LISTENERS: u32 = 64;
/// How long what was said last may take to be written when stdin has ended.
const DRAIN_LIMIT: Duration = Duration::from_secs(1);

/// How the harness broke the contract.
#[derive(Debug, Error)]
pub enum PeerError {
    #[error(transparent)]
    Frame(#[from] FrameError),
    #[error("the first order is not `Start`, or `Start` came twice")]
    Start,
    #[error("started as {started:?}, but ordered to be {ordered:?}")]
    Role { started: Role, ordered: Role },
}

/// Reads orders from stdin until it ends.
pub async fn run(role: Role, events: Events) -> Result<(), PeerError> {
    let mut peer = Peer {
        role,
        events,
        stage: Stage::New,
        listeners: HashMap::new(),
        channels: HashMap::new(),
        calls: Arc::default(),
        scopes: Scopes::default(),
    };
    let mut input = BufReader::new(tokio::io::stdin());
    let result = loop {
        match read_order(&mut input).await {
            Ok(Some(order)) => {
                if let Err(error) = peer.carry_out(order.order) {
                    break Err(error);
                }
            }
            Ok(None) => break Ok(()),
            Err(error) => break Err(error.into()),
        }
    };
    peer.end_listeners();
    peer.events.drain(DRAIN_LIMIT);
    result
}

struct Peer {
    role: Role,
    events: Events,
    stage: Stage,
    listeners: HashMap<u64, Listener>,
    channels: HashMap<u64, Channel>,
    /// What aborts the calls that run.
    calls: Arc<Mutex<HashMap<u64, oneshot::Sender<()>>>>,
    scopes: Scopes,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    New,
    Running,
    /// Told to stop, or asked for another version of the contract.
    Done,
}

impl Peer {
    fn carry_out(&mut self, order: Option<Order>) -> Result<(), PeerError> {
        let Some(order) = order else {
            eprintln!("rust-tonic: ignored an order of an unknown kind");
            return Ok(());
        };
        match (self.stage, order) {
            (Stage::New, Order::Start(start)) => return self.start(&start),
            (Stage::New, _) | (_, Order::Start(_)) => return Err(PeerError::Start),
            (Stage::Done, _) => {}
            (Stage::Running, order) => self.carry_out_running(order),
        }
        Ok(())
    }

    fn carry_out_running(&mut self, order: Order) {
        match order {
            Order::Start(_) => {}
            Order::Listen(listen) => self.listen(&listen),
            Order::Unlisten(unlisten) => self.unlisten(&unlisten),
            Order::Shutdown(shutdown) => self.shutdown(&shutdown),
            Order::Open(open) => self.open(&open),
            Order::Close(close) => self.close(&close),
            Order::Call(call) => self.call(call),
            Order::Release(release) => self.scopes.latches(&release.scope).open(&release.name),
            Order::EndScope(end) => self.scopes.end(&end.scope),
            Order::Abort(abort) => self.abort(&abort),
            Order::Stop(_) => self.stop(),
        }
    }

    fn start(&mut self, order: &Start) -> Result<(), PeerError> {
        if order.contract_version == CONTRACT_VERSION && order.role() != self.role {
            return Err(PeerError::Role {
                started: self.role,
                ordered: order.role(),
            });
        }
        self.stage = if order.contract_version == CONTRACT_VERSION {
            Stage::Running
        } else {
            Stage::Done
        };
        self.events.send(Event::Ready(Ready {
            contract_version: CONTRACT_VERSION,
            peer: "rust-tonic".to_owned(),
            versions: built_from::VERSIONS.iter().map(to_version).collect(),
            features: features::of(self.role).map(str::to_owned).collect(),
            max_calls: 0,
            max_handlers: 0,
            max_listeners: MAX_LISTENERS,
        }));
        Ok(())
    }

    fn listen(&mut self, order: &Listen) {
        let id = order.listener;
        let releases = self.scopes.latches(&order.scope);
        let result = self
            .check_role(Role::Server)
            .and_then(|()| server::listen(order, &releases, &self.events));
        match result {
            Ok((listener, address)) => {
                self.listeners.insert(id, listener);
                self.events.send(Event::Listening(Listening {
                    listener: id,
                    address,
                }));
            }
            Err(refusal) => self.refuse(refused::Order::Listener(id), refusal),
        }
    }

    fn unlisten(&mut self, order: &Unlisten) {
        match self.listeners.remove(&order.listener) {
            Some(listener) => listener.unlisten(),
            None => self.refuse_unknown(refused::Order::Listener(order.listener)),
        }
    }

    fn shutdown(&mut self, order: &Shutdown) {
        let id = refused::Order::Listener(order.listener);
        if let Err(refusal) = features::check(self.role, &order.requires) {
            return self.refuse(id, refusal);
        }
        let grace = order
            .grace_ms
            .map(|grace| Duration::from_millis(grace.into()));
        match self.listeners.get(&order.listener) {
            Some(listener) => listener.shutdown(grace),
            None => self.refuse_unknown(id),
        }
    }

    fn open(&mut self, order: &Open) {
        let id = order.channel;
        let result = self
            .check_role(Role::Client)
            .and_then(|()| features::check(self.role, &order.requires))
            .and_then(|()| client::open(order));
        match result {
            Ok(channel) => {
                self.channels.insert(id, channel);
                self.events.send(Event::Opened(Opened { channel: id }));
            }
            Err(refusal) => self.refuse(refused::Order::Channel(id), refusal),
        }
    }

    fn close(&mut self, order: &Close) {
        match self.channels.remove(&order.channel) {
            // tonic closes a connection once the last handle is gone, and tells nobody.
            Some(_) => self.events.send(Event::Closed(Closed {
                channel: order.channel,
            })),
            None => self.refuse_unknown(refused::Order::Channel(order.channel)),
        }
    }

    fn call(&mut self, order: Call) {
        let id = order.call;
        let channel = match self.find_channel(&order) {
            Ok(channel) => channel,
            Err(refusal) => {
                return self.events.send(Event::Report(Report {
                    call: id,
                    outcome: Some(refusal.into_outcome()),
                }));
            }
        };
        let releases = self.scopes.latches(&order.scope);
        let (abort, aborted) = oneshot::channel();
        lock(&self.calls).insert(id, abort);

        let (calls, events) = (Arc::clone(&self.calls), self.events.clone());
        tokio::spawn(async move {
            let report = client::call(order, channel, releases, events.clone(), aborted).await;
            lock(&calls).remove(&id);
            events.send(Event::Report(report));
        });
    }

    fn find_channel(&self, order: &Call) -> Result<Channel, Refusal> {
        self.check_role(Role::Client)?;
        let channel = self.channels.get(&order.channel).cloned();
        channel
            .ok_or_else(|| Refusal::CouldNotTry(format!("there is no channel {}", order.channel)))
    }

    /// What is not there any more has answered already.
    fn abort(&mut self, order: &Abort) {
        match order.what {
            Some(abort::What::Call(call)) => {
                if let Some(abort) = lock(&self.calls).remove(&call) {
                    let _ = abort.send(());
                }
            }
            Some(abort::What::Listener(listener)) => {
                if let Some(listener) = self.listeners.get(&listener) {
                    listener.abort();
                }
            }
            None => {}
        }
    }

    /// Says nothing from here on. The calls end with the process.
    fn stop(&mut self) {
        self.stage = Stage::Done;
        self.events.silence();
        lock(&self.calls).clear();
        self.channels.clear();
        self.end_listeners();
    }

    fn end_listeners(&mut self) {
        for (_, listener) in self.listeners.drain() {
            listener.end();
        }
    }

    /// Refuses the orders of the other role.
    fn check_role(&self, role: Role) -> Result<(), Refusal> {
        if self.role == role {
            return Ok(());
        }
        let name = if role == Role::Client {
            "client"
        } else {
            "server"
        };
        Err(Refusal::Unsupported(name.to_owned()))
    }

    fn refuse_unknown(&self, order: refused::Order) {
        let why = format!("there is no such thing: {order:?}");
        self.refuse(order, Refusal::CouldNotTry(why));
    }

    fn refuse(&self, order: refused::Order, refusal: Refusal) {
        self.events.send(Event::Refused(Refused {
            order: Some(order),
            reason: Some(refusal.into_reason()),
        }));
    }
}

fn to_version((name, version): &(&str, &str)) -> Version {
    Version {
        name: (*name).to_owned(),
        version: (*version).to_owned(),
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
