//! Which cache lines a read touches, and by which instructions.
//!
//! `lines read LOCK` has two threads read the same entries, one thread after the other. Valgrind writes down each
//! access to memory. `lines judge TRACE DISASSEMBLY` then fails if one thread stores to a line that the other one
//! touches, or if a read executes a locked instruction or a fence. `.ci/read-path` runs both.

use sharded::{Store as _, sharded};
use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    env, fs,
    hint::black_box,
    io::{self, BufRead, BufReader},
    process::ExitCode,
    sync::{
        Barrier,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    thread,
    time::Duration,
};

/// Where a thread stores before and after its reads. The judge finds the phases by these stores.
#[repr(align(128))]
struct Marks([AtomicU64; 2]);

static MARKS: Marks = Marks([AtomicU64::new(0), AtomicU64::new(0)]);

#[sharded(shards = 4)]
struct Maps {
    #[shard(lock = Rcu, unbounded = "a few entries")]
    rcu: HashMap<String, Vec<u64>>,
    #[shard(lock = RwLock, unbounded = "a few entries")]
    rwlock: HashMap<String, Vec<u64>>,
    #[shard(lock = Mutex, unbounded = "a few entries")]
    mutex: HashMap<String, Vec<u64>>,
    /// Writes the marks of entries, which the first read of an entry sets.
    #[shard(lock = Rcu, capacity = 1000, evict = Sieve)]
    cache: HashMap<String, Vec<u64>>,
}

const ENTRIES: u64 = 60;
const ROUNDS: u64 = 3;

fn main() -> ExitCode {
    let arguments: Vec<_> = env::args().skip(1).collect();
    let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        ["read", lock] => read(lock),
        ["judge", trace, disassembly] => match judge(trace, disassembly) {
            Ok(true) => return ExitCode::SUCCESS,
            Ok(false) => {}
            Err(error) => eprintln!("lines: {error}"),
        },
        _ => eprintln!("lines: `read LOCK` or `judge TRACE DISASSEMBLY`"),
    }
    ExitCode::from(u8::from(arguments.first() != Some(&"read")))
}

fn key(number: u64) -> String {
    format!("a key of 24 bytes, no {number:02}")
}

macro_rules! read {
    ($map:expr) => {{
        let map = $map;
        for number in 0..ENTRIES {
            map.insert(key(number), vec![number; 8]);
        }
        let turns = Barrier::new(2);
        thread::scope(|scope| {
            for thread in 0..2 {
                let turns = &turns;
                scope.spawn(move || {
                    let keys: Vec<_> = (0..ENTRIES).map(key).collect();
                    let read = || {
                        for key in &keys {
                            black_box(map.with(black_box(key.as_str()), |value| value[0]));
                        }
                    };
                    // The first reads of a thread set up what it has for itself.
                    read();
                    turns.wait();
                    for turn in 0..2 {
                        if turn == thread {
                            // The other thread comes to the next barrier meanwhile. What it does on the way has locked
                            // instructions, which would count for this one.
                            thread::sleep(Duration::from_millis(500));
                            MARKS.0[0].store(turn + 1, Relaxed);
                            (0..ROUNDS).for_each(|_| read());
                            MARKS.0[1].store(turn + 1, Relaxed);
                        }
                        turns.wait();
                    }
                });
            }
        });
    }};
}

fn read(lock: &str) {
    println!("{:x}", MARKS.0.as_ptr().addr());
    let maps = Maps::new();
    // Readers need no fence once the process has registered for `membarrier`, which takes a while.
    for _ in 0..20 {
        maps.sweep();
        thread::sleep(Duration::from_millis(10));
    }
    match lock {
        "rcu" => read!(maps.rcu()),
        "cache" => read!(maps.cache()),
        "rwlock" => read!(maps.rwlock()),
        "mutex" => read!(maps.mutex()),
        _ => panic!("there is no map `{lock}`"),
    }
}

