//! The declaration, resolved: what the checks judge and what the expansion is written from.

use crate::names;
use crate::syntax::{Capacity, Choice, Hasher, Most, Options, Shards, Share, Time, Written};
use proc_macro2::{Ident, TokenStream};
use quote::quote;
use std::{rc::Rc, time::Duration};
use syn::{Attribute, Field, Generics, Visibility};

/// A struct that is to be sharded.
pub(crate) struct Store {
    pub(crate) attrs: Vec<Attribute>,
    /// Attributes of the struct that everything generated for it needs too: `cfg`, lint levels.
    pub(crate) shared_attrs: TokenStream,
    pub(crate) vis: Visibility,
    pub(crate) ident: Ident,
    /// Where the policies and the builder are, so that none of their names can be one of the user's.
    pub(crate) module: Ident,
    pub(crate) builder: Ident,
    /// Fields of the builder, behind those that are called after the user's.
    pub(crate) own: OwnFields,
    pub(crate) generics: Generics,
    /// Where the runtime is found.
    pub(crate) krate: TokenStream,
    pub(crate) options: Options,
    pub(crate) fields: Vec<StoreField>,
    /// The user has the compiler derive it.
    pub(crate) derives_debug: bool,
    /// Nothing that is generated would pass the borrow checker.
    pub(crate) borrows: bool,
}

/// The builder's fields that no field of the user's stands behind.
pub(crate) struct OwnFields {
    pub(crate) options: Ident,
    pub(crate) marker: Ident,
}

/// A field, sharded or not.
pub(crate) enum StoreField {
    Map(Box<MapField>),
    Skipped(Box<SkippedField>),
}

/// A map with its policy.
pub(crate) struct MapField {
    pub(crate) attrs: FieldAttrs,
    pub(crate) ident: Ident,
    pub(crate) field: Field,
    pub(crate) policy: Ident,
    pub(crate) declared: Policy,
}

/// A field that stays as it was written.
pub(crate) struct SkippedField {
    pub(crate) ident: Ident,
    pub(crate) field: Field,
    /// What else was said of it, which is an error.
    pub(crate) options: Options,
    /// Its `cfg` attributes, which are an error.
    pub(crate) cfg: Vec<Attribute>,
    /// The builder's type parameter for it.
    pub(crate) parameter: Ident,
    pub(crate) deprecated: bool,
}

/// A map's attributes, by where they go.
#[derive(Default)]
pub(crate) struct FieldAttrs {
    /// `cfg`: on every piece that is generated for the field.
    pub(crate) cfg: TokenStream,
    /// Lint levels: on every piece as well, `expect` made `allow`, since not every piece meets the expectation.
    pub(crate) lints: TokenStream,
    /// Docs, lint levels as written, `deprecated`: for the accessor.
    pub(crate) accessor: TokenStream,
    /// All else: for the field.
    pub(crate) field: TokenStream,
    /// Whether the field has docs.
    pub(crate) documented: bool,
    /// `#[deprecated]`, for what users call.
    pub(crate) deprecated: TokenStream,
}

/// An option in force for a field, and whether it came from the struct.
pub(crate) struct Setting<T> {
    pub(crate) written: Rc<Written<T>>,
    pub(crate) inherited: bool,
}

/// The options in force for a map. `None` was said nowhere.
pub(crate) struct Policy {
    pub(crate) shards: Option<Setting<Shards>>,
    pub(crate) lock: Option<Setting<Choice>>,
    pub(crate) ttl: Option<Setting<Time>>,
    pub(crate) ttl_jitter: Option<Setting<Share>>,
    pub(crate) idle: Option<Setting<Time>>,
    pub(crate) refresh_after: Option<Setting<Time>>,
    pub(crate) capacity: Option<Setting<Capacity>>,
    pub(crate) evict: Option<Setting<Choice>>,
    pub(crate) weight: Option<Setting<TokenStream>>,
    pub(crate) evictable: Option<Setting<TokenStream>>,
    pub(crate) unbounded: Option<Setting<String>>,
    pub(crate) hasher: Option<Setting<Hasher>>,
    pub(crate) numa: Option<Setting<Choice>>,
    pub(crate) clock: Option<Setting<Choice>>,
    /// Something was said of the field, or of all, that nobody knows what it means.
    pub(crate) unknown: bool,
}

impl<T> Setting<T> {
    pub(crate) fn value(&self) -> Option<&T> {
        self.written.value.as_ref()
    }

    /// The whole option, to point at.
    pub(crate) fn tokens(&self) -> &TokenStream {
        &self.written.tokens
    }
}

/// The value of an option that was given, and given rightly.
fn value<T>(setting: Option<&Setting<T>>) -> Option<&T> {
    setting.and_then(Setting::value)
}

