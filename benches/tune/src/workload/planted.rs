//! Six workloads with known problems, for checking the advice.

use super::{Declared, FieldWorkload, Mix, Synthetic};

/// Each with its name and the policy without declarations. Only the cache declares an eviction, one that scans are
/// known to pollute.
pub(crate) fn planted(threads: u64) -> Vec<(&'static str, FieldWorkload)> {
    let usual = || Synthetic { threads, ..Synthetic::default() };
    let reads = Mix { get: 100, ..Mix::default() };
    let workloads = [
        ("read-only hot set", Synthetic { mix: reads, keys: 1000, skew: 0.99, ..usual() }),
        (
            "write-heavy uniform",
            Synthetic { mix: Mix { insert: 50, remove: 50, ..Mix::default() }, keys: 200_000, skew: 0.0, ..usual() },
        ),
        (
            "one hot key",
            Synthetic {
                mix: Mix { update: 100, ..Mix::default() },
                keys: 10_000,
                skew: 0.5,
                hot: 0.9,
                copy: false,
                ..usual()
            },
        ),
        (
            "large values under long reads",
            Synthetic {
                mix: Mix { read: 99, update: 1, ..Mix::default() },
                keys: 64,
                skew: 1.2,
                value_bytes: 4096,
                copy: false,
                hold_ns: 5_000,
                ..usual()
            },
        ),
        (
            "scan-polluted cache",
            Synthetic {
                mix: Mix { load: 100, ..Mix::default() },
                keys: 8_000,
                skew: 0.8,
                scan: 50,
                declared: Declared { capacity: Some(1_000), evict: "Lru".to_owned(), ..Declared::default() },
                copy: false,
                ..usual()
            },
        ),
        ("tiny map", Synthetic { mix: Mix { get: 99, update: 1, ..Mix::default() }, keys: 16, skew: 0.5, ..usual() }),
    ];
    let workload = |(name, workload): (&'static str, Synthetic)| (name, workload.workload().expect("possible"));
    workloads.into_iter().map(workload).collect()
}
