//! What is told of changes of state.

use super::{eventually, server::Server, shop};
use std::sync::Mutex;

/// Keeps the messages of the library.
struct Told(Mutex<Vec<String>>);

impl log::Log for Told {
    fn enabled(&self, metadata: &log::Metadata<'_>) -> bool {
        metadata.target() == "sharded"
    }

    fn log(&self, record: &log::Record<'_>) {
        if self.enabled(record.metadata()) {
            self.0.lock().unwrap().push(format!("{}: {}", record.level(), record.args()));
        }
    }

    fn flush(&self) {}
}

static TOLD: Told = Told(Mutex::new(Vec::new()));

/// Waits until a message with this beginning was told.
async fn told(beginning: &str) {
    let is_told = || TOLD.0.lock().unwrap().iter().any(|message| message.starts_with(beginning));
    eventually(beginning, async || is_told()).await;
}

/// The address is in each message, so those of other tests do not count.
#[tokio::test]
async fn changes_of_state_are_told() {
    let Some(mut server) = Server::start_one() else { return };
    log::set_logger(&TOLD).unwrap();
    log::set_max_level(log::LevelFilter::Info);
    let shop = shop(&server).await;
    let address = format!("127.0.0.1:{}, a server of a tier,", server.port());
    shop.numbers().insert(&1, &1).await.unwrap();
    shop.numbers().get(&1).await.unwrap();
    server.ask(&["FLUSHALL"]);
    told(&format!("INFO: {address} has invalidated all keys")).await;
    server.kill();
    told(&format!("WARN: the connection to {address} is lost")).await;
    server.run_again();
    told(&format!("INFO: the connection to {address} is made again")).await;
}
