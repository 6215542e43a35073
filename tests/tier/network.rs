//! A network that is cut: the servers are in a network namespace of their own, and the cable is taken away. Nothing
//! tells the client, and nothing it sends arrives.
//!
//! This needs the right to make network namespaces; without it the test is skipped.

use super::{
    STALENESS, Shop,
    answer::{Answer, ask_at},
    is_unreachable,
    process::{free_port, program},
    promise::Load,
    recovered, redis,
    server::{Deployment, deployment},
};
use std::{
    io,
    net::Ipv4Addr,
    process::{Child, Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicU8, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

/// A namespace with one server, and a cable to it.
struct Island {
    name: String,
    cable: String,
    /// The end of the cable in the namespace.
    end: String,
    address: Ipv4Addr,
    port: u16,
    server: Option<Child>,
}

fn ip(arguments: &[&str]) -> io::Result<()> {
    let output = Command::new("ip").args(arguments).stdin(Stdio::null()).output()?;
    if output.status.success() {
        return Ok(());
    }
    Err(io::Error::other(format!("ip {arguments:?}: {}", String::from_utf8_lossy(&output.stderr).trim())))
}

impl Island {
    fn new() -> io::Result<Island> {
        static NUMBERS: AtomicU8 = AtomicU8::new(0);
        let number = NUMBERS.fetch_add(1, Ordering::Relaxed);
        let id = std::process::id() % 10_000;
        let (name, cable, end) =
            (format!("shtier{id}x{number}"), format!("sht{id}a{number}"), format!("sht{id}b{number}"));
        // From the block for tests of networks, 198.18.0.0/15.
        let third = u8::try_from(id % 250).unwrap();
        let (here, address) =
            (Ipv4Addr::new(198, 18, third, 4 * number + 1), Ipv4Addr::new(198, 18, third, 4 * number + 2));
        let island = Island { name, cable, end, address, port: free_port(), server: None };
        let (name, cable, end) = (&island.name[..], &island.cable[..], &island.end[..]);
        ip(&["netns", "add", name])?;
        ip(&["link", "add", cable, "type", "veth", "peer", "name", end, "netns", name])?;
        ip(&["addr", "add", &format!("{here}/30"), "dev", cable])?;
        ip(&["link", "set", cable, "up"])?;
        ip(&["-n", name, "addr", "add", &format!("{address}/30"), "dev", end])?;
        ip(&["-n", name, "link", "set", end, "up"])?;
        ip(&["-n", name, "link", "set", "lo", "up"])?;
        Ok(island)
    }

    fn run(&mut self, program: &std::path::Path) {
        let mut command = Command::new("ip");
        command.args(["netns", "exec", &self.name]).arg(program);
        command.args(["--bind", "0.0.0.0", "--protected-mode", "no", "--save", "", "--port", &self.port.to_string()]);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        self.server = Some(command.spawn().unwrap());
        let start = Instant::now();
        while !matches!(ask_at((self.address, self.port), None, &["PING"]), Ok(Answer::Text(_))) {
            assert!(start.elapsed() < Duration::from_secs(20), "the server does not answer");
            thread::sleep(Duration::from_millis(10));
        }
    }

    fn cut(&self) {
        // The other end, so that what this end sends is lost without a word.
        ip(&["-n", &self.name, "link", "set", &self.end, "down"]).unwrap();
    }

    fn mend(&self) {
        ip(&["-n", &self.name, "link", "set", &self.end, "up"]).unwrap();
    }
}

impl Drop for Island {
    fn drop(&mut self) {
        if let Some(mut server) = self.server.take() {
            let _ = (server.kill(), server.wait());
        }
        // The cable goes with it.
        let _ = ip(&["link", "del", &self.cable]);
        let _ = ip(&["netns", "del", &self.name]);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_network_is_cut() {
    if deployment() != Deployment::One {
        eprintln!("skipped: this is about one server");
        return;
    }
    let Some(program) = program() else { return };
    let mut island = match Island::new() {
        Ok(island) => island,
        Err(error) => {
            eprintln!("skipped: a network namespace can't be made: {error}");
            return;
        }
    };
    island.run(&program);
    let url = format!("redis://{}:{}", island.address, island.port);
    let mut shops = Vec::new();
    for _ in 0..4 {
        shops.push(Arc::new(Shop::builder().redis(redis(&url).await).build()));
    }
    let load = Load::start(&shops[0], &shops, true);
    load.run(Duration::from_millis(500)).await;
    island.cut();
    tokio::time::sleep(3 * STALENESS).await;
    for shop in &shops {
        let read = shop.numbers().get(&1).await;
        assert!(is_unreachable(&read), "{read:?}");
    }
    island.mend();
    for shop in &shops {
        recovered(shop).await;
    }
    load.run(Duration::from_millis(500)).await;
    let history = load.end().await;
    assert!(history.failed.load(Ordering::Relaxed) > 0);
}
