//! Tokens become what was written, option by option. A rule about several options is in `check`.

pub(crate) mod declaration;
pub(crate) mod item;
pub(crate) mod itself;
pub(crate) mod list;
pub(crate) mod options;
pub(crate) mod values;
