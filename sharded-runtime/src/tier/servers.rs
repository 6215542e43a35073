//! All servers of a tier: what is asked of which of them, and again when a key has another server now.

use super::{
    address::Address,
    command::{Command, append_fetches, fetched},
    error::TierError,
    keeper::Kept,
    node::{Live, Node, as_error},
    parts::{Open, Part, parts},
    request::{Redirection, Replies, Reply, Request, redirection},
    route::{Ranges, Route},
    shared::{Shared, is_planted, tell},
    stamps::{Slot, Stamp},
    wait::{First, all, first},
};
use redis::{ConnectionInfo, Pipeline, Value};
use smallvec::SmallVec;
use std::{fmt, sync::Arc, time::Duration};
use tokio::{
    sync::watch,
    time::{Instant, sleep, timeout, timeout_at},
};

/// The pause before a server is asked again that can't answer yet.
const PAUSE: Duration = Duration::from_millis(10);
/// Servers may each say that the other has a key. After so many redirections they are given some time.
const QUICK_REDIRECTIONS: u32 = 4;

/// See [the module](self).
pub(super) struct Servers {
    pub(super) shared: Arc<Shared>,
    route: watch::Sender<Arc<Route>>,
    /// How to log in to a further node of a cluster.
    login: Option<ConnectionInfo>,
}

/// Makes what was known of some keys invalid once a write has ended, in whatever way: with a reply, with an error, or
/// because its future was dropped.
struct Written<'a> {
    shared: &'a Shared,
    slots: Vec<Slot>,
}

impl Drop for Written<'_> {
    fn drop(&mut self) {
        // The server tells of this too, but after its reply, and a read that follows the reply must not find the old
        // value.
        self.slots.iter().for_each(|slot| self.shared.stamps.invalidate(*slot));
    }
}

/// How a call is sent.
#[derive(Clone, Copy)]
struct Call {
    began: Instant,
    staleness: Duration,
    changes: bool,
}

impl Call {
    fn until(&self) -> Instant {
        self.began.checked_add(self.staleness).unwrap_or_else(|| self.began + Duration::from_secs(1 << 30))
    }
}

/// Why a part has no replies.
enum Failure {
    /// Nothing was done, and another server or a new connection may do it.
    Again,
    Ends(TierError),
}

impl Servers {
    pub(super) fn new(shared: Arc<Shared>, route: Route, login: Option<ConnectionInfo>) -> Self {
        Servers { shared, route: watch::Sender::new(Arc::new(route)), login }
    }

    pub(super) fn route(&self) -> Arc<Route> {
        Arc::clone(&self.route.borrow())
    }

    /// Whether there is a connection to each server.
    pub(super) fn is_connected(&self) -> bool {
        let route = self.route();
        !route.nodes().is_empty() && route.nodes().iter().all(|node| node.is_connected())
    }

    /// How long ago the latest sign of life was sent that was answered, of the server where that is longest.
    pub(super) fn lag(&self) -> Duration {
        let (route, now) = (self.route(), self.shared.now());
        let longest = route.nodes().iter().map(|node| now.saturating_sub(node.heard())).max();
        Duration::from_nanos(longest.unwrap_or(0))
    }

    /// Has all keys go to another server.
    pub(super) fn replace(&self, node: Arc<Kept>) {
        tell!(info, "{} is the primary of a tier now", node.address);
        let before = self.route.send_replace(Arc::new(Route::to_one(Some(node))));
        before.nodes().iter().for_each(|node| node.close());
    }

    /// Has keys go to the servers that a node of the cluster has named.
    pub(super) fn adopt(&self, ranges: &Ranges) {
        let mut before = None;
        self.route.send_if_modified(|route| {
            let next = Route::of_cluster(ranges, route, |address| self.start(address));
            if next.is_same(route) {
                return false;
            }
            before = Some(std::mem::replace(route, Arc::new(next)));
            true
        });
        let Some(before) = before else { return };
        let now = self.route();
        for node in before.losers(&now) {
            match now.find(&node.address) {
                Some(_) => node.lose_slots(),
                None => node.close(),
            }
        }
    }

    /// Has nothing go anywhere, so that no connection is kept.
    pub(super) fn close(&self) {
        self.route.send_replace(Arc::new(Route::to_one(None)));
    }

    /// A further node of the cluster.
    fn start(&self, address: &Address) -> Option<Arc<Kept>> {
        let node = Node::new(address.on(self.login.as_ref()?), true, Arc::clone(&self.shared)).ok()?;
        Some(Arc::new(Kept::start(Arc::new(node))))
    }

