//! Shows that an editor stays useful in a struct under `#[sharded]`, by asking rust-analyzer what an editor asks:
//!
//! - the misspelt option is reported, on its own token;
//! - completion after `state.` offers every accessor all the same;
//! - go-to-definition on a choice in the attribute lands on the runtime's type;
//! - go-to-definition on an accessor lands on the field.
//!
//! Usage: `editor-check SERVER FIXTURE`: the rust-analyzer binary, and the package to open. Each question is asked
//! whatever became of the others; the exit status is 1 when one failed.

mod client;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};
use std::{env, fs, io, thread};

use client::{Client, uri};
use serde_json::{Value, json};

/// How long an answer may stay wrong. The server says when it has settled, but a late reload can undo that.
const SETTLING: Duration = Duration::from_mins(1);

/// The protocol's number for a completion that is a method.
const METHOD: i32 = 2;

fn main() -> ExitCode {
    let arguments: Vec<PathBuf> = env::args_os().skip(1).map(PathBuf::from).collect();
    let [server, fixture] = arguments.as_slice() else {
        eprintln!("usage: editor-check SERVER FIXTURE");
        return ExitCode::from(2);
    };
    match check(server, fixture) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("editor-check: {}: {error}", server.display());
            ExitCode::from(2)
        }
    }
}

/// Whether all answers are the ones wanted.
fn check(server: &Path, fixture: &Path) -> io::Result<bool> {
    let mut editor = Editor::open(server, fixture)?;
    let reported = editor.ask("the misspelt option is reported, on its own token", |e| e.reports("capasity"));
    let choice = editor.ask("a choice in the attribute leads to the runtime's type", |e| {
        e.leads_to("RwLock", "/sharded-runtime/src/shard/lock/rwlock.rs", "RwLock")
    });
    let accessor = editor.ask("a call of an accessor leads to the field", |e| {
        e.leads_to("sessions()", "/fixture/src/lib.rs", "pub sessions:")
    });
    // As the file is while the name is being typed.
    editor.erase("sessions().len()")?;
    let completion = editor
        .ask("completion behind `state.` offers the accessors", |e| e.offers("    state.", &["sessions", "pages"]));

    let held = reported && choice && accessor && completion;
    if !held {
        println!("the server's last state: {}", editor.client.status());
    }
    Ok(held)
}

/// An editor with the fixture's one file open.
struct Editor {
    client: Client,
    uri: String,
    text: String,
    version: i32,
}

/// What was found: the thing wanted, or something else.
type Answer = Result<String, String>;

impl Editor {
    fn open(server: &Path, fixture: &Path) -> io::Result<Self> {
        let fixture = fixture.canonicalize()?;
        let file = fixture.join("src/lib.rs");
        let text = fs::read_to_string(&file)?;
        let mut client = Client::start(server, &fixture)?;
        let uri = uri(&file);
        client.notify(
            "textDocument/didOpen",
            &json!({ "textDocument": { "uri": uri, "languageId": "rust", "version": 0, "text": text } }),
        )?;
        Ok(Self { client, uri, text, version: 0 })
    }

    /// Asks until the answer is the one wanted or has had its time; prints what was found.
    fn ask(&mut self, claim: &str, question: impl Fn(&mut Self) -> Answer) -> bool {
        let end = Instant::now() + SETTLING;
        let mut answer = question(self);
        while answer.is_err() && Instant::now() < end {
            thread::sleep(Duration::from_millis(250));
            answer = question(self);
        }
        match &answer {
            Ok(found) => println!("ok: {claim}\n    {found}"),
            Err(found) => println!("FAILED: {claim}\n    {found}"),
        }
        answer.is_ok()
    }

    /// There is an error on exactly `word`.
    fn reports(&mut self, word: &str) -> Answer {
        let range = json!({ "start": self.position(word, 0), "end": self.position(word, word.len()) });
        let report = self.request("textDocument/diagnostic", json!({}))?;
        let found =
            report["items"].as_array().and_then(|all| all.iter().find(|d| d["range"] == range && d["severity"] == 1));
        let message =
            found.and_then(|found| found["message"].as_str()).ok_or_else(|| format!("no error there: {report}"))?;
        Ok(format!("says: {message}"))
    }

    /// The one definition of the name at `word` is in the file whose path ends in `file`, on a line with `line` in it.
    fn leads_to(&mut self, word: &str, file: &str, line: &str) -> Answer {
        let found = self.request("textDocument/definition", json!({ "position": self.position(word, 0) }))?;
        let [place] = found.as_array().map_or(&[][..], Vec::as_slice) else {
            return Err(format!("not one place: {found}"));
        };
        let path = place["uri"].as_str().and_then(|uri| uri.strip_prefix("file://")).unwrap_or_default();
        let number = usize::try_from(place["range"]["start"]["line"].as_u64().unwrap_or(0)).unwrap_or(0);
        let text = fs::read_to_string(path).map_err(|error| format!("{place}: {error}"))?;
        let text = text.lines().nth(number).unwrap_or_default();
        let landed = format!("{path}:{}: {}", number + 1, text.trim());
        if path.ends_with(file) && text.contains(line) { Ok(landed) } else { Err(landed) }
    }

    /// Completion right behind `word` offers all of `names`, as methods.
    fn offers(&mut self, word: &str, names: &[&str]) -> Answer {
        let found = self.request("textDocument/completion", json!({ "position": self.position(word, word.len()) }))?;
        let items = found["items"].as_array().map_or(&[][..], Vec::as_slice);
        let name = |item: &Value| item["filterText"].as_str().or(item["label"].as_str()).unwrap_or_default().to_owned();
        let methods: Vec<String> = items.iter().filter(|item| item["kind"] == METHOD).map(name).collect();
        let list = format!("methods offered: {}", methods.join(", "));
        if names.iter().all(|name| methods.iter().any(|method| method == name)) { Ok(list) } else { Err(list) }
    }

    /// Takes `word` out of the open file, as typed, not as saved.
    fn erase(&mut self, word: &str) -> io::Result<()> {
        self.text = self.text.replacen(word, "", 1);
        self.version += 1;
        let document = json!({ "uri": self.uri, "version": self.version });
        self.client.notify(
            "textDocument/didChange",
            &json!({ "textDocument": document, "contentChanges": [{ "text": self.text }] }),
        )
    }

    /// A request about the open file.
    fn request(&mut self, method: &str, mut params: Value) -> Result<Value, String> {
        params["textDocument"] = json!({ "uri": self.uri });
        self.client.request(method, &params).map_err(|error| error.to_string())
    }

    /// The place `offset` bytes into `word`, which the file has once. The fixture is ASCII, so bytes are columns.
    fn position(&self, word: &str, offset: usize) -> Value {
        let mut found = self.text.match_indices(word);
        let (start, _) = found.next().unwrap_or_else(|| panic!("the fixture has no {word:?}"));
        assert!(found.next().is_none(), "the fixture has {word:?} more than once");
        let before = &self.text[..start + offset];
        let line = before.matches('\n').count();
        json!({ "line": line, "character": before.len() - before.rfind('\n').map_or(0, |newline| newline + 1) })
    }
}
