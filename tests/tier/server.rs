//! Servers that tests start: one, a primary with replicas and Sentinels, or a cluster of six nodes, as
//! `SHARDED_TIER_DEPLOYMENT` says.

use super::{
    answer::Answer,
    process::{Process, free_port, program},
    tls::Certificates,
};
use std::{
    env,
    fmt::Write as _,
    fs,
    path::Path,
    thread,
    time::{Duration, Instant},
};

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Deployment {
    One,
    Sentinel,
    Cluster,
}

/// What the tests run on.
pub(crate) fn deployment() -> Deployment {
    match env::var("SHARDED_TIER_DEPLOYMENT").as_deref() {
        Ok("sentinel") => Deployment::Sentinel,
        Ok("cluster") => Deployment::Cluster,
        Ok("one") | Err(_) => Deployment::One,
        Ok(other) => panic!("SHARDED_TIER_DEPLOYMENT is one, sentinel or cluster, not {other}"),
    }
}

/// How servers are started.
#[derive(Clone, Copy, Default)]
struct Settings<'a> {
    arguments: &'a [&'a str],
    /// What the Sentinels ask for.
    sentinel_password: Option<&'a str>,
    certificates: Option<&'a Certificates>,
}

/// Servers that belong together, and are killed when this is dropped.
#[derive(Debug)]
pub(crate) struct Server {
    deployment: Deployment,
    /// The primaries first. In a cluster each has a replica three places later.
    pub(crate) nodes: Vec<Process>,
    sentinels: Vec<Process>,
}

/// The hash slots of the primaries of a cluster.
pub(crate) const SLOTS: [&str; 3] = ["0-5460", "5461-10922", "10923-16383"];

/// Longer than any test stops its servers.
const NO_FAILOVER: Duration = Duration::from_mins(2);
/// How long a primary may be silent in tests of failovers.
const QUICK: Duration = Duration::from_secs(2);
/// Longer than a server waits before it tries again to become a replica (`repl-timeout`, a minute).
const SET_UP: Duration = Duration::from_mins(3);

impl Server {
    /// Starts empty servers, if they are installed. No failover happens by itself.
    pub(crate) fn start() -> Option<Server> {
        Server::start_with(&[])
    }

    pub(crate) fn start_with(arguments: &[&str]) -> Option<Server> {
        Server::start_as(deployment(), Settings { arguments, ..Settings::default() })
    }

    /// Starts servers that ask for one password, and Sentinels that ask for another one.
    pub(crate) fn start_with_passwords(password: &str, sentinel_password: &str) -> Option<Server> {
        if deployment() != Deployment::Sentinel {
            eprintln!("skipped: this is about Sentinels");
            return None;
        }
        let arguments = &["--requirepass", password];
        let sentinel_password = Some(sentinel_password);
        Server::start_as(Deployment::Sentinel, Settings { arguments, sentinel_password, ..Settings::default() })
    }

    /// Starts servers with these certificates, if they were built for that.
    pub(crate) fn start_encrypted(certificates: &Certificates) -> Option<Server> {
        if !certificates.are_known_to(&program()?) {
            eprintln!("skipped: the server was built without TLS");
            return None;
        }
        let certificates = Some(certificates);
        let server = Server::start_as(deployment(), Settings { certificates, ..Settings::default() })?;
        server.wait_for("replicas are in step", || server.replicas_are_ready());
        Some(server)
    }

    /// Starts servers for a test of one server, unless the tests run on several.
    pub(crate) fn start_one() -> Option<Server> {
        Server::start_one_with(&[])
    }

    pub(crate) fn start_one_with(arguments: &[&str]) -> Option<Server> {
        if deployment() != Deployment::One {
            eprintln!("skipped: this is about one server");
            return None;
        }
        Server::start_as(Deployment::One, Settings { arguments, ..Settings::default() })
    }

