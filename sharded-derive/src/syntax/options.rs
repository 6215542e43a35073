//! Which options there are, where each may stand, and what was written for each.

use super::entries::{Entry, Given, entries};
use super::value::Value;
use super::{
    Capacity, Choice, Hasher, Shards, Share, Time, capacity, choice, duration, function, percent, reason, shards,
};
use crate::{diag::Diagnostics, suggest};
use proc_macro2::TokenStream;
use quote::quote;
use std::rc::Rc;

/// What an attribute stands on.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Place {
    Struct,
    Field,
}

/// An option as the user learns of it.
struct Known {
    name: &'static str,
    /// How it is written.
    form: &'static str,
    /// `None`: on both.
    only_on: Option<Place>,
    /// What it is called elsewhere.
    synonyms: &'static [&'static str],
}

const KNOWN: [Known; 18] = [
    known("shards", "shards = 16", None, &["buckets", "segments", "stripes", "partitions"]),
    known("lock", "lock = RwLock", None, &["mutex", "rwlock", "guard"]),
    known(
        "ttl",
        "ttl = \"5m\"",
        None,
        &[
            "expire",
            "expires",
            "expiry",
            "expiration",
            "expire_after",
            "max_age",
            "timeout",
            "lifetime",
            "time_to_live",
        ],
    ),
    known("ttl_jitter", "ttl_jitter = \"10%\"", None, &["jitter", "spread", "fuzz"]),
    known("idle", "idle = \"30m\"", None, &["tti", "time_to_idle", "idle_time", "idle_timeout"]),
    known(
        "refresh_after",
        "refresh_after = \"1m\"",
        None,
        &["refresh", "reload", "reload_after", "refresh_after_write", "stale_after", "refresh_interval"],
    ),
    known("capacity", "capacity = 10_000", None, &["max", "size", "limit", "max_size", "max_capacity", "max_entries"]),
    known("evict", "evict = Lru", None, &["eviction", "evicts", "policy"]),
    known("weight", "weight = weight_of_page", Some(Place::Field), &["weigher", "cost", "weigh"]),
    known("evictable", "evictable = is_evictable", Some(Place::Field), &["pinned", "keep", "unpinned"]),
    known("unbounded", "unbounded = \"one entry per country\"", Some(Place::Field), &["reason", "no_bound"]),
    known("hasher", "hasher = SipHash", None, &["hash", "build_hasher"]),
    known("numa", "numa = Spread", None, &["node", "nodes", "placement", "pin"]),
    known("clock", "clock = Boot", None, &["time", "timer"]),
    known("snapshot", "snapshot", Some(Place::Struct), &["snapshots", "save", "load", "persist", "serde", "serialize"]),
    known("record", "record", Some(Place::Struct), &["recorder", "recording", "sample", "trace", "tune"]),
    known("skip", "skip", Some(Place::Field), &["ignore", "plain"]),
    known("crate", "crate = ::renamed", Some(Place::Struct), &["path", "krate"]),
];

const fn known(
    name: &'static str,
    form: &'static str,
    only_on: Option<Place>,
    synonyms: &'static [&'static str],
) -> Known {
    Known { name, form, only_on, synonyms }
}

/// An option that was given.
pub(crate) struct Written<T> {
    /// `None` where the value is wrong, which has been reported: other rules then hold their peace.
    pub(crate) value: Option<T>,
    /// All of it, to point at.
    pub(crate) tokens: TokenStream,
}

/// An option, if it was given. Shared, since the struct's options become those of many fields.
type Slot<T> = Option<Rc<Written<T>>>;

/// All that was given in one place.
#[derive(Default)]
pub(crate) struct Options {
    pub(crate) shards: Slot<Shards>,
    pub(crate) lock: Slot<Choice>,
    pub(crate) ttl: Slot<Time>,
    pub(crate) ttl_jitter: Slot<Share>,
    pub(crate) idle: Slot<Time>,
    pub(crate) refresh_after: Slot<Time>,
    pub(crate) capacity: Slot<Capacity>,
    pub(crate) evict: Slot<Choice>,
    pub(crate) weight: Slot<TokenStream>,
    pub(crate) evictable: Slot<TokenStream>,
    pub(crate) unbounded: Slot<String>,
    pub(crate) hasher: Slot<Hasher>,
    pub(crate) numa: Slot<Choice>,
    pub(crate) clock: Slot<Choice>,
    pub(crate) skip: Slot<()>,
    pub(crate) snapshot: Slot<()>,
    pub(crate) record: Slot<()>,
    pub(crate) krate: Slot<TokenStream>,
    /// Something was given that means nothing here.
    pub(crate) unknown: bool,
}

