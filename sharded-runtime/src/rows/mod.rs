//! Several keys in one critical section, also of several maps.
//!
//! A [`Row`] is one key of one map. [`transaction`](fn@transaction) locks the shards of all its rows in one order, runs
//! a closure, and then makes all the changes that it has asked for, or none. [`observe`](fn@observe) reads rows of one
//! moment.
//!
//! ```
//! use sharded::sharded;
//! use std::collections::HashMap;
//!
//! #[sharded(ttl = never)]
//! struct Shop {
//!     #[shard(unbounded = "one entry per product")]
//!     stock: HashMap<String, u32>,
//!     #[shard(ttl = "15m")]
//!     reservations: HashMap<u64, String>,
//! }
//!
//! #[derive(Debug, PartialEq)]
//! struct SoldOut;
//!
//! let shop = Shop::new();
//! shop.stock().insert("apple".to_owned(), 1);
//! let reserve = |order: u64| {
//!     sharded::transaction(
//!         (shop.stock().row("apple"), shop.reservations().row(&order)),
//!         |(stock, reservation)| {
//!             let left = stock.get().copied().unwrap_or(0).checked_sub(1).ok_or(SoldOut)?;
//!             stock.insert(left);
//!             reservation.insert("apple".to_owned());
//!             Ok(())
//!         },
//!     )
//! };
//! assert!(reserve(1).is_ok());
//! assert_eq!(reserve(2).unwrap_err().into_failure(), Some(SoldOut));
//! assert_eq!((shop.stock().get("apple"), shop.reservations().len()), (Some(0), 1));
//! ```
//!
//! # When not to use it
//!
//! Where the same keys always change together, one map with a struct as its value is simpler and faster: a single call
//! such as [`with_mut`](crate::ShardedMap::with_mut) takes one lock and searches once. A transaction is for entries
//! that are mostly used by themselves and sometimes change together, such as two accounts, or a stock and an order.

mod access;
mod arrangement;
mod direct;
mod error;
mod locked;
mod locking;
#[cfg(all(test, loom))]
mod models;
mod observe;
mod pair;
mod row;
mod row_mut;
mod row_ref;
mod sequences;
mod single;
mod staged;
mod transaction;
mod tuples;
mod unlocked;
mod wanted;

pub use access::Rows;
pub use error::TransactionError;
pub use observe::observe;
pub use row::Row;
pub use row_mut::RowMut;
pub use row_ref::RowRef;
pub use transaction::transaction;