    /// Starts servers that fail over after two seconds from now on, if they can.
    pub(crate) fn start_for_failover() -> Option<Server> {
        if deployment() == Deployment::One {
            eprintln!("skipped: one server has no replica");
            return None;
        }
        // On a slow machine a primary may be silent for two seconds while all of them start. If it were replaced then,
        // the test would begin with other primaries than it expects.
        let server = Server::start_as(deployment(), Settings::default())?;
        server.wait_for("replicas are in step", || server.replicas_are_ready());
        server.replace_after(QUICK);
        Some(server)
    }

    /// Has a primary be replaced that is silent for longer.
    fn replace_after(&self, silence: Duration) {
        let silence = silence.as_millis().to_string();
        for sentinel in &self.sentinels {
            sentinel.ask(&["SENTINEL", "SET", "main", "down-after-milliseconds", &silence]);
        }
        if self.deployment == Deployment::Cluster {
            for node in &self.nodes {
                node.ask(&["CONFIG", "SET", "cluster-node-timeout", &silence]);
            }
        }
    }

    /// Starts a cluster whose primaries have these hash slots.
    pub(crate) fn start_cluster(slots: [&str; 3]) -> Option<Server> {
        if deployment() != Deployment::Cluster {
            eprintln!("skipped: this is about a cluster");
            return None;
        }
        let server = start(|program| cluster(program, slots, Settings::default()))?;
        // Valkey moves a slot only if replicas follow.
        server.wait_for("replicas are in step", || server.replicas_are_ready());
        Some(server)
    }

    fn start_as(deployment: Deployment, settings: Settings<'_>) -> Option<Server> {
        start(|program| match deployment {
            Deployment::One => one(program, settings),
            Deployment::Sentinel => with_sentinels(program, settings),
            Deployment::Cluster => cluster(program, SLOTS, settings),
        })
    }

    fn wait_for(&self, what: &str, holds: impl Fn() -> bool) {
        let start = Instant::now();
        while !holds() {
            assert!(start.elapsed() < SET_UP, "not in time: {what}: {self:?}\n{}", self.state());
            thread::sleep(Duration::from_millis(20));
        }
    }

    /// What the servers say of themselves, for those who look for the reason of a failure.
    fn state(&self) -> String {
        let mut state = String::new();
        for node in &self.nodes {
            writeln!(state, "{}: {:?}", node.port, node.try_ask(&["INFO", "replication"])).unwrap();
        }
        for sentinel in &self.sentinels {
            writeln!(state, "{}: {:?}", sentinel.port, sentinel.try_ask(&["SENTINEL", "MASTER", "main"])).unwrap();
        }
        state
    }

    fn replicas_are_ready(&self) -> bool {
        let replicas = &self.nodes[self.primaries()..];
        let in_step = |node: &Process| node.says(&["INFO", "replication"], "master_link_status:up");
        // Each Sentinel has to know the replicas and the others.
        let known = |sentinel: &Process| {
            let Ok(Answer::List(details)) = sentinel.try_ask(&["SENTINEL", "MASTER", "main"]) else { return false };
            let details: Vec<_> = details.chunks(2).collect();
            let is = |name: &str, value: &str| {
                details.iter().any(|pair| matches!(pair, [Answer::Text(a), Answer::Text(b)] if a == name && b == value))
            };
            is("num-slaves", "2") && is("num-other-sentinels", "2")
        };
        replicas.iter().all(in_step) && self.sentinels.iter().all(known)
    }

    pub(crate) fn primaries(&self) -> usize {
        if self.deployment == Deployment::Cluster { 3 } else { 1 }
    }

    /// How often the primaries have read from a connection. To ask for that counts too: twice for each, since each time
    /// a connection is made for it and ends.
    pub(crate) fn reads(&self) -> u64 {
        let reads = |node: &Process| {
            let Answer::Text(info) = node.ask(&["INFO", "stats"]) else { panic!("no text") };
            let line = info.lines().find_map(|line| line.strip_prefix("total_reads_processed:"));
            line.expect("the server counts").trim().parse::<u64>().unwrap()
        };
        self.nodes[..self.primaries()].iter().map(reads).sum()
    }

