//! Encrypted connections, to servers that also ask for the certificate of the client.

use super::{
    Shop, eventually,
    process::{free_port, new_folder, on_path},
    server::Server,
};
use sharded::tier::{Redis, RedisOptions, TierError};
use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

/// An authority, and what it has signed: one certificate, for servers and clients on the loopback interface.
#[derive(Debug)]
pub(crate) struct Certificates {
    folder: PathBuf,
}

impl Certificates {
    /// Makes new ones, if `openssl` is installed.
    pub(crate) fn make() -> Option<Certificates> {
        if on_path("openssl").is_none() {
            eprintln!("skipped: openssl is not installed");
            return None;
        }
        let made = Certificates { folder: new_folder() };
        fs::write(made.folder.join("server.ext"), "subjectAltName = IP:127.0.0.1\nbasicConstraints = CA:FALSE\n")
            .unwrap();
        for command in [
            "req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.pem -days 30 -subj /CN=authority",
            "req -newkey rsa:2048 -nodes -keyout server.key -out server.csr -subj /CN=server",
            "x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 30 -extfile server.ext \
             -out server.pem",
        ] {
            let mut openssl = Command::new("openssl");
            openssl.args(command.split(' ')).current_dir(&made.folder).stdin(Stdio::null());
            let output = openssl.output().unwrap();
            assert!(output.status.success(), "openssl {command}: {}", String::from_utf8_lossy(&output.stderr));
        }
        Some(made)
    }

    fn read(&self, file: &str) -> Vec<u8> {
        fs::read(self.folder.join(file)).unwrap()
    }

    /// The settings of a server or a Sentinel that has them, and that reaches others by encrypted connections too.
    pub(crate) fn settings(&self, port: u16) -> [[String; 2]; 5] {
        let file = |name: &str| self.folder.join(name).display().to_string();
        let setting = |name: &str, value: String| [name.to_owned(), value];
        [
            setting("tls-port", port.to_string()),
            setting("tls-cert-file", file("server.pem")),
            setting("tls-key-file", file("server.key")),
            setting("tls-ca-cert-file", file("ca.pem")),
            setting("tls-replication", "yes".to_owned()),
        ]
    }

    /// Whether the program can use them at all.
    pub(crate) fn are_known_to(&self, program: &Path) -> bool {
        let mut command = Command::new(program);
        // Without a certificate it ends at once, and says why.
        command.args(["--port", "0", "--tls-port", &free_port().to_string(), "--dir"]).arg(&self.folder);
        let output = command.stdin(Stdio::null()).output().unwrap();
        let text = [output.stdout, output.stderr].concat();
        String::from_utf8_lossy(&text).contains("Failed to configure TLS")
    }

    fn options(&self) -> RedisOptions {
        Redis::options().root_certificates(self.read("ca.pem"))
    }
}

impl Drop for Certificates {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn encrypted_connections() {
    let Some(certificates) = Certificates::make() else { return };
    let Some(server) = Server::start_encrypted(&certificates) else { return };
    let url = server.url();
    assert!(url.starts_with("rediss"), "{url}");
    let client = || {
        let key = certificates.read("server.key");
        certificates.options().client_certificate(certificates.read("server.pem"), key)
    };
    let shop = async || Shop::builder().redis(client().connect(&url).await.unwrap()).build();
    let (one, other) = (shop().await, shop().await);
    let entries: Vec<_> = (0..100_u64).map(|key| (key, key)).collect();
    one.numbers().insert_many(&entries).await.unwrap();
    let keys: Vec<u64> = (0..100).collect();
    let values = other.numbers().get_many(&keys).await.unwrap();
    assert!(values.iter().zip(&keys).all(|(value, key)| value.as_deref() == Some(key)));
    one.numbers().insert(&1, &2).await.unwrap();
    eventually("the change is pushed", async || other.numbers().get(&1).await.unwrap().as_deref() == Some(&2)).await;
    assert!(other.numbers().tier_stats().is_connected);

    // Servers that somebody else has signed are not trusted, and without a certificate the servers do not answer.
    let foreign = Certificates::make().expect("there was one before");
    let key = foreign.read("server.key");
    let not_trusted = foreign.options().client_certificate(foreign.read("server.pem"), key).connect(&url).await;
    assert!(not_trusted.is_err(), "{not_trusted:?}");
    let unknown = certificates.options().connect(&url).await;
    assert!(unknown.is_err(), "{unknown:?}");
    let nonsense = Redis::options().root_certificates(*b"-----BEGIN CERTIFICATE-----\n").connect(&url).await;
    assert!(matches!(&nonsense, Err(TierError::Refused { code, .. }) if code == "CONFIG"), "{nonsense:?}");
    // What the options know is not shown.
    assert!(!format!("{:?}", client().sentinel_password("secret")).contains("secret"));
}
