//! Servers that tests start, and a client without a near cache.

use std::{
    env, fs,
    io::{self, BufRead, BufReader, Write},
    net::{Ipv4Addr, TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::atomic::{AtomicU32, Ordering},
    thread,
    time::{Duration, Instant},
};

/// A server that is killed when this is dropped.
#[derive(Debug)]
pub(crate) struct Server {
    program: PathBuf,
    arguments: Vec<String>,
    port: u16,
    folder: PathBuf,
    child: Option<Child>,
}

/// The program of the server, or `None` after a word about it.
fn program() -> Option<PathBuf> {
    let named = env::var_os("SHARDED_TIER_SERVER").map(PathBuf::from);
    let found = named.or_else(|| ["redis-server", "valkey-server"].into_iter().find_map(on_path));
    if found.is_none() {
        eprintln!("skipped: neither redis-server nor valkey-server is installed");
    }
    found
}

fn on_path(name: &str) -> Option<PathBuf> {
    env::split_paths(&env::var_os("PATH")?).map(|folder| folder.join(name)).find(|file| file.is_file())
}

/// A port that was free a moment ago.
fn free_port() -> u16 {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port()
}

impl Server {
    /// Starts an empty server, if one is installed.
    pub(crate) fn start() -> Option<Server> {
        Server::start_with(&[])
    }

    pub(crate) fn start_with(arguments: &[&str]) -> Option<Server> {
        static FOLDERS: AtomicU32 = AtomicU32::new(0);
        let program = program()?;
        let number = FOLDERS.fetch_add(1, Ordering::Relaxed);
        let folder = env::temp_dir().join(format!("sharded-tier-{}-{number}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let arguments = arguments.iter().map(|&argument| argument.to_owned()).collect();
        let mut server = Server { program, arguments, port: 0, folder, child: None };
        // Another program may take the port first.
        for _ in 0..10 {
            server.port = free_port();
            if server.run() {
                return Some(server);
            }
        }
        panic!("{} does not start", server.program.display());
    }

    /// Starts the program, and returns whether it answers.
    fn run(&mut self) -> bool {
        let mut command = Command::new(&self.program);
        command.args(["--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--port", &self.port.to_string()]);
        command.arg("--dir").arg(&self.folder).args(&self.arguments);
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        self.child = Some(child.unwrap_or_else(|error| panic!("{}: {error}", self.program.display())));
        let start = Instant::now();
        while start.elapsed() < Duration::from_secs(20) {
            if self.child.as_mut().unwrap().try_wait().unwrap().is_some() {
                return false;
            }
            // A server with a password answers an error.
            if self.try_ask(&["PING"]).is_ok() {
                return true;
            }
            thread::sleep(Duration::from_millis(10));
        }
        panic!("{} does not answer", self.program.display());
    }

    /// Starts it again after [`kill`](Self::kill), empty, on the same port.
    pub(crate) fn run_again(&mut self) {
        assert!(self.run(), "the port is taken");
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    pub(crate) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    pub(crate) fn kill(&mut self) {
        let mut child = self.child.take().expect("it runs");
        child.kill().unwrap();
        child.wait().unwrap();
    }

    /// Has it do nothing, with its connections open.
    pub(crate) fn stop(&self) {
        self.signal("-STOP");
    }

    pub(crate) fn resume(&self) {
        self.signal("-CONT");
    }

    fn signal(&self, signal: &str) {
        let child = self.child.as_ref().expect("it runs");
        assert!(Command::new("kill").args([signal, &child.id().to_string()]).status().unwrap().success());
    }

    /// Runs a command over a connection of its own.
    pub(crate) fn ask(&self, command: &[&str]) -> Answer {
        match self.try_ask(command).unwrap() {
            Answer::Error(error) => panic!("{command:?}: {error}"),
            answer => answer,
        }
    }

    fn try_ask(&self, command: &[&str]) -> io::Result<Answer> {
        ask(self.port, command)
    }
}

/// Runs a command on the server at this port, over a connection of its own.
pub(crate) fn ask(port: u16, command: &[&str]) -> io::Result<Answer> {
    let mut connection = BufReader::new(TcpStream::connect((Ipv4Addr::LOCALHOST, port))?);
    connection.get_ref().set_read_timeout(Some(Duration::from_secs(20)))?;
    let mut bytes = format!("*{}\r\n", command.len()).into_bytes();
    for argument in command {
        bytes.extend(format!("${}\r\n{argument}\r\n", argument.len()).as_bytes());
    }
    connection.get_mut().write_all(&bytes)?;
    Answer::read(&mut connection)
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = (child.kill(), child.wait());
        }
        let _ = fs::remove_dir_all(Path::new(&self.folder));
    }
}

/// A reply in RESP2.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    Nil,
    Number(i64),
    Text(String),
    Error(String),
    List(Vec<Answer>),
}

impl Answer {
    fn read(from: &mut impl BufRead) -> io::Result<Answer> {
        let mut line = String::new();
        from.read_line(&mut line)?;
        let line = line.trim_end();
        let Some(kind) = line.chars().next() else { return Err(io::ErrorKind::UnexpectedEof.into()) };
        let rest = &line[1..];
        let number = || rest.parse::<i64>().map_err(io::Error::other);
        Ok(match kind {
            '+' => Answer::Text(rest.to_owned()),
            '-' => Answer::Error(rest.to_owned()),
            ':' => Answer::Number(number()?),
            '$' | '*' if number()? < 0 => Answer::Nil,
            '$' => {
                let mut bytes = vec![0; usize::try_from(number()?).unwrap() + 2];
                from.read_exact(&mut bytes)?;
                bytes.truncate(bytes.len() - 2);
                Answer::Text(String::from_utf8_lossy(&bytes).into_owned())
            }
            '*' => Answer::List((0..number()?).map(|_| Answer::read(from)).collect::<io::Result<_>>()?),
            _ => return Err(io::Error::other(format!("an answer that begins with {kind}"))),
        })
    }
}
