//! The code that maps and sets share: [`common_items`] defines it for both, with the words of each in the documentation
//! and in the examples.
//!
//! Methods with bounds of their own, such as `touch`, are written by hand for each: an error about a bound quotes the
//! method, and should not show a macro.

mod traits;
mod whole;

pub(crate) use traits::common_traits;
pub(crate) use whole::whole_methods;

/// Defines the methods and traits that [`ShardedMap`](crate::ShardedMap) and [`ShardedSet`](crate::ShardedSet) share.
/// Both have a method `core` for the bodies.
///
/// - `item` is the type that `extend` and `collect` take, `value` the type of the values.
/// - `words` are what the documentation calls the type, one of its entries, and several of them.
/// - `declared` is the type of the field `names` in the store `Shop` of the examples, and `store` the hidden
///   declaration of that store, with all that the examples import.
/// - `insert` is the statement by which the examples insert an entry with the key "ada".
macro_rules! common_items {
    ($($arguments:tt)*) => {
        $crate::map::common::common_traits! { $($arguments)* }
        $crate::map::common::whole_methods! { $($arguments)* }
    };
}

pub(crate) use common_items;
