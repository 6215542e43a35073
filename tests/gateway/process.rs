//! The example as a process, and what its page says.

use crate::{
    example,
    server::{Client, DEADLINE, Server},
};
use serde_json::json;
use std::{
    io::{Read, Write},
    net::TcpStream,
    ops::{Deref, DerefMut},
    path::{Path, PathBuf},
    sync::LazyLock,
};

/// The example as a running process.
pub(crate) struct Gateway(Server);

impl Deref for Gateway {
    type Target = Server;

    fn deref(&self) -> &Server {
        &self.0
    }
}

impl DerefMut for Gateway {
    fn deref_mut(&mut self) -> &mut Server {
        &mut self.0
    }
}

impl Gateway {
    pub(crate) fn start(options: &[&str]) -> Self {
        Gateway(Server::start(program(), options))
    }

    pub(crate) fn log_in(&self, user: &str) -> Client {
        let client = self.client();
        let reply = client.send("POST", "/login", Some(&json!({ "user": user }).to_string()));
        assert_eq!(reply.status, 201, "{}", reply.body);
        let token = reply.json()["token"].as_str().unwrap().to_owned();
        assert!(reply.header("set-cookie").starts_with(&format!("session={token};")));
        Client { token: Some(token), ..client }
    }

    /// A login whose body is still to come, and which the server has begun to handle: it has asked for the body.
    pub(crate) fn begin_login(&self, body_length: usize) -> TcpStream {
        const GO_ON: &[u8] = b"HTTP/1.1 100 Continue\r\n\r\n";
        let mut request = TcpStream::connect(self.address).unwrap();
        request.set_read_timeout(Some(DEADLINE)).unwrap();
        let head =
            "POST /login HTTP/1.1\r\nhost: gateway\r\nexpect: 100-continue\r\ncontent-type: application/json\r\n";
        write!(request, "{head}content-length: {body_length}\r\n\r\n").unwrap();
        let mut answer = [0; GO_ON.len()];
        request.read_exact(&mut answer).unwrap();
        assert_eq!(answer, GO_ON);
        request
    }

    pub(crate) fn stats(&self) -> StatsPage {
        let reply = self.client().get("/stats");
        assert_eq!((reply.status, reply.header("content-type")), (200, "text/html; charset=utf-8"));
        StatsPage(reply.body)
    }
}

/// The page at `/stats`, read as its reader does: by rows and columns.
pub(crate) struct StatsPage(String);

impl StatsPage {
    /// Entries, capacity, hits, misses, inserts, expired, evicted; `u64::MAX` for what is not bounded.
    pub(crate) fn row(&self, map: &str) -> [u64; 7] {
        let row = between(&self.0, &format!("<tr id=\"{map}\">"), "</tr>");
        ["entries", "capacity", "hits", "misses", "inserts", "expired", "evicted"].map(|column| {
            let cell = between(row, &format!("<td class=\"{column}\">"), "</td>");
            if cell == "—" { u64::MAX } else { cell.replace('\u{202f}', "").parse().unwrap() }
        })
    }

    /// Sessions that were logged out, that timed out, and that ended for want of room.
    pub(crate) fn endings(&self) -> [u64; 3] {
        let line = between(&self.0, "<p id=\"endings\">", "</p>").replace('\u{202f}', "");
        let mut numbers = line.split(' ').filter_map(|word| word.parse().ok());
        [(); 3].map(|()| numbers.next().unwrap_or_else(|| panic!("{line}")))
    }

    /// The plots of the last minutes: title, last value, line.
    pub(crate) fn plots(&self, map: &str) -> Vec<(String, String, String)> {
        let section = between(&self.0, &format!("id=\"history-{map}\">"), "</section>");
        let plots = section.split("<figure>").skip(1).map(|plot| {
            let (title, shown) = (between(plot, "<figcaption>", " <b>"), between(plot, "<b>", "</b>"));
            (title.to_owned(), shown.to_owned(), between(plot, "<path d=\"", "\"").to_owned())
        });
        plots.collect()
    }

    pub(crate) fn shard_sizes(&self, map: &str) -> Vec<u64> {
        let chart = between(&self.0, &format!("<figcaption><b>{map}</b>"), "</figure>");
        let titles = chart.split("<title>shard ").skip(1);
        titles.map(|title| between(title, ": ", "</title>").parse().unwrap()).collect()
    }
}

fn between<'a>(text: &'a str, start: &str, end: &str) -> &'a str {
    let after = text.split_once(start).unwrap_or_else(|| panic!("no {start} in {text}")).1;
    after.split_once(end).unwrap_or_else(|| panic!("no {end} in {after}")).0
}

pub(crate) fn program() -> &'static Path {
    static EXAMPLE: LazyLock<PathBuf> = LazyLock::new(|| example::build("gateway"));
    &EXAMPLE
}
