//! Real processes: this program starts itself four times.

use super::{
    STALENESS, Shop,
    answer::{self, Answer},
    redis,
    server::Server,
};
use serde::{Deserialize, Serialize};
use sharded::clock::{Clock, System};
use sharded::{sharded, tier::Redis};
use std::{
    collections::HashMap,
    convert::Infallible,
    env,
    process::{Child, Command, Stdio},
    sync::Arc,
};

const PORT: &str = "SHARDED_TIER_TEST_PORT";
const URL: &str = "SHARDED_TIER_TEST_URL";
const NUMBER: &str = "SHARDED_TIER_TEST_NUMBER";
const PROCESSES: u64 = 4;

/// Runs a test of this file in further processes, which find what they need in their environment.
fn run(test: &str, server: &Server) {
    let child = |number: u64| -> Child {
        let mut command = Command::new(env::current_exe().unwrap());
        command.args(["--exact", &format!("processes::{test}"), "--nocapture"]);
        command.env(PORT, server.port().to_string()).env(URL, server.url()).env(NUMBER, number.to_string());
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    };
    let children: Vec<Child> = (0..PROCESSES).map(child).collect();
    for child in children {
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
}

/// In a process that [`run`] has started: the port of a server, and the number of the process.
fn given() -> Option<(u16, u64)> {
    let number = |name| env::var(name).ok()?.parse::<u64>().ok();
    Some((u16::try_from(number(PORT)?).ok()?, number(NUMBER)?))
}

async fn connected() -> Redis {
    redis(&env::var(URL).unwrap()).await
}

#[test]
fn four_processes_load_each_key_once() {
    let Some(server) = Server::start() else { return };
    run("loads", &server);
    for key in 0..10 {
        assert_eq!(server.ask(&["GET", &format!("loads:{key}")]), Answer::Text("1".to_owned()), "loads of key {key}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn loads() {
    let Some((port, _)) = given() else { return };
    let shop = Arc::new(Shop::builder().redis(connected().await).build());
    for key in 0..10 {
        // All processes begin together.
        answer::ask(port, &["INCR", &format!("ready:{key}")]).unwrap();
        let all = Answer::Text(PROCESSES.to_string());
        while answer::ask(port, &["GET", &format!("ready:{key}")]).unwrap() != all {
            tokio::time::sleep(std::time::Duration::from_millis(1)).await;
        }
        let tasks = (0..64).map(|_| {
            let shop = Arc::clone(&shop);
            tokio::spawn(async move {
                let load = || async {
                    answer::ask(port, &["INCR", &format!("loads:{key}")]).unwrap();
                    tokio::time::sleep(std::time::Duration::from_millis(20)).await;
                    Ok::<_, Infallible>(key * 7)
                };
                *shop.numbers().get_or_try_insert_with(&key, load).await.unwrap()
            })
        });
        for task in tasks.collect::<Vec<_>>() {
            assert_eq!(task.await.unwrap(), key * 7);
        }
    }
}

/// A version of a key, with the time at which the write of the version before had ended.
#[derive(Serialize, Deserialize, Clone, Debug)]
struct Version {
    number: u64,
    ended_before: u64,
}

#[sharded]
struct Versions {
    #[shard(tier = Redis, ttl = "10m", staleness = "1s", capacity = 1_000)]
    hot: HashMap<u64, Version>,
}

/// The time by a clock that all processes of this machine share.
fn now() -> u64 {
    let clock = System::default();
    clock.precise_nanos().unwrap_or_else(|| clock.nanos())
}

#[test]
fn four_processes_read_what_was_there_within_the_staleness() {
    if !cfg!(target_os = "linux") {
        eprintln!("skipped: there is no clock that processes share");
        return;
    }
    let Some(server) = Server::start() else { return };
    run("reads", &server);
}

/// Each process writes one key and reads all. What it learns of the ends of writes it compares with its reads.
#[tokio::test]
async fn reads() {
    let Some((_, number)) = given() else { return };
    let versions = Versions::builder().redis(connected().await).build();
    let hot = versions.hot();
    let (mut written, mut ended) = (0, 0);
    let mut seen: Vec<(u64, u64, u64)> = Vec::new();
    // When the write of a version had ended, as the next version says.
    let mut ends: HashMap<(u64, u64), u64> = HashMap::new();
    let mut state = number + 1;
    for step in 0..20_000_u64 {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        if (state >> 33).is_multiple_of(8) {
            written += 1;
            hot.insert(&number, &Version { number: written, ended_before: ended }).await.unwrap();
            ended = now();
        } else {
            let (key, began) = ((state >> 40) % PROCESSES, now());
            let version = hot.get(&key).await.unwrap().map(|version| (*version).clone());
            let version = version.unwrap_or(Version { number: 0, ended_before: 0 });
            if version.number > 1 {
                ends.insert((key, version.number - 1), version.ended_before);
            }
            if key == number {
                assert_eq!(version.number, written, "step {step}: a process sees its own writes");
            }
            seen.push((key, version.number, began));
        }
    }
    let staleness = u64::try_from(STALENESS.as_nanos()).unwrap();
    for key in 0..PROCESSES {
        let mut ends: Vec<(u64, u64)> = ends.iter().filter(|end| end.0.0 == key).map(|end| (end.0.1, *end.1)).collect();
        ends.sort_unstable();
        for (_, read, began) in seen.iter().filter(|seen| seen.0 == key) {
            let next = ends.partition_point(|(version, _)| version <= read);
            if let Some((version, ended)) = ends.get(next) {
                assert!(ended + staleness >= *began, "key {key}: version {read} after the end of version {version}");
            }
        }
    }
}
