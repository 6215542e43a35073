//! A shard while its exclusive lock is held: the only code that stores, replaces, changes, removes, expires and evicts.
//!
//! | file | what it does |
//! |---|---|
//! | `locked.rs` | the session itself |
//! | `find.rs` | finds entries, and notes their use |
//! | `store.rs` | stores and replaces |
//! | `change.rs` | lends values for changing, and weighs them anew |
//! | `depart.rs` | takes entries out, for whatever cause |
//! | `room.rs` | takes units of the capacity, and evicts |
//! | `expire.rs` | removes what has expired |
//! | `staged.rs` | makes the changes of a transaction: first all that may fail or run user code, then the rest |

mod change;
mod depart;
mod expire;
mod find;
mod locked;
mod room;
mod staged;
mod store;

pub(crate) use locked::{STEPS_PER_WRITE, Session, no_room};
