//! The builder: overrides for the declared options, and values of skipped fields. Its type says which values are
//! missing.

use super::structure;
use super::tokens::{doc, implementation, in_module, krate_at, krate_in_module};
use super::types::{TypeSpan, is_wrapped, map_type};
use crate::model::{BuilderFields, MapField, Store, StoreField};
use crate::names;
use crate::syntax::values::ttl::Ttl;
use proc_macro2::{Ident, Literal, Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use std::ptr;
use syn::{GenericParam, ext::IdentExt};

pub(super) fn expand(store: &Store) -> TokenStream {
    let creation = creation(store);
    let methods = methods(store);
    let awaited = awaited(store);
    let setters = awaited.iter().map(|value| setter(value, store));
    quote!(#creation #methods #(#setters)*)
}

/// A value that the builder must be given.
struct Awaited {
    /// The field of the builder.
    field: Ident,
    /// The method that takes the value. Absent where another one has its name, which is an error.
    method: Option<Ident>,
    docs: String,
    vis: TokenStream,
    ty: TokenStream,
    /// The type parameter of the builder that says whether it has the value.
    parameter: Ident,
    /// The trait of that parameter, once it has the value, and the trait's method that returns the value.
    supplied: TokenStream,
    supply: TokenStream,
}

/// The values of the skipped fields, in the order of declaration, and the connection of the tiered ones.
fn awaited(store: &Store) -> Vec<Awaited> {
    let krate = &store.krate;
    let skipped = store.skipped().map(|skipped| {
        let (name, ty) = (names::marked(&skipped.ident), skipped.field.ty.to_token_stream());
        Awaited {
            method: (!store.is_builder_method(&skipped.ident)).then(|| name.clone()),
            field: name,
            docs: format!("Sets the value of the skipped field `{}`.", skipped.ident),
            vis: skipped.field.vis.to_token_stream(),
            parameter: skipped.parameter.clone(),
            supplied: quote!(#krate::builder::Supplied<#ty>),
            supply: quote!(#krate::builder::Supplied::value),
            ty,
        }
    });
    let connection = store.has_tier().then(|| Awaited {
        field: store.own.redis.clone(),
        method: Some(Ident::new(names::BUILDER_METHOD_OF_TIERS, Span::call_site())),
        docs: "Sets the connection to the server that has the entries of the tiered fields.".to_owned(),
        vis: store.vis.to_token_stream(),
        parameter: store.own.redis_parameter.clone(),
        supplied: quote!(#krate::tier::Connected),
        supply: quote!(#krate::tier::Connected::redis),
        ty: quote!(#krate::tier::Redis),
    });
    skipped.chain(connection).collect()
}

/// The struct, in the module. Its parameter is the whole store, so the user's bounds need not be repeated here.
pub(super) fn declaration(store: &Store) -> TokenStream {
    let Store { vis, ident, builder, own, .. } = store;
    let krate = krate_in_module(store);
    let BuilderFields { options, marker, .. } = own;
    let (vis, docs) = (
        in_module(vis),
        doc(&format!("Builds [`{0}`](super::{0}). Its methods override what was declared.", ident.unraw())),
    );
    let of_store = is_generic(store).then(|| quote!(__Self,));
    let awaited = awaited(store);
    let parameters = awaited.iter().map(|Awaited { parameter, .. }| quote!(#parameter = #krate::builder::Missing));
    let fields = fields(
        store,
        |map, name| {
            let policy = &map.policy;
            quote!(pub(super) #name: #krate::builder::FieldOptions<#policy>)
        },
        |Awaited { field, parameter, .. }| quote!(pub(super) #field: #parameter),
    );
    let marker = is_generic(store).then(|| quote!(pub(super) #marker: ::core::marker::PhantomData<fn() -> __Self>,));
    quote! {
        #docs
        #[derive(::core::fmt::Debug)]
        #[must_use]
        #vis struct #builder<#of_store #(#parameters,)*> {
            pub(super) #options: #krate::builder::StoreOptions,
            #(#fields,)*
            #marker
        }
    }
}

/// `name: …` for each of the user's fields, and for the connection.
fn fields(
    store: &Store,
    of_map: impl Fn(&MapField, &Ident) -> TokenStream,
    of_awaited: impl Fn(&Awaited) -> TokenStream,
) -> Vec<TokenStream> {
    let mut awaited = awaited(store).into_iter();
    let mut fields: Vec<TokenStream> = Vec::new();
    for field in &store.fields {
        match field {
            StoreField::Map(map) => {
                let (cfg, field) = (&map.attrs.cfg, of_map(map, &names::marked(&map.ident)));
                fields.push(quote!(#cfg #field));
            }
            StoreField::Skipped(_) => fields.extend(awaited.next().as_ref().map(&of_awaited)),
        }
    }
    fields.extend(awaited.as_slice().iter().map(of_awaited));
    fields
}

/// `Store::builder()`, and `Store::new()` if nothing is skipped.
fn creation(store: &Store) -> TokenStream {
    let Store { vis, krate, own, .. } = store;
    let (BuilderFields { options, marker, .. }, builder) = (own, store.builder());
    let builder_arguments = builder_arguments(store, |_| quote!(#krate::builder::Missing));
    let new = store.is_complete().then(|| {
        let itself = structure::itself(store);
        quote! {
            /// Builds the store as it was declared.
            #[must_use]
            #vis fn new() -> #itself {
                Self::builder().build()
            }
        }
    });
    let fields = fields(
        store,
        |_, name| quote!(#name: #krate::builder::FieldOptions::new()),
        |Awaited { field, .. }| quote!(#field: #krate::builder::Missing),
    );
    let marker = is_generic(store).then(|| quote!(#marker: ::core::marker::PhantomData,));
    let body = quote! {
        #new

        /// Returns a builder, whose methods override what was declared.
        #vis fn builder() -> #builder #builder_arguments {
            #builder {
                #options: #krate::builder::StoreOptions::new(),
                #(#fields,)*
                #marker
            }
        }
    };
    implementation(store, None, &body)
}

/// The methods of every builder: overrides, and `build`.
fn methods(store: &Store) -> TokenStream {
    let Store { vis, krate, own, .. } = store;
    let options = &own.options;
    let [clock, shards, topology] = ["clock", "shards", "topology"].map(names::local);
    let overrides = store.maps().filter(|map| !store.is_builder_method(&map.ident)).map(|map| map_override(map, store));
    let build = build(store);
    let body = quote! {
        /// Uses this manual clock in place of every declared clock.
        #vis fn clock(mut self, #clock: #krate::clock::Manual) -> Self {
            self.#options = self.#options.clock(#clock);
            self
        }

        /// Gives every map this many shards in place of the declared number. A map's own override comes first. It is
        /// a power of two, at most 65536. Otherwise the store is not built.
        #vis fn shards(mut self, #shards: ::core::primitive::usize) -> Self {
            self.#options = self.#options.shards(#shards);
            self
        }

        /// Leaves expired entries to writes and to `sweep()`: no background thread removes them.
        #vis fn sweep_by_hand(mut self) -> Self {
            self.#options = self.#options.sweep_by_hand();
            self
        }

        /// Places shards as on a machine with this topology, in place of the present one.
        #vis fn topology(mut self, #topology: #krate::topology::Topology) -> Self {
            self.#options = self.#options.topology(#topology);
            self
        }

        #(#overrides)*

        /// Checks the overrides that were given so far, where they are not known to be right.
        ///
        /// # Errors
        ///
        /// The first one with a value that no map can be built with, such as a ttl of zero.
        #vis fn checked(self) -> ::core::result::Result<Self, #krate::builder::BuildError> {
            #krate::macro_support::checked(self.#options.mistake(), self)
        }

        #build
    };
    builder_implementation(store, &body)
}

/// The method that builds the store. It exists once each skipped field has a value.
fn build(store: &Store) -> TokenStream {
    let Store { vis, ident, arguments, krate, own, .. } = store;
    let options = &own.options;
    let supplied = awaited(store).into_iter().map(|Awaited { parameter, supplied, .. }| quote!(#parameter: #supplied));
    let supplied = (!store.is_complete()).then(|| quote!(where #(#supplied,)*));
    let connection = awaited(store).pop().filter(|_| store.has_tier()).map(|Awaited { field, supply, .. }| {
        let connection = connection();
        quote!(let #connection = #supply(self.#field);)
    });
    let is_index = |map: &MapField| store.indexed(map).is_some();
    // Indexes come first, as long as their maps are in variables.
    let (indexes, others): (Vec<_>, Vec<_>) =
        store.fields.iter().partition(|field| matches!(field, StoreField::Map(map) if is_index(map)));
    // The order of locks: an index comes after its map.
    let numbers = || store.maps().filter(|map| !is_index(map)).chain(store.maps().filter(|map| is_index(map)));
    let number = |map: &MapField| numbers().position(|other| ptr::eq(other, map)).unwrap_or_default();
    let begun = numbers().filter_map(|map| begin_index(map, number(map), store));
    let mapped = store.maps().filter(|map| store.indexes(map).next().is_some());
    let mapped = mapped.map(|map| build_indexed(map, number(map), store));
    let fields = indexes.into_iter().chain(others).map(|field| match field {
        StoreField::Map(map) => build_map(map, number(map), store),
        StoreField::Skipped(skipped) => {
            let name = names::marked(&skipped.ident);
            quote!(#name: #krate::builder::Supplied::value(self.#name))
        }
    });
    let deprecated = store.skipped().any(|skipped| skipped.deprecated).then(|| quote!(#[allow(deprecated)]));
    let body = if store.borrows {
        // The lifetime has been reported, and the borrow checker would report it again.
        quote!(::core::unreachable!("the declaration has an error"))
    } else {
        let context = context();
        quote! {
            let #context = self.#options.start();
            #connection
            #(#begun)*
            #(#mapped)*
            #ident {
                #(#fields,)*
            }
        }
    };
    quote! {
        /// Builds the store.
        ///
        /// # Panics
        ///
        /// If an option has a value that no map can be built with, such as a ttl of zero.
        #[must_use]
        #[track_caller]
        #deprecated
        #vis fn build(self) -> #ident #arguments #supplied {
            #body
        }
    }
}

/// The variable with the data that all maps of a store share while it is built.
fn context() -> Ident {
    names::local("store")
}

/// The connection of the tiered fields: a variable.
fn connection() -> Ident {
    names::local("redis")
}

/// `visits: …::build(…)`, with the span of the declared type, since the call's bounds are about that type.
fn build_map(map: &MapField, index: usize, store: &Store) -> TokenStream {
    let TypeSpan { first, last } = TypeSpan::of(map);
    let cfg = &map.attrs.cfg;
    let name = names::at(&map.ident, first);
    let krate = krate_at(store, first);
    let mut call = if let Some((of, _)) = store.indexed(map) {
        let (of_type, begun, of) = (map_type(map, store), begun(map), built(of));
        quote_spanned!(last=> #krate::macro_support::finish_index::<#of_type>(#begun, &#of))
    } else if store.indexes(map).next().is_some() {
        built(map).into_token_stream()
    } else {
        build_call(map, index, store, &given(map, store))
    };
    if is_wrapped(map, store) {
        call = quote_spanned!(last=> #krate::macro_support::Last { map: #call, end: () });
    }
    quote!(#cfg #name: #call)
}

/// The variable of an index whose map is not built yet.
fn begun(index: &MapField) -> Ident {
    // With the place of the type, where the compiler reports one that can't be an index.
    names::at(&names::local(&format!("index_{}", index.ident.unraw())), TypeSpan::of(index).last)
}

/// The variable of a map whose indexes are not in the store yet.
fn built(map: &MapField) -> Ident {
    names::local(&format!("map_{}", map.ident.unraw()))
}

/// Makes what a map has to know of its index.
fn begin_index(index: &MapField, number: usize, store: &Store) -> Option<TokenStream> {
    let (_, key) = store.indexed(index)?;
    let TypeSpan { first, last } = TypeSpan::of(index);
    let (cfg, options, variable) = (&index.attrs.cfg, names::marked(&index.ident), begun(index));
    let (krate, of_type, number) = (krate_at(store, first), map_type(index, store), Literal::usize_unsuffixed(number));
    let context = context();
    let arguments = quote!(&#context, #number, self.#options, #key);
    let call = quote_spanned!(last=> #krate::macro_support::begin_index::<#of_type, _>(#arguments));
    let statement = quote_spanned!(last=> let #variable = #call;);
    Some(quote!(#cfg #statement))
}

/// Builds a map that has indexes.
fn build_indexed(map: &MapField, number: usize, store: &Store) -> TokenStream {
    let (cfg, variable, given) = (&map.attrs.cfg, built(map), given(map, store));
    let options = names::local(&format!("options_{}", map.ident.unraw()));
    let mut statements = quote!(#cfg let #options = #given;);
    for index in store.indexes(map) {
        let TypeSpan { first, last } = TypeSpan::of(index);
        let (krate, of_type, begun) = (krate_at(store, first), map_type(index, store), begun(index));
        let call = quote_spanned!(last=> #krate::macro_support::add_index::<#of_type>(#options, &#begun));
        let (cfg, statement) = (&index.attrs.cfg, quote_spanned!(last=> let #options = #call;));
        statements.extend(quote!(#cfg #statement));
    }
    let call = build_call(map, number, store, &options.into_token_stream());
    quote!(#statements #cfg let #variable = #call;)
}

/// The options of a map, with its functions.
fn given(map: &MapField, store: &Store) -> TokenStream {
    let (options, krate) = (names::marked(&map.ident), krate_at(store, TypeSpan::of(map).first));
    // The path of a function keeps its span, so that the compiler reports there that its types do not match.
    let mut given = quote!(self.#options);
    let ttl_of = map.options.ttl.value().and_then(Ttl::function);
    let (weight, evictable) = (map.options.weight.value(), map.options.evictable.value());
    for (name, path) in [("weigh", weight), ("pin", evictable), ("live", ttl_of)] {
        if let Some(path) = path.filter(|_| !map.is_tiered()) {
            let (name, of) = (Ident::new(name, Span::call_site()), map_type(map, store));
            given = quote!(#krate::macro_support::#name::<#of>(#given, #path));
        }
    }
    given
}

/// The call that builds a map, which is not an index.
fn build_call(map: &MapField, number: usize, store: &Store, given: &TokenStream) -> TokenStream {
    let TypeSpan { first, last } = TypeSpan::of(map);
    let (krate, context, number) = (krate_at(store, first), context(), Literal::usize_unsuffixed(number));
    let arguments = quote!(&#context, #number, #given);
    if map.is_tiered() {
        let connection = connection();
        let arguments = quote!(#arguments, &#connection);
        quote_spanned!(last=> #krate::macro_support::build_tiered(#arguments))
    } else {
        quote_spanned!(last=> #krate::macro_support::build(#arguments))
    }
}

fn map_override(map: &MapField, store: &Store) -> TokenStream {
    let (krate, policy, name, vis) = (&store.krate, store.policy(map), names::marked(&map.ident), &map.field.vis);
    let (cfg, lints, deprecated) = (&map.attrs.cfg, &map.attrs.lints, &map.attrs.deprecated);
    let store_options = &store.own.options;
    let (options, change) = (quote!(#krate::builder::FieldOptions<#policy>), names::local("options"));
    let docs = doc(&format!("Overrides what was declared for `{}`.", map.ident));
    quote! {
        #docs
        #cfg #lints #deprecated
        #vis fn #name(
            mut self,
            #change: impl ::core::ops::FnOnce(#options) -> #options,
        ) -> Self {
            self.#name = #change(self.#name);
            self.#store_options = self.#store_options.note(&self.#name);
            self
        }
    }
}

/// The method that takes an awaited value. It needs an impl of its own, as it changes the builder's type.
fn setter(awaited: &Awaited, store: &Store) -> TokenStream {
    let Store { krate, own, .. } = store;
    let (BuilderFields { options, marker, .. }, builder) = (own, store.builder());
    let Awaited { field, method: Some(method), docs, vis, ty, .. } = awaited else { return TokenStream::new() };
    let value = names::local(&method.unraw().to_string());
    let is_this = |other: &Awaited| other.field == *field;
    let after = builder_arguments(store, |other| {
        if is_this(other) { quote!(#krate::builder::Given<#ty>) } else { other.parameter.to_token_stream() }
    });
    let fields = fields(
        store,
        |_, name| quote!(#name: self.#name),
        |other| {
            let name = &other.field;
            if is_this(other) { quote!(#name: #krate::builder::Given(#value)) } else { quote!(#name: self.#name) }
        },
    );
    let marker = is_generic(store).then(|| quote!(#marker: self.#marker,));
    let docs = doc(docs);
    let body = quote! {
        #docs
        #vis fn #method(self, #value: #ty) -> #builder #after {
            #builder {
                #options: self.#options,
                #(#fields,)*
                #marker
            }
        }
    };
    builder_implementation(store, &body)
}

/// `impl StoreBuilder { … }`, for any values of the skipped fields, given or not.
fn builder_implementation(store: &Store, body: &TokenStream) -> TokenStream {
    let (builder, shared_attrs, parameters) = (store.builder(), &store.shared_attrs, impl_parameters(store));
    let arguments = builder_arguments(store, |awaited| awaited.parameter.to_token_stream());
    let bounds = &store.generics.where_clause;
    quote! {
        #shared_attrs
        impl<#(#parameters,)*> #builder #arguments #bounds {
            #body
        }
    }
}

fn is_generic(store: &Store) -> bool {
    !store.generics.params.is_empty()
}

/// The user's parameters without their defaults, then one for each awaited value.
fn impl_parameters(store: &Store) -> Vec<TokenStream> {
    let users = store.generics.params.iter().map(|parameter| match parameter {
        GenericParam::Lifetime(lifetime) => lifetime.to_token_stream(),
        GenericParam::Type(ty) => {
            let (attrs, ident, colon, bounds) = (&ty.attrs, &ty.ident, &ty.colon_token, &ty.bounds);
            quote!(#(#attrs)* #ident #colon #bounds)
        }
        GenericParam::Const(constant) => {
            let (attrs, ident, ty) = (&constant.attrs, &constant.ident, &constant.ty);
            quote!(#(#attrs)* const #ident: #ty)
        }
    });
    users.chain(awaited(store).into_iter().map(|awaited| awaited.parameter.to_token_stream())).collect()
}

/// `<Store<T, N, …>, …>`: the store if it is generic, then what `of` says for each awaited value.
fn builder_arguments(store: &Store, of: impl Fn(&Awaited) -> TokenStream) -> TokenStream {
    let Store { ident, arguments, .. } = store;
    let itself = is_generic(store).then(|| quote!(#ident #arguments));
    let all: Vec<TokenStream> = itself.into_iter().chain(awaited(store).iter().map(of)).collect();
    if all.is_empty() { TokenStream::new() } else { quote!(<#(#all),*>) }
}
