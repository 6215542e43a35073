//! The forms of values, each with its parser. A parser knows one value alone: rules about several options are in
//! `check`.

pub(crate) mod bytes;
pub(crate) mod capacity;
pub(crate) mod choice;
pub(crate) mod duration;
pub(crate) mod field;
pub(crate) mod function;
pub(crate) mod percent;
pub(crate) mod reason;
pub(crate) mod shards;
pub(crate) mod tier;
pub(crate) mod ttl;
pub(crate) mod value;