    /// Waits until the replicas have what the primaries have.
    pub(crate) fn wait_for_replicas(&self) {
        let offset = |node: &Process, name: &str| -> Option<u64> {
            let Ok(Answer::Text(info)) = node.try_ask(&["INFO", "replication"]) else { return None };
            info.lines().find_map(|line| line.strip_prefix(name)?.trim().parse().ok())
        };
        let primaries = self.primaries();
        for (place, replica) in self.nodes.iter().enumerate().skip(primaries) {
            let primary = &self.nodes[if primaries == 1 { 0 } else { place - primaries }];
            let there = offset(primary, "master_repl_offset:");
            self.wait_for("a replica has everything", || offset(replica, "slave_repl_offset:") >= there);
        }
    }

    /// Starts again after [`kill`](Self::kill), empty, on the same ports.
    pub(crate) fn run_again(&mut self) {
        for node in &mut self.nodes {
            assert!(node.run(), "the port is taken");
        }
    }

    /// That of the first node.
    pub(crate) fn port(&self) -> u16 {
        self.nodes[0].port
    }

    pub(crate) fn url(&self) -> String {
        self.url_with("", "")
    }

    /// With a login, which ends with `@`, and a database, which begins with a slash.
    pub(crate) fn url_with(&self, login: &str, database: &str) -> String {
        let hosts = |nodes: &[Process]| {
            let hosts: Vec<_> = nodes.iter().map(|node| format!("127.0.0.1:{}", node.port_of_clients())).collect();
            hosts.join(",")
        };
        let redis = if self.nodes[0].tls_port.is_some() { "rediss" } else { "redis" };
        match self.deployment {
            Deployment::One => format!("{redis}://{login}{}{database}", hosts(&self.nodes)),
            Deployment::Sentinel => format!("{redis}-sentinel://{login}{}{database}#main", hosts(&self.sentinels)),
            Deployment::Cluster => format!("{redis}-cluster://{login}{}{database}", hosts(&self.nodes[..2])),
        }
    }

    fn running(&self) -> impl Iterator<Item = &Process> {
        self.nodes.iter().filter(|node| node.is_running())
    }

    pub(crate) fn kill(&mut self) {
        self.nodes.iter_mut().for_each(Process::kill);
    }

    /// Has all of them do nothing, with their connections open.
    pub(crate) fn stop(&self) {
        self.running().for_each(|node| node.signal("-STOP"));
    }

    pub(crate) fn resume(&self) {
        self.running().for_each(|node| node.signal("-CONT"));
    }

    /// Runs a command over a connection of its own: on the node that has the key, or on all primaries if it has none.
    pub(crate) fn ask(&self, command: &[&str]) -> Answer {
        let has_key = ["GET", "SET", "EXISTS", "LPUSH", "INCR", "EVAL"].contains(&command[0]);
        let nodes = &self.nodes[..if has_key { 1 } else { self.primaries() }];
        let answers: Vec<_> = nodes.iter().map(|node| node.ask(command)).collect();
        answers.into_iter().next_back().expect("there is a primary")
    }
}

/// Starts servers, unless the program is not there.
fn start(run: impl Fn(&Path) -> Option<Server>) -> Option<Server> {
    let program = program()?;
    // Another program may take a port first.
    let server = (0..10).find_map(|_| run(&program));
    Some(server.unwrap_or_else(|| panic!("{} does not start", program.display())))
}

fn one(program: &Path, settings: Settings<'_>) -> Option<Server> {
    let mut node = Process::server(program, free_port(), settings.arguments).encrypted(settings.certificates);
    node.run().then(|| Server { deployment: Deployment::One, nodes: vec![node], sentinels: Vec::new() })
}

/// The password of the servers, as a server logs in to another one.
fn login<'a>(arguments: &[&'a str]) -> Option<&'a str> {
    arguments.iter().position(|argument| *argument == "--requirepass").map(|at| arguments[at + 1])
}