/// Where the runtime is found, by what is given to the attribute. What is wrong with that is not reported here.
pub(crate) fn krate(attribute: TokenStream) -> TokenStream {
    let (mut options, mut diag) = (Options::default(), Diagnostics::new());
    options.read(attribute, Place::Struct, &mut diag);
    drop(diag.into_compile_errors());
    options.krate()
}

impl Options {
    /// Adds the options of one attribute.
    pub(crate) fn read(&mut self, list: TokenStream, place: Place, diag: &mut Diagnostics) {
        let entries = entries(list, diag);
        let mut guesses = Vec::new();
        for entry in &entries {
            match find(entry, place, diag) {
                Found::Option(option) => self.note(option.name, entry, false, diag),
                Found::Perhaps(option) => guesses.push((option.name, entry)),
                Found::Nothing => self.unknown = true,
            }
        }
        // A misspelt option counts as given with a wrong value, so that no rule complains of its absence.
        for (option, entry) in guesses {
            self.note(option, entry, true, diag);
        }
    }

    fn note(&mut self, option: &'static str, entry: &Entry, guessed: bool, diag: &mut Diagnostics) {
        let mut note = Note { option, entry, guessed, diag };
        match option {
            "shards" => note.take(&mut self.shards, shards::parse),
            "lock" => note.take(&mut self.lock, choice::lock),
            "ttl" => note.take(&mut self.ttl, duration::parse),
            "ttl_jitter" => note.take(&mut self.ttl_jitter, percent::jitter),
            "idle" => note.take(&mut self.idle, duration::parse),
            "refresh_after" => note.take(&mut self.refresh_after, duration::parse),
            "capacity" => note.take(&mut self.capacity, capacity::parse),
            "evict" => note.take(&mut self.evict, choice::evict),
            "weight" => note.take(&mut self.weight, function::parse),
            "evictable" => note.take(&mut self.evictable, function::parse),
            "unbounded" => note.take(&mut self.unbounded, reason::parse),
            "hasher" => note.take(&mut self.hasher, choice::hasher),
            "numa" => note.take(&mut self.numa, choice::numa),
            "clock" => note.take(&mut self.clock, choice::clock),
            "skip" => note.flag(&mut self.skip, "shard"),
            "snapshot" => note.flag(&mut self.snapshot, "sharded"),
            "record" => note.flag(&mut self.record, "sharded"),
            "crate" => note.take(&mut self.krate, choice::krate),
            _ => unreachable!("every known option is noted"),
        }
    }

    /// Where the runtime is found.
    pub(crate) fn krate(&self) -> TokenStream {
        self.krate.as_ref().and_then(|krate| krate.value.clone()).unwrap_or_else(|| quote!(::sharded))
    }

    /// Where the user's own paths may be.
    pub(crate) fn paths(&self) -> impl Iterator<Item = TokenStream> {
        let krate = self.krate.as_ref().map(|krate| krate.tokens.clone());
        self.besides_skip().chain(krate)
    }

    /// The options other than `skip`, to point at.
    pub(crate) fn besides_skip(&self) -> impl Iterator<Item = TokenStream> {
        fn tokens<T>(slot: Option<&Rc<Written<T>>>) -> Option<TokenStream> {
            slot.map(|written| written.tokens.clone())
        }
        [
            tokens(self.shards.as_ref()),
            tokens(self.lock.as_ref()),
            tokens(self.ttl.as_ref()),
            tokens(self.ttl_jitter.as_ref()),
            tokens(self.idle.as_ref()),
            tokens(self.refresh_after.as_ref()),
            tokens(self.capacity.as_ref()),
            tokens(self.evict.as_ref()),
            tokens(self.weight.as_ref()),
            tokens(self.evictable.as_ref()),
            tokens(self.unbounded.as_ref()),
            tokens(self.hasher.as_ref()),
            tokens(self.numa.as_ref()),
            tokens(self.clock.as_ref()),
        ]
        .into_iter()
        .flatten()
    }
}

