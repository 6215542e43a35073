//! A store is saved and restored, and is what it was: its live entries with the times that they have left. A file that
//! is not what was saved changes nothing.

#[path = "../common/mod.rs"]
mod common;
mod damage;
mod deep;
mod forms;
mod meanwhile;
mod restarts;
mod stores;
mod told;
