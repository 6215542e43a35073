//! The example as a process, a client of it, and what its page says.

use crate::{DEADLINE, eventually, example};
use serde_json::{Value, json};
use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    sync::{LazyLock, mpsc},
    thread,
};

/// The example as a running process, which ends with this value in any case.
pub(crate) struct Gateway {
    pub(crate) process: Child,
    pub(crate) address: SocketAddr,
}

impl Gateway {
    pub(crate) fn start(options: &[&str]) -> Self {
        let mut command = Command::new(program());
        command.args(["--port", "0"]).args(options).stdin(Stdio::null()).stdout(Stdio::piped());
        let mut process = command.spawn().unwrap_or_else(|error| panic!("{}: {error}", program().display()));
        let mut output = BufReader::new(process.stdout.take().unwrap());
        // The guard is there before anything can fail.
        let mut gateway = Gateway { process, address: SocketAddr::from(([127, 0, 0, 1], 0)) };
        let (send, receive) = mpsc::channel();
        thread::spawn(move || {
            let mut line = String::new();
            let _ = send.send(output.read_line(&mut line).map(|_| line));
        });
        let line = receive.recv_timeout(DEADLINE).expect("it says where it listens").unwrap();
        let address = line.trim_end().strip_prefix("listening on http://").and_then(|address| address.parse().ok());
        gateway.address = address.unwrap_or_else(|| panic!("not an address to listen on: {line:?}"));
        gateway
    }

    pub(crate) fn client(&self) -> Client {
        let config = ureq::Agent::config_builder();
        let config = config.http_status_as_error(false).proxy(None).timeout_global(Some(DEADLINE)).build();
        Client { agent: config.into(), address: self.address, token: None }
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

    pub(crate) fn terminate(&self) {
        // No assertion: it may be gone.
        // The shell has it built in; there need not be a program of that name.
        let id = self.process.id().to_string();
        let _ = Command::new("sh").args(["-c", "kill -TERM \"$0\"", &id]).stderr(Stdio::null()).status();
    }

    pub(crate) fn exit(&mut self) -> ExitStatus {
        eventually("it ends", || self.process.try_wait().unwrap().is_some());
        self.process.wait().unwrap()
    }
}

impl Drop for Gateway {
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
