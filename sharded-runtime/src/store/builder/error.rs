//! Mistakes in the overrides of a builder.

use crate::{Policy, shards::MAX_SHARDS};
use std::{error::Error, fmt, time::Duration};

/// An option that no store or map can be built with, such as a ttl of zero.
///
/// It is an override, or comes from a type of the user's own: the number of a
/// [`ShardCount`](crate::shards::ShardCount), or a node that a [`Placement`](crate::placement::Placement) names and
/// this machine does not have. Or there is no memory for a field that [takes it in
/// advance](super::FieldOptions::preallocate). The first one counts. `checked()` of a store's builder returns that of
/// the overrides, and [`try_with_options`](crate::ShardedMap::try_with_options) of a map any. `build()` and
/// [`with_options`](crate::ShardedMap::with_options) panic with its message, at the place of their call.
///
/// # Examples
///
/// ```
/// use sharded::sharded;
/// use std::{collections::HashMap, time::Duration};
///
/// #[sharded(ttl = "1h")]
/// struct Shop {
///     carts: HashMap<u64, String>,
/// }
///
/// // From a configuration file.
/// let (ttl, shards) = (Duration::ZERO, 3);
/// let error = Shop::builder().carts(|carts| carts.ttl(ttl)).checked().unwrap_err();
/// assert_eq!((error.field(), error.option()), (Some("carts"), "ttl"));
/// assert_eq!(error.to_string(), "the ttl of `carts` must not be zero");
///
/// let error = Shop::builder().shards(shards).checked().unwrap_err();
/// assert_eq!((error.field(), error.option()), (None, "shards"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BuildError {
    field: Option<&'static str>,
    option: &'static str,
    mistake: Mistake,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Mistake {
    /// A time of zero.
    Zero,
    /// A number of shards that is no power of two, or is too large.
    Shards(usize),
    /// What is wrong with the node that a placement names.
    Placement(String),
    /// Why the memory can't be taken in advance.
    Memory(String),
    /// The policy requires a function that is not there.
    Lacking,
    /// There is something that the policy does not use: a function, or a ttl where a function says how long an entry
    /// lives.
    Needless,
}

impl BuildError {
    /// `Ok` for a time that is not zero.
    pub(crate) fn check_time(field: &'static str, option: &'static str, time: Duration) -> Result<(), Self> {
        if time.is_zero() { Err(BuildError { field: Some(field), option, mistake: Mistake::Zero }) } else { Ok(()) }
    }

    /// `Ok` for a time to live of a policy that has one for all entries.
    pub(crate) fn check_ttl<P: Policy>(ttl: Duration) -> Result<(), Self> {
        if P::TTL_OF_ENTRY {
            return Err(BuildError { field: Some(P::NAME), option: "ttl", mistake: Mistake::Needless });
        }
        Self::check_time(P::NAME, "ttl", ttl)
    }

    /// A placement of the user's own that names a node on which no memory can be.
    pub(crate) fn placement(field: &'static str, why: String) -> Self {
        BuildError { field: Some(field), option: "placement", mistake: Mistake::Placement(why) }
    }

    /// Memory that can't be taken in advance.
    pub(crate) fn memory(field: &'static str, why: String) -> Self {
        BuildError { field: Some(field), option: "preallocate", mistake: Mistake::Memory(why) }
    }

    /// `Ok` for a number of shards that a map can have.
    pub(crate) fn check_shards(field: Option<&'static str>, shards: usize) -> Result<(), Self> {
        if shards.is_power_of_two() && shards <= MAX_SHARDS {
            return Ok(());
        }
        Err(BuildError { field, option: "shards", mistake: Mistake::Shards(shards) })
    }

    /// `Ok` if each of these functions is given exactly if the policy requires it. They are an option, whether it is
    /// given, and whether it is required.
    pub(crate) fn check_functions(field: &'static str, all: [(&'static str, bool, bool); 4]) -> Result<(), Self> {
        let wrong = all.into_iter().find(|(_, is_given, is_wanted)| is_given != is_wanted);
        wrong.map_or(Ok(()), |(option, is_given, _)| {
            let mistake = if is_given { Mistake::Needless } else { Mistake::Lacking };
            Err(BuildError { field: Some(field), option, mistake })
        })
    }

    /// The field whose option it is. `None` if the option was given for the whole store.
    ///
    /// # Examples
    ///
    /// See [`BuildError`].
    #[must_use]
    pub fn field(&self) -> Option<&str> {
        self.field
    }

    /// The option: the name of the method of [`FieldOptions`](super::FieldOptions) or
    /// [`StoreOptions`](super::StoreOptions) that sets it, `"index"`, or `"placement"`.
    ///
    /// # Examples
    ///
    /// See [`BuildError`].
    #[must_use]
    pub fn option(&self) -> &str {
        self.option
    }
}

impl fmt::Display for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let BuildError { field, option, mistake } = self;
        let field = field.unwrap_or_default();
        match mistake {
            Mistake::Zero => {
                let time = if *option == "idle" { "idle time" } else { option };
                write!(f, "the {time} of `{field}` must not be zero")
            }
            Mistake::Shards(shards) => {
                f.write_str("the number of shards ")?;
                if !field.is_empty() {
                    write!(f, "of `{field}` ")?;
                }
                write!(f, "must be a power of two, at most {MAX_SHARDS}, but is {shards}")
            }
            Mistake::Placement(why) => write!(f, "the placement of `{field}` names {why}"),
            Mistake::Memory(why) => write!(f, "the memory of `{field}` can't be taken in advance: {why}"),
            Mistake::Lacking => {
                write!(f, "the policy of `{field}` asks for {}, and its options have none", function(option))
            }
            Mistake::Needless => {
                write!(f, "the options of `{field}` have {}, which its policy does not ask for", function(option))
            }
        }
    }
}

impl Error for BuildError {}

/// The store or map, if there is no mistake in its options.
///
/// # Panics
///
/// If there is one.
#[track_caller]
pub(crate) fn built<T>(store: Result<T, BuildError>) -> T {
    match store {
        Ok(store) => store,
        Err(mistake) => panic!("{mistake}"),
    }
}

/// What a function of an option is called in messages.
fn function(option: &str) -> &str {
    match option {
        "weigher" => "a weigher",
        "evictable" => "a function for `evictable`",
        "ttl_of" => "a function for the ttl of an entry",
        "ttl" => "a ttl",
        _ => "an index",
    }
}
