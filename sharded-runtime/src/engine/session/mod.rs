//! A shard while its exclusive lock is held: the only code that stores, replaces, changes, removes, expires and evicts.
//!
//! | file | what it does |
//! |---|---|
//! | `locked.rs` | the session itself: finds entries, and notes their use |
//! | `store.rs` | stores and replaces |
//! | `change.rs` | changes values in place, and updates their weights |
//! | `depart.rs` | removes entries, for any cause, also expired ones |
//! | `room.rs` | takes units of the capacity, and evicts |
//! | `indexed.rs` | keeps indexes |
//! | `times.rs` | sets when an entry expires |
//! | `staged.rs` | makes the changes of a transaction: first the parts that may fail or run user code, then the rest |

mod change;
mod depart;
mod indexed;
mod locked;
mod room;
mod staged;
mod store;
mod times;

pub(crate) use indexed::Taken;
pub(crate) use locked::{STEPS_PER_WRITE, Session, no_room};
