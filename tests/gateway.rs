//! The `gateway` example as a process of its own, driven over real HTTP from several threads at a time.
//!
//! No test asserts that something was quick. What must happen in the end is polled for; what must happen before a time
//! is over is judged only where the test itself was in time, and tried again where it was not.

#[path = "common/example.rs"]
mod example;
#[path = "gateway/process.rs"]
mod process;
#[path = "common/server.rs"]
mod server;

use process::{Gateway, program};
use serde_json::json;
use server::{Client, eventually};
use std::{
    collections::HashSet,
    env, fs,
    io::{Read, Write},
    net::TcpStream,
    ops::Range,
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

/// What the store's clock, which moves in steps, may be off by; with room to spare.
const CLOCK_STEP: Duration = Duration::from_millis(50);
/// How often a test that was not in time tries again.
const TRIES: Range<u32> = 0..20;

const THREADS: usize = 8;
/// In one window, which does not end while a test counts.
const NO_LIMIT: [&str; 4] = ["--limit", "1000000", "--window", "1h"];

/// The page plots the last minutes of every map, from samples that the service takes by itself.
#[test]
fn the_page_plots_what_happens() {
    let gateway = Gateway::start(&["--sample", "200ms", "--limit", "1000000"]);
    let client = gateway.client();
    eventually("there is a line for the hits", || {
        assert_eq!(client.get("/prices/oak").status, 200);
        gateway
            .stats()
            .plots("prices")
            .iter()
            .all(|(_, shown, line)| shown.parse::<f64>().is_ok() && line.starts_with('M') && line.contains('L'))
    });
    let plots = gateway.stats().plots("prices");
    let titles: Vec<_> = plots.iter().map(|(title, ..)| title.as_str()).collect();
    assert_eq!(titles, ["entries", "hit ratio, %", "waits for a load, per second", "table memory, KiB"]);
    assert_eq!((plots[0].1.parse(), plots[1].1.as_str()), (Ok(gateway.stats().row("prices")[0]), "100"));
    // Nobody asks for reports: an interval without an access has no hit ratio.
    assert_eq!(gateway.stats().plots("reports")[1].1, "—");
}

#[test]
fn logins_at_the_same_time_have_a_session_each() {
    const EACH: usize = 30;
    let gateway = Gateway::start(&NO_LIMIT);

    let clients = in_threads(|thread| {
        let names = (0..EACH).map(|index| format!("user {thread}.{index}"));
        names.map(|name| (gateway.log_in(&name), name)).collect::<Vec<_>>()
    });
    let clients: Vec<_> = clients.into_iter().flatten().collect();
    let tokens: HashSet<_> = clients.iter().map(|(client, _)| &client.token).collect();
    assert_eq!(tokens.len(), THREADS * EACH);
    for (client, name) in &clients {
        assert_eq!(client.get("/me").json()["user"], name.as_str());
    }

    let stats = gateway.stats();
    assert_eq!(stats.row("sessions"), [240, 1_000_000, 240, 0, 240, 0, 0]);
    assert_eq!(stats.shard_sizes("sessions").iter().sum::<u64>(), 240);
    // Every request so far came from one address, was counted, and found the count of the one before it.
    assert_eq!(stats.row("calls"), [1, 1_000_000, 479, 1, 1, 0, 0]);

    let (left, _) = &clients[0];
    assert_eq!(left.send("POST", "/logout", None).status, 204);
    assert_eq!(left.get("/me").status, 401);
    assert_eq!(gateway.stats().row("sessions")[0], 239);
    assert_eq!(gateway.stats().endings(), [1, 0, 0]);
}

#[test]
fn no_request_of_a_session_is_lost() {
    const EACH: u64 = 40;
    let gateway = Gateway::start(&NO_LIMIT);
    let token = gateway.log_in("ada").token;

    let counts = in_threads(|_| {
        let client = Client { token: token.clone(), ..gateway.client() };
        (0..EACH).map(|_| client.get("/me").json()["requests"].as_u64().unwrap()).collect::<Vec<_>>()
    });
    let mut counts: Vec<_> = counts.into_iter().flatten().collect();
    counts.sort_unstable();
    assert!(counts.into_iter().eq(1..=EACH * THREADS as u64));

    let cookie = format!("theme=dark; session={}", token.unwrap());
    let by_cookie = gateway.client().request("GET", "/me", &[("cookie", &cookie)], "");
    assert_eq!(by_cookie.json()["user"], "ada");
}

#[test]
fn a_session_lives_while_it_is_used_and_ends_when_it_is_not() {
    const IDLE: Duration = Duration::from_secs(1);
    let gateway = Gateway::start(&["--idle", "1s", "--limit", "1000000"]);
    gateway.log_in("never seen again");

    // Uses a session for three times as long as it may be idle. `None`: a pause was too long to tell.
    let stay = || {
        let began = Instant::now();
        let client = gateway.log_in("ada");
        let mut last_use = began;
        while began.elapsed() < 3 * IDLE {
            thread::sleep(IDLE / 8);
            let this_use = Instant::now();
            let status = client.get("/me").status;
            if last_use.elapsed() + CLOCK_STEP >= IDLE {
                return None;
            }
            assert_eq!(status, 200, "used again after {:?}", last_use.elapsed());
            last_use = this_use;
        }
        Some(client)
    };
    let client = in_time(stay);

    thread::sleep(IDLE + CLOCK_STEP);
    assert_eq!(client.get("/me").status, 401);
    eventually("the sessions are removed, the one that nobody asked for as well", || {
        let [entries, _, _, _, inserts, expired, _] = gateway.stats().row("sessions");
        // By then the listener has been called for each, or is being called.
        entries == 0 && inserts == expired && gateway.stats().endings() == [0, expired, 0]
    });
}

#[test]
fn a_limit_is_exact_among_threads() {
    let gateway = Gateway::start(&["--limit", "100", "--window", "1h"]);
    let statuses = in_threads(|_| {
        let client = gateway.client();
        (0..50).map(|_| client.get("/prices").status).collect::<Vec<_>>()
    });
    let statuses = statuses.concat();
    let count = |wanted: u16| statuses.iter().filter(|&&status| status == wanted).count();
    assert_eq!((count(200), count(429)), (100, 300));
    assert_eq!(gateway.stats().row("calls"), [1, 1_000_000, 399, 1, 1, 0, 0]);
}

#[test]
fn a_client_over_its_limit_is_served_again_in_the_next_window() {
    const WINDOW: Duration = Duration::from_secs(2);
    let gateway = Gateway::start(&["--limit", "5", "--window", "2s"]);
    let client = gateway.client();

    // A whole window's requests and more. `None`: it may have ended meanwhile.
    let exhaust = || {
        let began = Instant::now();
        let statuses: Vec<_> = (0..8).map(|_| client.get("/prices").status).collect();
        if began.elapsed() + CLOCK_STEP >= WINDOW {
            thread::sleep(WINDOW + CLOCK_STEP);
            return None;
        }
        Some(statuses)
    };
    assert_eq!(in_time(exhaust), [200, 200, 200, 200, 200, 429, 429, 429]);

    // The operator's pages are not counted.
    assert_eq!([client.get("/").status, client.get("/stats").status], [200, 200]);

    // Were the window restarted by requests in it, those that are refused too, then this would never end.
    eventually("the client is served in the next window, though it kept asking", || {
        client.get("/prices").status == 200
    });

    // A client that waits for the stated time is served.
    let seconds = in_time(|| {
        let reply = client.get("/prices");
        (reply.status == 429).then(|| reply.header("retry-after").parse().unwrap())
    });
    assert!((1..=3).contains(&seconds), "{seconds}");
    thread::sleep(Duration::from_secs(seconds));
    assert_eq!(client.get("/prices").status, 200);
}

#[test]
fn no_price_change_is_lost() {
    const EACH: u64 = 40;
    let gateway = Gateway::start(&NO_LIMIT);
    let opening = gateway.client().get("/prices/oak").json();
    assert_eq!(
        [&opening["low"], &opening["high"], &opening["changes"]],
        [&opening["cents"], &opening["cents"], &json!(0)]
    );

    in_threads(|thread| {
        let client = gateway.log_in("trader");
        for change in 1..=EACH {
            let cents = change * THREADS as u64 + thread as u64;
            let reply = client.send("PUT", "/prices/oak", Some(&json!({ "cents": cents }).to_string()));
            let quote = reply.json();
            assert_eq!((reply.status, &quote["cents"]), (200, &json!(cents)));
            let [low, high] = ["low", "high"].map(|name| quote[name].as_u64().unwrap());
            assert!((low..=high).contains(&cents), "{quote}");
        }
    });
    let quote = gateway.client().get("/prices/OAK").json();
    assert_eq!((&quote["low"], &quote["changes"]), (&json!(8), &json!(EACH * THREADS as u64)));
    let board = gateway.client().get("/prices").json();
    assert!(board.as_array().unwrap().contains(&quote), "{board}");
}

#[test]
fn a_report_is_loaded_once_for_all_who_ask() {
    let gateway = Gateway::start(&NO_LIMIT);
    for (number, symbol) in [(1, "oak"), (2, "ELM")] {
        let reports = in_threads(|_| gateway.client().get(&format!("/reports/{symbol}")).json());
        assert!(reports.iter().all(|report| *report == reports[0]), "{reports:?}");
        assert_eq!((&reports[0]["symbol"], &reports[0]["number"]), (&json!(symbol.to_uppercase()), &json!(number)));
    }
    // An error is shared by those who wait for it, and not kept.
    let failed = in_threads(|_| gateway.client().get("/reports/pine"));
    assert!(failed.iter().all(|reply| reply.status == 404 && reply.body.contains("nobody reports on `PINE`")));
    let [entries, _, hits, misses, inserts, ..] = gateway.stats().row("reports");
    assert_eq!((entries, inserts, hits + misses), (2, 2, 3 * THREADS as u64));
}

#[test]
fn each_mistake_has_its_status() {
    let gateway = Gateway::start(&NO_LIMIT);
    let (known, stranger) = (gateway.log_in("ada"), gateway.client());
    let (price, long) = (Some(r#"{"cents": 1}"#), format!(r#"{{"user": "{}"}}"#, "x".repeat(4096)));

    for (client, method, path, body, status) in [
        (&stranger, "GET", "/me", None, 401),
        (&stranger, "POST", "/logout", None, 401),
        (&stranger, "PUT", "/prices/oak", price, 401),
        (&stranger, "GET", "/prices/none", None, 404),
        (&stranger, "GET", "/prices/much-too-long", None, 404),
        (&stranger, "GET", "/reports/none", None, 404),
        (&known, "PUT", "/prices/none", price, 404),
        (&stranger, "GET", "/nowhere", None, 404),
        (&stranger, "DELETE", "/me", None, 405),
        (&stranger, "POST", "/login", Some("{\"user"), 400),
        (&stranger, "POST", "/login", Some("{}"), 422),
        (&stranger, "POST", "/login", Some(r#"{"user": " "}"#), 422),
        (&known, "PUT", "/prices/oak", Some(r#"{"cents": -1}"#), 422),
        (&stranger, "POST", "/login", Some(&long), 413),
    ] {
        let reply = client.send(method, path, body);
        assert_eq!(reply.status, status, "{method} {path} {body:?}: {}", reply.body);
        assert!(reply.json()["error"].is_string(), "{method} {path} {body:?}: {}", reply.body);
    }

    assert_eq!(stranger.get("/me").header("www-authenticate"), "Bearer");
    let form = stranger.request("POST", "/login", &[("content-type", "application/x-www-form-urlencoded")], "user=ada");
    assert_eq!(form.status, 415);
    for token in ["", "0", "+0000000000000000000000000000000", "00000000000000000000000000000000"] {
        assert_eq!(Client { token: Some(token.to_owned()), ..gateway.client() }.get("/me").status, 401, "{token}");
    }
}

#[test]
fn options_that_make_no_sense_are_named() {
    let run = |options: &[&str]| Command::new(program()).args(options).stdin(Stdio::null()).output().unwrap();
    for options in [
        &["--nonsense"][..],
        &["8080"],
        &["--port"],
        &["--port", "65536"],
        &["--limit", "0"],
        &["--limit", "many"],
        &["--idle", "5"],
        &["--idle", "0s"],
        &["--window", "18446744073709551615h"],
    ] {
        let output = run(options);
        let (out, err) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
        assert_eq!((output.status.code(), out.as_str()), (Some(2), ""), "{options:?}: {err}");
        assert!(options.iter().any(|word| err.contains(word)), "{options:?}: {err}");
    }
    let help = run(&["--help"]);
    assert!(help.status.success() && help.stderr.is_empty());
    let help = String::from_utf8(help.stdout).unwrap();
    assert!(
        ["--port", "--limit", "--window", "--idle", "--state", "--help"].iter().all(|option| help.contains(option)),
        "{help}"
    );
}

#[cfg(unix)]
#[test]
fn a_signal_lets_the_request_in_flight_finish() {
    let mut gateway = Gateway::start(&NO_LIMIT);
    let body = r#"{"user": "ada"}"#;
    let mut request = gateway.begin_login(body.len());
    request.write_all(&body.as_bytes()[..5]).unwrap();

    gateway.terminate();
    eventually("nobody else gets in", || TcpStream::connect(gateway.address).is_err());
    assert!(gateway.process.try_wait().unwrap().is_none(), "it did not wait for the request");

    request.write_all(&body.as_bytes()[5..]).unwrap();
    let mut reply = String::new();
    request.read_to_string(&mut reply).unwrap();
    assert!(reply.starts_with("HTTP/1.1 201 ") && reply.contains(r#""user":"ada""#), "{reply}");
    assert_eq!(gateway.exit().code(), Some(0));
}

#[cfg(unix)]
#[test]
fn a_second_signal_does_not_wait() {
    let mut gateway = Gateway::start(&NO_LIMIT);
    let _never_sent = gateway.begin_login(100);
    gateway.terminate();
    eventually("nobody else gets in", || TcpStream::connect(gateway.address).is_err());
    // Signals that come close together may be taken for one.
    eventually("it ends", || {
        gateway.terminate();
        gateway.process.try_wait().unwrap().is_some()
    });
    assert_eq!(gateway.exit().code(), Some(1));
}

#[cfg(unix)]
#[test]
fn a_restart_goes_on_with_what_was_there() {
    let folder = env::temp_dir().join(format!("sharded-gateway-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    let file = folder.join("state");
    let options = [&NO_LIMIT[..], &["--state", file.to_str().unwrap()]].concat();

    let mut gateway = Gateway::start(&options);
    let client = gateway.log_in("ada");
    assert_eq!(client.get("/me").json()["requests"], 1);
    assert_eq!(client.send("PUT", "/prices/oak", Some(r#"{"cents": 1}"#)).status, 200);
    gateway.terminate();
    assert_eq!(gateway.exit().code(), Some(0));

    let mut gateway = Gateway::start(&options);
    let client = Client { address: gateway.address, ..client };
    let profile = client.get("/me").json();
    assert_eq!((&profile["user"], &profile["requests"]), (&json!("ada"), &json!(3)));
    assert_eq!(client.get("/prices/oak").json()["cents"], 1);
    gateway.terminate();
    assert_eq!(gateway.exit().code(), Some(0));

    // A damaged file is refused, and stays for inspection.
    let mut bytes = fs::read(&file).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&file, &bytes).unwrap();
    let output = Command::new(program()).args(["--port", "0"]).args(&options).output().unwrap();
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.code() == Some(1) && error.contains("the snapshot is damaged"), "{error}");
    assert_eq!(fs::read(&file).unwrap(), bytes);
    fs::remove_dir_all(folder).unwrap();
}

/// Runs something in several threads at a time, each of which gets its number.
fn in_threads<R: Send>(run: impl Fn(usize) -> R + Sync) -> Vec<R> {
    thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS)
            .map(|thread| {
                scope.spawn({
                    let run = &run;
                    move || run(thread)
                })
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    })
}

/// The first result of something that can be judged only where this machine was fast enough.
fn in_time<R>(mut run: impl FnMut() -> Option<R>) -> R {
    TRIES.into_iter().find_map(|_| run()).expect("this machine is too slow to tell")
}