impl Policy {
    pub(crate) fn shards(&self) -> Shards {
        value(self.shards.as_ref()).copied().unwrap_or(Shards::Auto)
    }

    pub(crate) fn lock(&self) -> Option<&Choice> {
        value(self.lock.as_ref())
    }

    pub(crate) fn ttl(&self) -> Option<Duration> {
        value(self.ttl.as_ref()).and_then(Time::after)
    }

    /// By how many percent of it the ttl may be shorter; only where there is one.
    pub(crate) fn ttl_jitter(&self) -> Option<u8> {
        match value(self.ttl_jitter.as_ref())? {
            Share::Percent(percent) => self.ttl().map(|_| *percent),
            Share::None => None,
        }
    }

    /// The age from which calls that load do so anew; only where there is a ttl.
    pub(crate) fn refresh_after(&self) -> Option<Duration> {
        let after = value(self.refresh_after.as_ref()).and_then(Time::after)?;
        self.ttl().map(|_| after)
    }

    /// Whether a ttl was declared, even if its value is wrong: it was meant to be.
    pub(crate) fn has_ttl(&self) -> bool {
        self.ttl.as_ref().is_some_and(|ttl| !matches!(ttl.value(), Some(Time::Never)))
    }

    pub(crate) fn idle(&self) -> Option<Duration> {
        value(self.idle.as_ref()).and_then(Time::after)
    }

    pub(crate) fn capacity(&self) -> Option<&Most> {
        match value(self.capacity.as_ref())? {
            Capacity::Most(most) => Some(most),
            Capacity::None => None,
        }
    }

    /// The path of the function that says what an entry weighs.
    pub(crate) fn weight(&self) -> Option<&TokenStream> {
        value(self.weight.as_ref())
    }

    /// The path of the function that says whether an entry may be evicted.
    pub(crate) fn evictable(&self) -> Option<&TokenStream> {
        value(self.evictable.as_ref())
    }

    /// Which entry leaves, where that was said; without a capacity none does.
    pub(crate) fn evict(&self) -> Option<&Choice> {
        value(self.evict.as_ref())
    }

    pub(crate) fn unbounded(&self) -> Option<&str> {
        value(self.unbounded.as_ref()).map(String::as_str)
    }

    pub(crate) fn hasher(&self) -> Option<&Hasher> {
        value(self.hasher.as_ref())
    }

    pub(crate) fn numa(&self) -> Option<&Choice> {
        value(self.numa.as_ref())
    }

    pub(crate) fn clock(&self) -> Option<&Choice> {
        value(self.clock.as_ref())
    }

    /// The options that bound the map, and whether each is inherited. One whose value is wrong counts: it was meant to.
    pub(crate) fn bounds(&self) -> Vec<(&'static str, bool)> {
        fn bound<T>(
            name: &'static str,
            setting: Option<&Setting<T>>,
            none: impl Fn(&T) -> bool,
        ) -> Option<(&'static str, bool)> {
            let setting = setting?;
            (!setting.value().is_some_and(none)).then_some((name, setting.inherited))
        }
        let never = |time: &Time| matches!(time, Time::Never);
        [
            bound("ttl", self.ttl.as_ref(), never),
            bound("idle", self.idle.as_ref(), never),
            bound("capacity", self.capacity.as_ref(), |capacity| matches!(capacity, Capacity::None)),
        ]
        .into_iter()
        .flatten()
        .collect()
    }
}

impl Store {
    /// Whether a trait of this name is implemented for it.
    fn implements(&self, name: &str) -> bool {
        match name {
            "Snapshot" => self.options.snapshot.is_some(),
            "Default" => self.skipped().next().is_none(),
            _ => true,
        }
    }

    /// Where the store has a function with this map's name from, if it has one.
    pub(crate) fn has_function(&self, map: &MapField) -> Option<names::Source> {
        names::of_store(&map.ident, |name| self.implements(name))
    }

    /// The policy of a map, from where the struct is.
    pub(crate) fn policy(&self, map: &MapField) -> TokenStream {
        let (module, policy) = (&self.module, &map.policy);
        quote!(#module::#policy)
    }

    /// The builder, from where the struct is.
    pub(crate) fn builder(&self) -> TokenStream {
        let Store { module, builder, .. } = self;
        quote!(#module::#builder)
    }

    /// The maps, in the order of declaration.
    pub(crate) fn maps(&self) -> impl Iterator<Item = &MapField> {
        self.fields.iter().filter_map(|field| match field {
            StoreField::Map(map) => Some(&**map),
            StoreField::Skipped(_) => None,
        })
    }

    /// The fields that stay as they were written.
    pub(crate) fn skipped(&self) -> impl Iterator<Item = &SkippedField> {
        self.fields.iter().filter_map(|field| match field {
            StoreField::Skipped(skipped) => Some(&**skipped),
            StoreField::Map(_) => None,
        })
    }
}
