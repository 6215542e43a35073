//! What is advised is a policy that serves the workload, and what is printed can be pasted. No test says which policy
//! is the fastest: that depends on the machine and on what else it does; `sharded-tune planted` measures it.

mod common;

use common::sharded_tune;
use sharded_tune::{
    Candidate, Lock, Options, Verdict,
    source::edited,
    tune,
    workload::{Declared, Mix, Synthetic, Workload},
};
use std::time::Duration;

fn short() -> Options {
    Options { time: Duration::from_millis(400), threads: Some(2), ..Options::default() }
}

#[test]
fn values_that_are_not_copy_are_never_given_an_optimistic_lock() {
    let mix = Mix { get: 1, ..Mix::default() };
    let workload = Synthetic { mix, keys: 100, copy: false, ..Synthetic::default() }.workload().expect("possible");
    let outcome = tune(&workload, &short());
    assert!(!matches!(outcome.verdict, Verdict::Change { to: Candidate { lock: Lock::Optimistic, .. }, .. }));
    assert!(!outcome.line().contains("Optimistic"));
}

#[test]
fn what_can_not_be_tried_is_said_and_left() {
    for (declared, word) in [
        (Declared { lock: "self::Fair".to_owned(), ..Declared::default() }, "self::Fair"),
        (Declared { capacity: Some(10), evict: "Reject".to_owned(), ..Declared::default() }, "Reject"),
    ] {
        let workload = Synthetic { declared, ..Synthetic::default() }.workload().expect("possible");
        let outcome = tune(&workload, &short());
        assert!(matches!(&outcome.verdict, Verdict::Untried(why) if why.contains(word)), "{outcome}");
        assert!(outcome.changes().is_empty());
    }
}

#[test]
fn a_cache_keeps_its_capacity_and_its_times() {
    let mix = Mix { load: 1, ..Mix::default() };
    let declared =
        Declared { capacity: Some(1_000), evict: "Lru".to_owned(), ttl_ms: Some(90_000), ..Declared::default() };
    let workload =
        Synthetic { mix, keys: 5_000, scan: 50, declared, ..Synthetic::default() }.workload().expect("possible");
    let line = tune(&workload, &short()).line();
    assert!(line.contains("capacity = 1_000, evict = ") && line.contains("ttl = \"90s\""), "{line}");
    assert!(!line.contains("unbounded"), "{line}");
}

#[test]
fn without_time_the_advice_is_not_to_change_anything() {
    let workload = Synthetic { keys: 1000, ..Synthetic::default() }.workload().expect("possible");
    let outcome = tune(&workload, &Options { time: Duration::ZERO, ..short() });
    assert!(matches!(outcome.verdict, Verdict::Untried(_)), "{outcome}");
    assert!(outcome.changes().is_empty());
}

#[test]
fn the_command_replays_a_saved_load_and_writes_its_page() {
    let folder = std::env::temp_dir().join(format!("sharded-tune-advice-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    let [workload, page] = ["workload.json", "report.html"].map(|name| folder.join(name).display().to_string());
    let saved = sharded_tune(&["--mix", "load=1", "--keys", "60", "--capacity", "20", "--save", &workload]);
    assert!(saved.status.success(), "{saved:?}");
    assert_eq!(Workload::read(workload.as_ref()).expect("a workload").fields[0].declared.evict, "Adaptive");

    // As long as this machine needs to come to an advice, with all else that it does.
    let replayed = |time: &&str| {
        let replayed = sharded_tune(&[&workload, "--time", time, "--threads", "2", "--report", &page]);
        assert!(replayed.status.success(), "{replayed:?}");
        let text = String::from_utf8(replayed.stdout).expect("text");
        text.contains("the knee").then_some(text)
    };
    let text = ["4s", "8s", "16s", "60s"].iter().find_map(replayed).expect("an advice");
    assert!(text.contains("Store.map, 2 thread(s)") && text.contains("hits"), "{text}");
    let page = std::fs::read_to_string(&page).expect("a page");
    let hits = page.rsplit("Hits over capacity").next().expect("curves");
    assert!(["Sieve", "Lru", "Adaptive", "S3Fifo", "TinyLfu"].iter().all(|evict| hits.contains(evict)), "{page}");
    assert!(!page.contains("http"), "nothing comes from elsewhere");

    std::fs::write(&workload, std::fs::read_to_string(&workload).expect("read").replace("\"get\":0", "\"get\":1"))
        .expect("written");
    let refused = sharded_tune(&[&workload]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("damaged"), "{refused:?}");
    std::fs::remove_dir_all(&folder).expect("removed");
}

#[test]
fn the_command_says_what_is_wrong_with_its_arguments() {
    for (arguments, word) in [
        (&["--mix", "fly=1"][..], "fly"),
        (&["--time", "soon"], "soon"),
        (&["no-such-file.json"], "no-such-file.json"),
        (&["planted", "--keys", "7"], "--keys"),
        (&["--shards", "48"], "shards"),
        (&["--colour", "7"], "--colour"),
    ] {
        let output = sharded_tune(arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(String::from_utf8_lossy(&output.stderr).contains(word), "{output:?}");
    }
}

#[test]
fn what_is_changed_can_be_written_into_a_source() {
    let text = "#[sharded]\nstruct Store {\n    #[shard(unbounded = \"few\")]\n    map: HashMap<u64, u64>,\n}\n";
    let workload = Synthetic { keys: 16, ..Synthetic::default() }.workload().expect("possible");
    let changes = tune(&workload, &short()).changes();
    let new = edited(text, "Store", "map", &changes).expect("it is there");
    for (option, value) in &changes {
        assert!(new.contains(&format!("{option} = {value}")), "{new}");
    }
    assert_eq!(new == text, changes.is_empty());
}
