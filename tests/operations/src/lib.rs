//! Operations of a map as values, the reference model with the right answer to each, and the trial that compares both.
//!
//! | file | what is in it |
//! |---|---|
//! | `ops.rs` | the operations and their answers |
//! | `bytes.rs` | sequences of operations, decoded from bytes |
//! | `reference.rs`, `queues.rs` | the reference model: std's map with deadlines, and the queues of LRU and SIEVE |
//! | `made.rs` | keys and values that are made of numbers |
//! | `subject.rs`, `calls.rs`, `set.rs`, `indexed.rs` | maps, sets and maps with indexes of any policy, behind one trait |
//! | `rows.rs` | transactions, and reads of several keys |
//! | `trial.rs` | each operation on the map and on the model |
//!
//! ```
//! use sharded::{clock::Manual, evict::Lru, lock::Mutex};
//! use sharded_operations::{
//!     Bytes, Keyed, Keys, Map, Of, Traits, Trial, build, policy::Never, read,
//! };
//! use std::hash::RandomState;
//!
//! let ops = read(&mut Bytes::new(&[7, 3, 20, 5, 61, 40, 0]), 1);
//! let clock = Manual::new();
//! let map: Map<u32, u32, Mutex, Never, Lru, RandomState> = build::<Of<Mutex, Never, Lru>, _>(&clock, 4, 12);
//! let subject = Keyed { map, keys: Keys::FromZero };
//! Trial::new(&"an example", Traits::of::<Mutex, Never, Lru>(), &clock, &subject).run(ops);
//! ```

mod bytes;
mod calls;
mod indexed;
mod made;
mod ops;
#[path = "../../common/policy.rs"]
#[allow(missing_docs, missing_debug_implementations, reason = "it belongs to the tests")]
pub mod policy;
mod queues;
mod reference;
mod rows;
mod set;
mod subject;
mod trial;

pub use bytes::{Bytes, read};
pub use calls::{EvictionCalls, ExpiryCalls, Hasher, Nonsense};
pub use indexed::Indexed;
pub use made::{Heap, Keys, Made, MadeKey, Words};
pub use ops::{Answer, Decision, IDLE_MS, Key, Op, RowStep, TTL_MS, Value};
pub use policy::Of;
pub use queues::Queue;
pub use subject::{Keyed, Log, Map, Set, Subject, build};
pub use trial::{Traits, Trial};
