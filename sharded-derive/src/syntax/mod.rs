//! Parses the declaration, option by option. Rules about several options are in `check`.

pub(crate) mod declaration;
pub(crate) mod item;
pub(crate) mod itself;
pub(crate) mod list;
pub(crate) mod options;
pub(crate) mod values;