/// What a thread touched in its phase.
#[derive(Default)]
struct Phase {
    loads: BTreeSet<u64>,
    stores: BTreeSet<u64>,
    instructions: BTreeSet<u64>,
    executed: u64,
}

/// The first line of the trace is what `lines read` has printed: the address of the marks.
fn judge(trace: &str, disassembly: &str) -> io::Result<bool> {
    let bad = |what: &str| io::Error::other(what.to_owned());
    let hex = |text: &str| u64::from_str_radix(text, 16).ok();
    let mut lines = BufReader::new(fs::File::open(trace)?).lines();
    let first = lines.next().ok_or_else(|| bad("the trace is empty"))??;
    let marks = hex(first.trim()).ok_or_else(|| bad("the trace has no address of the marks"))?;
    let mut phases = [Phase::default(), Phase::default()];
    let (mut current, mut begun) = (None, 0);
    for line in lines {
        let line = line?;
        let Some((kind, access)) = line.trim_start().split_once(' ') else { continue };
        let Some((address, size)) = access.trim().split_once(',') else { continue };
        let (Some(address), Ok(size)) = (hex(address), size.trim().parse::<u64>()) else { continue };
        if (kind == "S" || kind == "M") && (address == marks || address == marks + 8) {
            current = (address == marks).then_some(begun);
            begun += usize::from(address == marks);
            continue;
        }
        let Some(phase) = current.and_then(|phase| phases.get_mut(phase)) else { continue };
        let touched = address / 64..=(address + size - 1) / 64;
        match kind {
            "I" => {
                phase.executed += 1;
                phase.instructions.insert(address);
            }
            "L" => phase.loads.extend(touched),
            "S" => phase.stores.extend(touched),
            "M" => {
                phase.loads.extend(touched.clone());
                phase.stores.extend(touched);
            }
            _ => {}
        }
    }
    let [one, other] = &phases;
    let reads = ENTRIES * ROUNDS;
    if begun != 2 || one.executed < 50 * reads || other.executed < 50 * reads {
        return Err(bad("the trace lacks a phase"));
    }
    let shared: BTreeSet<_> = [(one, other), (other, one)]
        .iter()
        .flat_map(|(writer, reader)| writer.stores.iter().filter(|line| reader.touches(**line)))
        .collect();
    println!(
        "{} instructions a read; lines: {} loaded, {} stored, {} of them touched by the other thread",
        one.executed / reads,
        one.loads.len(),
        one.stores.len(),
        shared.len()
    );
    let synchronizing = synchronizing(disassembly)?;
    let mut executed = 0;
    for instruction in one.instructions.union(&other.instructions) {
        if let Some(text) = synchronizing.get(instruction) {
            println!("executed: {instruction:x} {text}");
            executed += 1;
        }
    }
    Ok(shared.is_empty() && executed == 0)
}

impl Phase {
    fn touches(&self, line: u64) -> bool {
        self.loads.contains(&line) || self.stores.contains(&line)
    }
}

/// The instructions of the program that lock a cache line or pass a fence, by address, as `objdump -d` prints them.
fn synchronizing(disassembly: &str) -> io::Result<BTreeMap<u64, String>> {
    let mut found = BTreeMap::new();
    for line in BufReader::new(fs::File::open(disassembly)?).lines() {
        let line = line?;
        let mut columns = line.split('\t');
        let (Some(address), Some(_), Some(text)) = (columns.next(), columns.next(), columns.next()) else { continue };
        let Ok(address) = u64::from_str_radix(address.trim().trim_end_matches(':'), 16) else { continue };
        let is_exchange = text.starts_with("xchg") && text.contains('(');
        if text.starts_with("lock") || text.starts_with("mfence") || is_exchange {
            found.insert(address, text.trim().to_owned());
        }
    }
    if found.is_empty() {
        return Err(io::Error::other("the disassembly has no locked instruction"));
    }
    Ok(found)
}