/// One option on its way into its slot.
struct Note<'a> {
    option: &'static str,
    entry: &'a Entry,
    /// The name was misspelt, which has been reported.
    guessed: bool,
    diag: &'a mut Diagnostics,
}

impl Note<'_> {
    /// For an option with a value.
    fn take<T>(&mut self, slot: &mut Slot<T>, parse: impl FnOnce(&str, &Value, &mut Diagnostics) -> Option<T>) {
        if self.is_new(slot.is_some()) {
            let value = match &self.entry.value {
                _ if self.guessed => None,
                Given::Value(tokens) => parse(self.option, &Value::new(tokens.clone()), self.diag),
                Given::Nothing => {
                    let form = KNOWN.iter().find(|known| known.name == self.option).map_or("", |known| known.form);
                    self.diag.error(&self.entry.tokens, format!("`{}` needs a value: `{form}`", self.option));
                    None
                }
                Given::Wrong => None,
            };
            self.put(slot, value);
        }
    }

    /// For an option without a value.
    fn flag(&mut self, slot: &mut Slot<()>, attribute: &str) {
        if self.is_new(slot.is_some()) {
            if let Given::Value(_) = self.entry.value {
                let message = format!("`{0}` takes no value: `#[{attribute}({0})]`", self.option);
                self.diag.error(&self.entry.tokens, message);
            }
            self.put(slot, Some(()));
        }
    }

    fn is_new(&mut self, is_taken: bool) -> bool {
        if is_taken && !self.guessed {
            self.diag.error(&self.entry.tokens, format!("`{}` is given twice: keep one of the two", self.option));
        }
        !is_taken
    }

    fn put<T>(&mut self, slot: &mut Slot<T>, value: Option<T>) {
        *slot = Some(Rc::new(Written { value, tokens: self.entry.tokens.clone() }));
    }
}

/// What an entry's name means.
enum Found {
    Option(&'static Known),
    /// Not an option, which has been reported, but probably meant to be this one.
    Perhaps(&'static Known),
    /// Not an option of this place, which has been reported.
    Nothing,
}

fn find(entry: &Entry, place: Place, diag: &mut Diagnostics) -> Found {
    let written = entry.name.to_string();
    let Some(option) = KNOWN.iter().find(|option| option.name == written) else {
        return unknown(entry, &written, place, diag);
    };
    let Some(only_on) = option.only_on.filter(|only_on| *only_on != place) else {
        return Found::Option(option);
    };
    let Known { name, form, .. } = option;
    let message = match only_on {
        Place::Struct => format!("`{name}` goes on the struct: `#[sharded({form})]`"),
        Place::Field if *name == "unbounded" => {
            format!("`unbounded` goes on a field, since every map has its own reason: `#[shard({form})]`")
        }
        Place::Field => format!("`{name}` goes on a field: `#[shard({form})]`"),
    };
    diag.error(&entry.tokens, message);
    Found::Nothing
}

fn unknown(entry: &Entry, written: &str, place: Place, diag: &mut Diagnostics) -> Found {
    let here = || KNOWN.iter().filter(|option| option.only_on.is_none_or(|only_on| only_on == place));
    let synonym = here().find(|option| option.synonyms.contains(&written.to_lowercase().as_str()));
    let near = || {
        let name = suggest::nearest(written, here().map(|option| option.name))?;
        here().find(|option| option.name == name)
    };
    let meant = synonym.or_else(near);

    let question = meant.map_or_else(|| ".".to_owned(), |meant| format!(", did you mean `{}`?", meant.name));
    let whose = if place == Place::Struct { "The struct" } else { "A field" };
    let all = suggest::list(here().map(|option| option.name), "and");
    diag.error(&entry.name, format!("unknown option `{written}`{question} {whose} takes {all}"));
    meant.map_or(Found::Nothing, Found::Perhaps)
}