fn with_sentinels(program: &Path, settings: Settings<'_>) -> Option<Server> {
    let Settings { arguments, sentinel_password, certificates } = settings;
    let password = login(arguments);
    let mut all = arguments.to_vec();
    all.extend(["--repl-diskless-sync-delay", "0"]);
    all.extend(password.into_iter().flat_map(|password| ["--masterauth", password]));
    let primary = Process::server(program, free_port(), &all).encrypted(certificates);
    let port = primary.port_of_clients().to_string();
    let mut nodes = vec![primary];
    all.extend(["--replicaof", "127.0.0.1", &port]);
    nodes.extend((0..2).map(|_| Process::server(program, free_port(), &all).encrypted(certificates)));
    let mut settings = format!(
        "sentinel monitor main 127.0.0.1 {port} 2\n\
         sentinel down-after-milliseconds main {}\n\
         sentinel failover-timeout main 5000\n",
        NO_FAILOVER.as_millis()
    );
    if let Some(password) = password {
        writeln!(settings, "sentinel auth-pass main {password}").unwrap();
    }
    if let Some(password) = sentinel_password {
        writeln!(settings, "requirepass {password}\nsentinel sentinel-pass {password}").unwrap();
    }
    let sentinel = || Process::sentinel(program, free_port(), &settings, sentinel_password, certificates);
    let mut sentinels: Vec<_> = (0..3).map(|_| sentinel()).collect();
    let run = nodes.iter_mut().chain(&mut sentinels).all(Process::run);
    run.then(|| Server { deployment: Deployment::Sentinel, nodes, sentinels })
}

/// Three primaries and a replica of each, which know each other from their beginning.
fn cluster(program: &Path, slots: [&str; 3], settings: Settings<'_>) -> Option<Server> {
    let Settings { arguments, certificates, .. } = settings;
    let silence = NO_FAILOVER.as_millis().to_string();
    let buses: Vec<String> = (0..6).map(|_| free_port().to_string()).collect();
    let node = |bus: &String| {
        let mut all = arguments.to_vec();
        all.extend(["--cluster-enabled", "yes", "--cluster-config-file", "nodes.conf", "--cluster-port", bus]);
        all.extend(["--cluster-node-timeout", &silence, "--repl-diskless-sync-delay", "0"]);
        // A primary of Valkey without slots would become a replica, and `redis-cli` does not expect that.
        all.extend(["--cluster-allow-replica-migration", "no"]);
        all.extend(login(arguments).into_iter().flat_map(|password| ["--masterauth", password]));
        all.extend(certificates.into_iter().flat_map(|_| ["--tls-cluster", "yes"]));
        Process::server(program, free_port(), &all).encrypted(certificates)
    };
    let mut nodes: Vec<_> = buses.iter().map(node).collect();
    let ports: Vec<_> = nodes.iter().map(Process::port_of_clients).zip(&buses).collect();
    for (place, node) in nodes.iter().enumerate() {
        let mut file = String::new();
        for (other, (port, bus)) in ports.iter().enumerate() {
            let myself = if other == place { "myself," } else { "" };
            let (id, epoch) = (id_of(other), other % 3 + 1);
            let (role, slots) = match slots.get(other) {
                Some(slots) => ("master -".to_owned(), format!(" {slots}")),
                None => (format!("slave {}", id_of(other - 3)), String::new()),
            };
            writeln!(file, "{id} 127.0.0.1:{port}@{bus} {myself}{role} 0 0 {epoch} connected{slots}").unwrap();
        }
        file += "vars currentEpoch 3 lastVoteEpoch 0\n";
        fs::write(node.folder.join("nodes.conf"), file).unwrap();
    }
    if !nodes.iter_mut().all(Process::run) {
        return None;
    }
    let server = Server { deployment: Deployment::Cluster, nodes, sentinels: Vec::new() };
    server.wait_for("the cluster serves", || {
        server.nodes[..3].iter().all(|node| node.says(&["CLUSTER", "INFO"], "cluster_state:ok"))
    });
    Some(server)
}

/// The name of a node of a cluster.
pub(crate) fn id_of(place: usize) -> String {
    format!("{:040x}", place + 1)
}
