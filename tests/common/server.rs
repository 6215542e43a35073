//! An example that serves HTTP, as a process of its own, and a client of it.

#![allow(dead_code, reason = "each suite uses a part of it")]

use serde_json::Value;
use std::{
    io::{BufRead, BufReader},
    net::SocketAddr,
    path::Path,
    process::{Child, Command, ExitStatus, Stdio},
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

/// What has not happened after this time counts as never happening.
pub(crate) const DEADLINE: Duration = Duration::from_mins(1);

/// A running process, which ends when this is dropped.
pub(crate) struct Server {
    pub(crate) process: Child,
    pub(crate) address: SocketAddr,
}

impl Server {
    /// Starts a program on a free port. It prints the address first.
    pub(crate) fn start(program: &Path, options: &[&str]) -> Self {
        let mut command = Command::new(program);
        command.args(["--port", "0"]).args(options).stdin(Stdio::null()).stdout(Stdio::piped());
        let mut process = command.spawn().unwrap_or_else(|error| panic!("{}: {error}", program.display()));
        let mut output = BufReader::new(process.stdout.take().unwrap());
        // The guard is there before anything can fail.
        let mut server = Server { process, address: SocketAddr::from(([127, 0, 0, 1], 0)) };
        let (send, receive) = mpsc::channel();
        thread::spawn(move || {
            let mut line = String::new();
            let _ = send.send(output.read_line(&mut line).map(|_| line));
        });
        let line = receive.recv_timeout(DEADLINE).expect("it says where it listens").unwrap();
        let address = line.trim_end().strip_prefix("listening on http://").and_then(|address| address.parse().ok());
        server.address = address.unwrap_or_else(|| panic!("not an address to listen on: {line:?}"));
        server
    }

    pub(crate) fn client(&self) -> Client {
        let config = ureq::Agent::config_builder();
        let config = config.http_status_as_error(false).proxy(None).timeout_global(Some(DEADLINE)).build();
        Client { agent: config.into(), address: self.address, token: None }
    }

    /// Asks the process to end. It may have ended before.
    pub(crate) fn terminate(&self) {
        // `kill` is built into every shell. A program of this name need not exist.
        let id = self.process.id().to_string();
        let _ = Command::new("sh").args(["-c", "kill -TERM \"$0\"", &id]).stderr(Stdio::null()).status();
    }

    pub(crate) fn exit(&mut self) -> ExitStatus {
        eventually("it ends", || self.process.try_wait().unwrap().is_some());
        self.process.wait().unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

pub(crate) struct Client {
    pub(crate) agent: ureq::Agent,
    pub(crate) address: SocketAddr,
    pub(crate) token: Option<String>,
}

impl Client {
    pub(crate) fn get(&self, path: &str) -> Reply {
        self.send("GET", path, None)
    }

    pub(crate) fn send(&self, method: &str, path: &str, json: Option<&str>) -> Reply {
        let bearer = self.token.as_ref().map(|token| format!("Bearer {token}"));
        let mut headers = Vec::new();
        headers.extend(bearer.as_deref().map(|bearer| ("authorization", bearer)));
        headers.extend(json.map(|_| ("content-type", "application/json")));
        self.request(method, path, &headers, json.unwrap_or_default())
    }

    pub(crate) fn request(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Reply {
        let mut request = ureq::http::Request::builder().method(method).uri(format!("http://{}{path}", self.address));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        // Not every method may have a body, not even an empty one.
        let sent = if body.is_empty() && method != "POST" {
            self.agent.run(request.body(()).unwrap())
        } else {
            self.agent.run(request.body(body.to_owned()).unwrap())
        };
        let mut response = sent.unwrap_or_else(|error| panic!("{method} {path}: {error}"));
        let body = response.body_mut().read_to_string().unwrap();
        Reply { status: response.status().as_u16(), headers: response.headers().clone(), body }
    }
}

pub(crate) struct Reply {
    pub(crate) status: u16,
    headers: ureq::http::HeaderMap,
    pub(crate) body: String,
}

impl Reply {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

/// Waits for something that must happen in the end.
pub(crate) fn eventually(what: &str, mut happened: impl FnMut() -> bool) {
    let began = Instant::now();
    while !happened() {
        assert!(began.elapsed() < DEADLINE, "not after {DEADLINE:?}: {what}");
        thread::sleep(Duration::from_millis(20));
    }
}
