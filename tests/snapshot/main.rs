//! A store that is saved and restored has the same live entries, with the times that they had left. A damaged file
//! changes nothing.

#[path = "../common/mod.rs"]
mod common;
mod damage;
mod deep;
mod forms;
mod meanwhile;
mod restarts;
mod stores;
mod told;