    fn moved(&self, slot: u16, address: &Address) {
        let mut loser = None;
        self.route.send_if_modified(|route| {
            let owner = route.node_of_slot(slot);
            if !route.is_cluster() || owner.is_some_and(|owner| owner.address == *address) {
                return false;
            }
            loser = owner.cloned();
            *route = Arc::new(route.with_moved(slot, address, |address| self.start(address)));
            true
        });
        if let Some(loser) = loser {
            loser.lose_slots();
        }
        self.shared.refresh.notify_one();
    }

    /// Asks for what changes nothing, again if a connection is lost, until the staleness has passed. An answer that
    /// takes longer may be older than that, so it does not count.
    pub(super) async fn read(
        &self,
        requests: &[Request<'_>],
        began: Instant,
        staleness: Duration,
    ) -> Result<Replies, TierError> {
        self.run(requests, Call { began, staleness, changes: false }).await
    }

    /// Has something changed. Each request is executed once at most. The first error that a server answers is the
    /// result.
    pub(super) async fn write(&self, requests: &[Request<'_>], staleness: Duration) -> Result<Replies, TierError> {
        let replies = self.run(requests, Call { began: Instant::now(), staleness, changes: true }).await?;
        match replies.iter().flat_map(|reply| &reply.values).find_map(as_error) {
            None => Ok(replies),
            Some(error) => Err(TierError::refused(error)),
        }
    }

    async fn run(&self, requests: &[Request<'_>], call: Call) -> Result<Replies, TierError> {
        let mut replies: SmallVec<[Option<Reply>; 1]> = requests.iter().map(|_| None).collect();
        let mut open: SmallVec<[Open; 1]> = (0..requests.len()).map(|at| (at, None)).collect();
        let mut round = 0;
        while !open.is_empty() {
            let route = self.route();
            let (parts, mut again) = parts(&route, requests, open);
            let mut waits = !again.is_empty();
            let sent = all(parts.iter().map(|part| self.send(part, requests, call, &route))).await;
            let mut failure = None;
            for (part, sent) in parts.into_iter().zip(sent) {
                match sent {
                    Err(Failure::Again) => again.extend(part.at.into_iter().map(|at| (at, None))),
                    Err(Failure::Ends(error)) => failure = Some(worse(failure, error)),
                    Ok(answers) => {
                        for (at, answer) in part.at.into_iter().zip(answers) {
                            match redirection(&answer, &part.node, route.is_cluster()) {
                                None => replies[at] = Some(answer),
                                Some(Redirection::Moved(slot, address)) => {
                                    self.moved(slot, &address);
                                    again.push((at, None));
                                }
                                Some(Redirection::Ask(address)) => {
                                    let node = self.route().find(&address).cloned().or_else(|| self.start(&address));
                                    again.push((at, node));
                                }
                                Some(Redirection::Wait) => {
                                    waits = true;
                                    again.push((at, None));
                                }
                            }
                        }
                    }
                }
            }
            let is_written = call.changes && replies.iter().any(Option::is_some);
            if let Some(failure) = failure {
                return Err(if is_written { failure.of_some() } else { failure });
            }
            open = again;
            round += 1;
            if open.is_empty() {
                break;
            }
            if round > QUICK_REDIRECTIONS {
                sleep(PAUSE).await;
            } else if waits {
                self.shared.refresh.notify_one();
                let mut routes = self.route.subscribe();
                let is_same = Arc::ptr_eq(&routes.borrow_and_update(), &route);
                if is_same {
                    let _ = timeout(PAUSE, routes.changed()).await;
                }
            }
            if Instant::now() >= call.until() {
                let failure = self.unreachable(call);
                return Err(if is_written { failure.of_some() } else { failure });
            }
        }
        let count = replies.len();
        let replies: Replies = replies.into_iter().flatten().collect();
        debug_assert_eq!(replies.len(), count, "each request is open or has a reply");
        Ok(replies)
    }

    fn unreachable(&self, call: Call) -> TierError {
        // The keys may have another server by now.
        self.shared.refresh.notify_one();
        TierError::unreachable(call.began.elapsed(), self.shared.last_error())
    }

    /// The connection to a server once there is one, unless the keys may have another server before that.
    async fn connection(&self, part: &Part, call: Call, route: &Arc<Route>) -> Result<Live, Failure> {
        if let Some(live) = part.node.current() {
            return Ok(live);
        }
        let mut routes = self.route.subscribe();
        if !Arc::ptr_eq(&routes.borrow_and_update(), route) {
            return Err(Failure::Again);
        }
        let mut live = part.node.live();
        let is_there = async { live.wait_for(Option::is_some).await.ok().and_then(|live| live.clone()) };
        let changed = async { routes.changed().await.is_ok() };
        match timeout_at(call.until(), first(is_there, changed)).await {
            Ok(First::One(Some(live))) => Ok(live),
            Ok(First::One(None)) | Err(_) => Err(Failure::Ends(self.unreachable(call))),
            Ok(First::Other(_)) => Err(Failure::Again),
        }
    }

    /// Sends one server its part.
    async fn send(
        &self,
        part: &Part,
        requests: &[Request<'_>],
        call: Call,
        route: &Arc<Route>,
    ) -> Result<Replies, Failure> {
        let mut live = self.connection(part, call, route).await?;
        let mut commands = Pipeline::with_capacity(2 * part.at.len());
        let requests = || part.at.iter().map(|at| &requests[*at]);
        // A node of a cluster refuses one command for keys of several hash slots.
        let is_one_fetch = part.at.len() > 1
            && !part.node.is_in_cluster
            && requests().all(|each| matches!(each.command, Command::Fetch));
        let mut counts = SmallVec::<[usize; 1]>::new();
        if is_one_fetch {
            append_fetches(requests().map(|each| &each.name.bytes[..]), &mut commands);
        } else {
            counts.extend(requests().map(|each| each.command.append(&each.name.bytes, part.is_asking, &mut commands)));
        }
        let stamps =
            || -> SmallVec<[Stamp; 1]> { requests().map(|each| self.shared.stamps.stamp(each.name.slot)).collect() };
        // Before the commands are sent: what is invalidated from now on counts.
        let before = stamps();
        let sent = self.shared.now();
        let slots = if call.changes { requests().map(|each| each.name.slot).collect() } else { Vec::new() };
        let _written = Written { shared: &self.shared, slots };
        let until = if call.changes { Instant::now() + self.shared.patience } else { call.until() };
        let answer = live.connection.send_packed_commands(&commands, 0, commands.len());
        let values = match timeout_at(until, answer).await {
            // This task may have been kept from taking an answer that came in time.
            Ok(Ok(_)) if !call.changes && Instant::now() > until => return Err(Failure::Ends(self.unreachable(call))),
            Ok(Ok(values)) => values,
            Ok(Err(error)) => {
                part.node.lose(live.generation, Some(error.clone()));
                return Err(if call.changes { Failure::Ends(TierError::unknown(Some(error))) } else { Failure::Again });
            }
            Err(_) if call.changes => return Err(Failure::Ends(TierError::unknown(None))),
            Err(_) => return Err(Failure::Ends(self.unreachable(call))),
        };
        let stamps = if is_planted("late_stamps") { stamps() } else { before };
        let reply = |each: &Request<'_>, stamp, values| Reply {
            values,
            stamp,
            licence: each.command.is_tracked(part.is_asking).then(|| Arc::clone(&live.licence)),
            sent,
        };
        if is_one_fetch {
            let values = fetched(part.at.len(), values);
            return Ok(requests()
                .zip(stamps)
                .zip(values)
                .map(|((each, stamp), values)| reply(each, stamp, values))
                .collect());
        }
        let mut values = values.into_iter();
        let replies = requests().zip(counts).zip(stamps).map(|((each, count), stamp)| {
            reply(each, stamp, each.command.replies(part.is_asking, values.by_ref().take(count)))
        });
        Ok(replies.collect())
    }

    /// Sends a server commands that concern no key and change nothing, and again if the connection is lost, until the
    /// staleness has passed.
    pub(super) async fn ask_at(
        &self,
        address: &Address,
        commands: &Pipeline,
        staleness: Duration,
    ) -> Result<Vec<Value>, TierError> {
        let call = Call { began: Instant::now(), staleness, changes: false };
        loop {
            let Some(node) = self.route().find(address).cloned() else { return Err(self.unreachable(call)) };
            if let Some(values) = self.ask_node(&node, commands, call.until()).await {
                return Ok(values);
            }
            if Instant::now() >= call.until() {
                return Err(self.unreachable(call));
            }
        }
    }

    /// Sends a server commands that concern no key and change nothing. `None` if they are not answered.
    pub(super) async fn ask_node(&self, node: &Node, commands: &Pipeline, until: Instant) -> Option<Vec<Value>> {
        let mut lives = node.live();
        let live = async { lives.wait_for(Option::is_some).await.ok().and_then(|live| live.clone()) };
        let mut live = timeout_at(until, live).await.ok()??;
        match timeout_at(until, live.connection.send_packed_commands(commands, 0, commands.len())).await {
            Ok(Ok(values)) => Some(values),
            Ok(Err(error)) => {
                node.lose(live.generation, Some(error));
                None
            }
            Err(_) => None,
        }
    }
}

/// The failure of a call of which two parts have failed: what may have been written counts for more.
fn worse(one: Option<TierError>, other: TierError) -> TierError {
    match one {
        Some(one) if !matches!(other, TierError::Unknown { .. }) => one,
        _ => other,
    }
}

impl fmt::Debug for Servers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Servers").field("is_connected", &self.is_connected()).finish_non_exhaustive()
    }
}
