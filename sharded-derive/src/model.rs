//! The resolved declaration. `check` reads it to find mistakes, `expand` to write the code.

use crate::names;
use crate::syntax::options::table::Options;
use proc_macro2::{Ident, TokenStream};
use quote::quote;
use syn::{Attribute, Field, Generics, Type, Visibility, ext::IdentExt};

/// Whether the runtime has what `snapshot` needs: its feature `serde` sets this crate's feature. Tests always have it.
pub(crate) const CAN_SNAPSHOT: bool = cfg!(any(feature = "snapshot", test));

/// Whether the runtime has tiered fields: its feature `redis` sets this crate's feature. Tests always have it.
pub(crate) const CAN_TIER: bool = cfg!(any(feature = "tier", test));

/// The options of an index. It has none of the others, not even from the struct.
pub(crate) const INDEX_OPTIONS: [&str; 6] = ["index_of", "key", "lock", "shards", "numa", "hasher"];

/// The most indexes of one map.
pub(crate) const MOST_INDEXES: usize = 64;

/// The struct under the attribute.
pub(crate) struct Store {
    pub(crate) attrs: Vec<Attribute>,
    /// Attributes that every generated item repeats: `cfg`, lint levels.
    pub(crate) shared_attrs: TokenStream,
    pub(crate) vis: Visibility,
    pub(crate) ident: Ident,
    /// The module of the policies and the builder. It keeps their names from clashing with the user's.
    pub(crate) module: Ident,
    pub(crate) builder: Ident,
    /// Fields of the builder besides those for the user's fields.
    pub(crate) own: BuilderFields,
    pub(crate) generics: Generics,
    /// The arguments of its own type: `<K, V, { N }>`.
    pub(crate) arguments: TokenStream,
    /// The path of the runtime.
    pub(crate) krate: TokenStream,
    pub(crate) options: Options,
    pub(crate) fields: Vec<StoreField>,
    /// Whether the user derives `Debug`.
    pub(crate) derives_debug: bool,
    /// Whether the struct has a lifetime, which is an error. The generated bodies would not pass the borrow checker.
    pub(crate) borrows: bool,
}

/// The names of the builder's fields that belong to no field of the user.
pub(crate) struct BuilderFields {
    pub(crate) options: Ident,
    pub(crate) marker: Ident,
    /// For the connection of the tiered fields, and the builder's type parameter for it.
    pub(crate) redis: Ident,
    pub(crate) redis_parameter: Ident,
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
    /// The field's own options and those that it inherits from the struct.
    pub(crate) options: Options,
}

/// A field that stays as it was written.
pub(crate) struct SkippedField {
    pub(crate) ident: Ident,
    pub(crate) field: Field,
    /// The options beside `skip`, which are an error.
    pub(crate) options: Options,
    /// Its `cfg` attributes, which are an error.
    pub(crate) cfg: Vec<Attribute>,
    /// The builder's type parameter for it.
    pub(crate) parameter: Ident,
    pub(crate) deprecated: bool,
}

/// A map's attributes, by the generated items that get them.
#[derive(Default)]
pub(crate) struct FieldAttrs {
    /// `cfg`: for everything that is generated for the field.
    pub(crate) cfg: TokenStream,
    /// Lint levels: for the same items, with `allow` in place of `expect`, since some of them do not cause the lint.
    pub(crate) lints: TokenStream,
    /// Docs and lint levels as written: for the accessor.
    pub(crate) accessor: TokenStream,
    /// All others: for the field.
    pub(crate) field: TokenStream,
    /// Whether the field has docs.
    pub(crate) documented: bool,
    /// The first paragraph of the docs, in one line.
    pub(crate) description: String,
    /// `deprecated`: for the methods that users call.
    pub(crate) deprecated: TokenStream,
}

impl MapField {
    /// Whether its entries are on a server. A set's can't be, which is an error.
    pub(crate) fn is_tiered(&self) -> bool {
        CAN_TIER && self.options.tier.value().is_some() && !self.is_visibly_a_set()
    }

    pub(crate) fn is_visibly_a_set(&self) -> bool {
        let Type::Path(path) = &self.field.ty else { return false };
        path.path.segments.last().is_some_and(|last| last.ident == "HashSet")
    }
}

impl Store {
    /// Whether the expansion implements this trait.
    fn implements(&self, name: &str) -> bool {
        match name {
            "Snapshot" => self.options.snapshot.is_given(),
            "Default" => self.is_complete(),
            _ => true,
        }
    }

    /// The origin of the store's function with this map's name, if there is one.
    pub(crate) fn has_function(&self, map: &MapField) -> Option<names::Origin> {
        names::origin(&map.ident, |name| self.implements(name))
    }

    /// The path of a map's policy from the struct's module.
    pub(crate) fn policy(&self, map: &MapField) -> TokenStream {
        let (module, policy) = (&self.module, &map.policy);
        quote!(#module::#policy)
    }

    /// The path of the builder from the struct's module.
    pub(crate) fn builder(&self) -> TokenStream {
        let Store { module, builder, .. } = self;
        quote!(#module::#builder)
    }

    /// Whether nothing is skipped or tiered, so that a store can be built without any value.
    pub(crate) fn is_complete(&self) -> bool {
        self.skipped().next().is_none() && !self.has_tier()
    }

    /// Whether the builder needs a connection.
    pub(crate) fn has_tier(&self) -> bool {
        self.maps().any(MapField::is_tiered)
    }

    /// Whether the builder has a method of its own with this name.
    pub(crate) fn is_builder_method(&self, field: &Ident) -> bool {
        names::is_one_of(field, &names::BUILDER_METHODS)
            || (self.has_tier() && names::is_one_of(field, &[names::BUILDER_METHOD_OF_TIERS]))
    }

    /// The maps, in the order of declaration.
    pub(crate) fn maps(&self) -> impl Iterator<Item = &MapField> {
        self.fields.iter().filter_map(|field| match field {
            StoreField::Map(map) => Some(&**map),
            StoreField::Skipped(_) => None,
        })
    }

    /// The map that this one is an index of, and the function that makes index keys.
    pub(crate) fn indexed<'s>(&'s self, map: &'s MapField) -> Option<(&'s MapField, &'s TokenStream)> {
        let (of, key) = map.options.index_of.value().zip(map.options.key.value())?;
        let can_have = |other: &MapField| !other.options.index_of.is_given() && !other.is_tiered();
        let is_it = |other: &&MapField| other.ident.unraw() == of.unraw() && can_have(other);
        Some((self.maps().find(is_it)?, key))
    }

    /// The indexes of a map, in the order of declaration.
    pub(crate) fn indexes<'s>(&'s self, map: &'s MapField) -> impl Iterator<Item = &'s MapField> {
        self.maps().filter(|index| self.indexed(index).is_some_and(|(of, _)| of.ident == map.ident))
    }

    /// The fields that stay as they were written.
    pub(crate) fn skipped(&self) -> impl Iterator<Item = &SkippedField> {
        self.fields.iter().filter_map(|field| match field {
            StoreField::Skipped(skipped) => Some(&**skipped),
            StoreField::Map(_) => None,
        })
    }
}
