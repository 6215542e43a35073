//! A language client: as much of the protocol as the questions of this check need.

use std::io::{self, BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

/// How long the server may be silent before it counts as hung: loading a project runs a build.
const PATIENCE: Duration = Duration::from_mins(10);

/// The server's answers while it is still taking in a change, "content modified" and "server cancelled": ask again.
const ASK_AGAIN: [i64; 2] = [-32801, -32802];

/// A running language server with one project open. Dropping it ends the server.
pub struct Client {
    server: Child,
    input: ChildStdin,
    messages: Receiver<Value>,
    next_id: i64,
    /// The last state that the server reported: `{ health, quiescent, message }`.
    status: Value,
}

impl Client {
    /// Starts `server` on the package in `root` and waits until it has loaded it.
    pub fn start(server: &Path, root: &Path) -> io::Result<Self> {
        let mut child = Command::new(server)
            // Its log is about its own pace; what is wrong with the project comes through the protocol.
            .env("RA_LOG", "off")
            .current_dir(root)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let input = child.stdin.take().expect("stdin is piped");
        let output = child.stdout.take().expect("stdout is piped");
        let (sender, messages) = mpsc::channel();
        // Ends with the server: its output closes then.
        thread::spawn(move || {
            let mut output = BufReader::new(output);
            while let Ok(message) = read_message(&mut output) {
                if sender.send(message).is_err() {
                    break;
                }
            }
        });

        let mut client = Self { server: child, input, messages, next_id: 0, status: Value::Null };
        client.request(
            "initialize",
            &json!({
                "processId": null,
                "rootUri": uri(root),
                "workspaceFolders": [{ "uri": uri(root), "name": "fixture" }],
                "capabilities": {
                    "experimental": { "serverStatusNotification": true },
                    "textDocument": { "definition": { "linkSupport": false }, "diagnostic": {} },
                },
                // The answers come from the server's own analysis, not from a compiler that it would run.
                "initializationOptions": { "checkOnSave": false, "cachePriming": { "enable": false } },
            }),
        )?;
        client.notify("initialized", &json!({}))?;
        while client.status["quiescent"] != true {
            client.receive()?;
        }
        Ok(client)
    }

    /// What the server said of its own state, for a failure's message.
    pub fn status(&self) -> String {
        self.status.to_string()
    }

    /// Sends a request and returns its result.
    pub fn request(&mut self, method: &str, params: &Value) -> io::Result<Value> {
        loop {
            self.next_id += 1;
            let id = self.next_id;
            self.send(&json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params }))?;
            let answer = loop {
                let message = self.receive()?;
                if message["id"] == id && message.get("method").is_none() {
                    break message;
                }
            };
            match answer.get("error") {
                None => return Ok(answer["result"].clone()),
                Some(error) if ASK_AGAIN.iter().any(|code| error["code"] == *code) => {
                    thread::sleep(Duration::from_millis(50));
                }
                Some(error) => return Err(io::Error::other(format!("{method}: {error}"))),
            }
        }
    }

    /// Sends a notification.
    pub fn notify(&mut self, method: &str, params: &Value) -> io::Result<()> {
        self.send(&json!({ "jsonrpc": "2.0", "method": method, "params": params }))
    }

    fn send(&mut self, message: &Value) -> io::Result<()> {
        let body = message.to_string();
        write!(self.input, "Content-Length: {}\r\n\r\n{body}", body.len())?;
        self.input.flush()
    }

    /// The next message. Notes what it says of the server's state, and agrees to what the server asks of its client.
    fn receive(&mut self) -> io::Result<Value> {
        let message = self
            .messages
            .recv_timeout(PATIENCE)
            .map_err(|_| io::Error::other(format!("the server ended or hangs; its last state: {}", self.status)))?;
        match message["method"].as_str() {
            Some("experimental/serverStatus") => self.status = message["params"].clone(),
            Some(_) if message.get("id").is_some() => {
                self.send(&json!({ "jsonrpc": "2.0", "id": message["id"], "result": null }))?;
            }
            _ => {}
        }
        Ok(message)
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        // The politeness of `shutdown` and `exit` would gain nothing here: the server has no work of ours to save.
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

/// The `file:` address of a path.
pub fn uri(path: &Path) -> String {
    format!("file://{}", path.display())
}

fn read_message(input: &mut impl BufRead) -> io::Result<Value> {
    let mut length = 0;
    loop {
        let mut line = String::new();
        if input.read_line(&mut line)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let line = line.trim_end();
        if line.is_empty() {
            break;
        }
        if let Some(number) = line.strip_prefix("Content-Length: ") {
            length = number.parse().map_err(io::Error::other)?;
        }
    }
    let mut body = vec![0; length];
    input.read_exact(&mut body)?;
    Ok(serde_json::from_slice(&body)?)
}
