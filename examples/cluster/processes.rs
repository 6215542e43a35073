//! The processes that the example starts. Each of them ends with its value here.

use std::{
    env,
    error::Error,
    io::{BufRead, BufReader},
    net::{TcpListener, TcpStream},
    path::PathBuf,
    process::{Child, Command, Stdio},
    thread,
    time::Duration,
};

/// A server without a file, on a free port of this machine.
pub(crate) struct Server {
    process: Child,
    port: u16,
}

/// A gateway as a process of its own.
pub(crate) struct Gateway {
    process: Child,
    address: String,
}

impl Server {
    /// Starts a server, if one is installed.
    pub(crate) fn start() -> Result<Option<Server>, Box<dyn Error>> {
        let on_path = |name: &str| -> Option<PathBuf> {
            env::split_paths(&env::var_os("PATH")?).map(|folder| folder.join(name)).find(|file| file.is_file())
        };
        let Some(program) = on_path("redis-server").or_else(|| on_path("valkey-server")) else { return Ok(None) };
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let mut command = Command::new(program);
        command.args(["--bind", "127.0.0.1", "--save", "", "--port", &port.to_string()]);
        let process = command.stdin(Stdio::null()).stdout(Stdio::null()).spawn()?;
        let server = Server { process, port };
        for _ in 0..500 {
            if TcpStream::connect(("127.0.0.1", port)).is_ok() {
                return Ok(Some(server));
            }
            thread::sleep(Duration::from_millis(10));
        }
        Err("the server does not take connections".into())
    }

    pub(crate) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }
}

impl Gateway {
    pub(crate) fn start(redis: &str) -> Result<Gateway, Box<dyn Error>> {
        let mut command = Command::new(env::current_exe()?);
        let mut process = command.args(["--gateway", redis]).stdin(Stdio::null()).stdout(Stdio::piped()).spawn()?;
        let mut address = String::new();
        if let Some(output) = process.stdout.take() {
            BufReader::new(output).read_line(&mut address)?;
        }
        let gateway = Gateway { process, address: address.trim().to_owned() };
        if gateway.address.is_empty() { Err("a gateway does not start".into()) } else { Ok(gateway) }
    }

    pub(crate) fn get(&self, path: &str) -> Result<String, Box<dyn Error>> {
        Ok(ureq::get(format!("http://{}{path}", self.address)).call()?.body_mut().read_to_string()?)
    }

    pub(crate) fn post(&self, path: &str) -> Result<String, Box<dyn Error>> {
        Ok(ureq::post(format!("http://{}{path}", self.address)).send_empty()?.body_mut().read_to_string()?)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = (self.process.kill(), self.process.wait());
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        let _ = (self.process.kill(), self.process.wait());
    }
}
