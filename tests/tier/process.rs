//! One process of a server or a Sentinel.

use super::{
    answer::{self, Answer},
    tls::Certificates,
};
use std::{
    collections::BTreeSet,
    env, fs,
    io::{self, Write as _},
    net::{Ipv4Addr, TcpListener},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{
        Mutex,
        atomic::{AtomicU32, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

/// A process that is killed when this is dropped.
#[derive(Debug)]
pub(crate) struct Process {
    program: PathBuf,
    arguments: Vec<String>,
    pub(crate) port: u16,
    /// That for encrypted connections.
    pub(crate) tls_port: Option<u16>,
    password: Option<String>,
    pub(crate) folder: PathBuf,
    child: Option<Child>,
}

/// The program of the server, or `None` after a word about it.
pub(crate) fn program() -> Option<PathBuf> {
    let named = env::var_os("SHARDED_TIER_SERVER").map(PathBuf::from);
    let found = named.or_else(|| ["redis-server", "valkey-server"].into_iter().find_map(on_path));
    if found.is_none() {
        eprintln!("skipped: neither redis-server nor valkey-server is installed");
    }
    found
}

pub(crate) fn on_path(name: &str) -> Option<PathBuf> {
    env::split_paths(&env::var_os("PATH")?).map(|folder| folder.join(name)).find(|file| file.is_file())
}

/// A port that was free a moment ago, and that no other caller of this process gets: its server may start much later.
pub(crate) fn free_port() -> u16 {
    static GIVEN: Mutex<BTreeSet<u16>> = Mutex::new(BTreeSet::new());
    let new = || TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port();
    std::iter::repeat_with(new).find(|port| GIVEN.lock().unwrap().insert(*port)).expect("it repeats for ever")
}

pub(crate) fn new_folder() -> PathBuf {
    static FOLDERS: AtomicU32 = AtomicU32::new(0);
    let number = FOLDERS.fetch_add(1, Ordering::Relaxed);
    let folder = env::temp_dir().join(format!("sharded-tier-{}-{number}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    folder
}

impl Process {
    /// Not started yet.
    pub(crate) fn server(program: &Path, port: u16, arguments: &[&str]) -> Process {
        let folder = new_folder();
        let mut all: Vec<String> =
            ["--bind", "127.0.0.1", "--save", "", "--appendonly", "no"].map(str::to_owned).into();
        all.extend(["--port".to_owned(), port.to_string(), "--dir".to_owned(), folder.display().to_string()]);
        all.extend(arguments.iter().map(|&argument| argument.to_owned()));
        let password = arguments.iter().position(|argument| *argument == "--requirepass");
        let password = password.and_then(|at| arguments.get(at + 1)).map(|&password| password.to_owned());
        Process { program: program.to_path_buf(), arguments: all, port, tls_port: None, password, folder, child: None }
    }

    /// As this, and also for encrypted connections.
    #[must_use]
    pub(crate) fn encrypted(mut self, certificates: Option<&Certificates>) -> Process {
        let Some(certificates) = certificates else { return self };
        let port = *self.tls_port.insert(free_port());
        let settings = certificates.settings(port);
        self.arguments.extend(settings.into_iter().flat_map(|[name, value]| [format!("--{name}"), value]));
        self
    }

    /// The port that others are told: that for encrypted connections, if there is one.
    pub(crate) fn port_of_clients(&self) -> u16 {
        self.tls_port.unwrap_or(self.port)
    }

    /// Asks for the password itself.
    pub(crate) fn sentinel(
        program: &Path,
        port: u16,
        settings: &str,
        password: Option<&str>,
        certificates: Option<&Certificates>,
    ) -> Process {
        let folder = new_folder();
        let file = folder.join("sentinel.conf");
        let dir = folder.display();
        let mut settings = format!("port {port}\nbind 127.0.0.1\nprotected-mode no\ndir {dir}\n{settings}");
        let tls_port = certificates.map(|certificates| {
            let tls_port = free_port();
            settings.extend(certificates.settings(tls_port).map(|[name, value]| format!("{name} {value}\n")));
            tls_port
        });
        fs::File::create(&file).unwrap().write_all(settings.as_bytes()).unwrap();
        let arguments = vec![file.display().to_string(), "--sentinel".to_owned()];
        let password = password.map(str::to_owned);
        Process { program: program.to_path_buf(), arguments, port, tls_port, password, folder, child: None }
    }

    /// Starts the program, and returns whether it answers. Another program may have taken its port.
    pub(crate) fn run(&mut self) -> bool {
        let mut command = Command::new(&self.program);
        command.args(&self.arguments);
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        let child = child.unwrap_or_else(|error| panic!("{}: {error}", self.program.display()));
        // A server of another test may answer at this port.
        let is_this = format!("\nprocess_id:{}\r\n", child.id());
        self.child = Some(child);
        let start = Instant::now();
        while start.elapsed() < Duration::from_mins(1) {
            if self.child.as_mut().unwrap().try_wait().unwrap().is_some() {
                return false;
            }
            if self.says(&["INFO", "server"], &is_this) {
                return true;
            }
            thread::sleep(Duration::from_millis(10));
        }
        panic!("{} does not answer", self.program.display());
    }

    pub(crate) fn is_running(&self) -> bool {
        self.child.is_some()
    }

    pub(crate) fn kill(&mut self) {
        let mut child = self.child.take().expect("it runs");
        child.kill().unwrap();
        child.wait().unwrap();
    }

    /// Sends a signal to it.
    pub(crate) fn signal(&self, signal: &str) {
        let child = self.child.as_ref().expect("it runs");
        assert!(Command::new("kill").args([signal, &child.id().to_string()]).status().unwrap().success());
    }

    pub(crate) fn try_ask(&self, command: &[&str]) -> io::Result<Answer> {
        answer::ask_with(self.port, self.password.as_deref(), command)
    }

    /// Runs a command over a connection of its own.
    pub(crate) fn ask(&self, command: &[&str]) -> Answer {
        match self.try_ask(command).unwrap() {
            Answer::Error(error) => panic!("{command:?}: {error}"),
            answer => answer,
        }
    }

    /// Whether the text that it answers has this in it.
    pub(crate) fn says(&self, command: &[&str], text: &str) -> bool {
        matches!(self.try_ask(command), Ok(Answer::Text(answer)) if answer.contains(text))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = (child.kill(), child.wait());
        }
        let _ = fs::remove_dir_all(&self.folder);
    }
}
