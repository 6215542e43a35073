//! The policy type of a map.

use super::description;
use super::tokens::{doc, in_module};
use crate::model::{MapField, Store};
use crate::syntax::declaration::Choices;
use crate::syntax::options::table::{CLOCKS, EVICTIONS, HASHERS, LOCK_FREE, LOCKS, Options, PLACEMENTS};
use crate::syntax::values::choice::Choice;
use crate::syntax::values::ttl::Ttl;
use proc_macro2::{Ident, Literal, Span, TokenStream};
use quote::quote;
use std::time::Duration;
use syn::ext::IdentExt;

/// The declaration of the type, in the module.
pub(super) fn declaration(map: &MapField, store: &Store) -> TokenStream {
    let (policy, vis) = (&map.policy, in_module(&map.field.vis));
    let (cfg, lints) = (&map.attrs.cfg, &map.attrs.lints);
    let accessor = format!("{}::{}", store.ident.unraw(), map.ident.unraw());
    let docs = doc(&format!("The policy of [`{accessor}`](super::{accessor}): {}.", description::policy(&map.options)));
    quote! {
        #cfg #lints #docs
        #vis enum #policy {}
    }
}

/// Its implementation of `Policy`.
pub(super) fn expand(map: &MapField, store: &Store) -> TokenStream {
    let krate = &store.krate;
    let (policy, name) = (store.policy(map), map.ident.unraw().to_string());
    let store_name = store.ident.unraw().to_string();
    let (cfg, shared) = (&map.attrs.cfg, &store.shared_attrs);

    let options = &map.options;
    let shards = match options.shards.value() {
        None => quote!(#krate::shards::Auto),
        Some(&shards) => {
            let shards = Literal::u64_unsuffixed(shards);
            quote!(#krate::shards::Fixed<#shards>)
        }
    };
    // What a tiered field or an index can't have has been reported, and would cause more errors.
    let can_be_lock_free = !map.is_tiered() && !options.index_of.is_given();
    let lock = options.lock.value().filter(|lock| can_be_lock_free || !LOCK_FREE.into_iter().any(|name| lock.is(name)));
    let lock = choice(lock, &LOCKS, krate);
    let placement = choice(options.numa.value(), &PLACEMENTS, krate);
    let clock = choice(options.clock.value(), &CLOCKS, krate);
    let expiry = match (options.ttl.value(), options.idle.value()) {
        (_, Some(_)) => quote!(AfterAccess),
        (Some(_), None) => quote!(AfterWrite),
        (None, None) => quote!(Never),
    };
    let eviction = match options.capacity.value() {
        None => quote!(#krate::evict::Unbounded),
        Some(_) => {
            choice(options.evict.value().filter(|evict| !map.is_tiered() || !evict.is("Reject")), &EVICTIONS, krate)
        }
    };
    let ttl = options.ttl.value().and_then(Ttl::same).map(|ttl| time("TTL", ttl));
    let ttl_jitter = options.ttl_jitter.value().map(|percent| {
        let percent = Literal::u8_unsuffixed(*percent);
        quote!(const TTL_JITTER: ::core::primitive::u8 = #percent;)
    });
    let idle = options.idle.value().map(|idle| time("IDLE", *idle));
    let staleness = options.staleness.value().map(|staleness| time("STALENESS", *staleness));
    let serves_stale = options.stale.value().filter(|_| map.is_tiered()).map(|stale| {
        let stale = whole(*stale);
        quote! {
            #cfg #shared
            impl #krate::tier::ServesStale for #policy {
                const STALE: ::core::time::Duration = #stale;
            }
        }
    });
    let schema = options.schema.value().map(|schema| {
        let schema = Literal::u32_unsuffixed(*schema);
        quote!(const SCHEMA: ::core::primitive::u32 = #schema;)
    });
    let refresh_after = options.refresh_after.value().map(|after| time("REFRESH_AFTER", *after));
    let capacity = options.capacity.value().map(|capacity| {
        let capacity = &capacity.literal;
        quote! {
            const CAPACITY: ::core::option::Option<::core::primitive::usize> =
                ::core::option::Option::Some(#capacity);
        }
    });
    let flag = |name: &str, is_set: bool| {
        let name = Ident::new(name, Span::call_site());
        is_set.then(|| quote!(const #name: ::core::primitive::bool = true;))
    };
    let ttl_of_entry = flag("TTL_OF_ENTRY", options.ttl.value().and_then(Ttl::function).is_some() && !map.is_tiered());
    let weighs = flag("WEIGHS", options.weight.value().is_some());
    let pins = flag("PINS", options.evictable.value().is_some());
    let preallocates = options.preallocate.value().is_some() && !is_refused_in_advance(map);
    let preallocate = flag("PREALLOCATE", preallocates);
    let indexed = flag("INDEXED", store.indexes(map).next().is_some());
    let records = flag("RECORDS", options.record.is_given());
    let description = Some(&map.attrs.description).filter(|text| !text.is_empty());
    let description = description.map(|text| quote!(const DESCRIPTION: &'static ::core::primitive::str = #text;));
    quote! {
        #cfg #shared
        impl #krate::Policy for #policy {
            type Shards = #shards;
            type Lock = #lock;
            type Expiry = #krate::expiry::#expiry;
            type Eviction = #eviction;
            type Placement = #placement;
            type Clock = #clock;
            const NAME: &'static ::core::primitive::str = #name;
            const STORE: &'static ::core::primitive::str = #store_name;
            #description
            #ttl
            #ttl_of_entry
            #ttl_jitter
            #idle
            #refresh_after
            #capacity
            #weighs
            #pins
            #preallocate
            #staleness
            #schema
            #indexed
            #records
        }
        #serves_stale
    }
}

/// Whether `preallocate` has been reported as a mistake. The runtime would report it again.
fn is_refused_in_advance(map: &MapField) -> bool {
    let Options { weight, lock, .. } = &map.options;
    weight.is_given() || map.is_tiered() || lock.value().is_some_and(|lock| lock.is("Rcu"))
}

/// The type of the declared hasher.
pub(super) fn hasher(map: &MapField, store: &Store) -> Option<TokenStream> {
    let krate = &store.krate;
    map.options.hasher.value().map(|hasher| choice(Some(hasher), &HASHERS, krate))
}

/// The type that was chosen, or the default.
fn choice(chosen: Option<&Choice>, choices: &Choices, krate: &TokenStream) -> TokenStream {
    match chosen {
        None => ours(&Ident::new(choices.names[0], Span::call_site()), choices, krate),
        Some(Choice::Ours(name)) => ours(name, choices, krate),
        Some(Choice::Own(path)) => path.clone(),
    }
}

/// The path of one of the runtime's types. Its last segment is the user's token.
fn ours(name: &Ident, choices: &Choices, krate: &TokenStream) -> TokenStream {
    let module = Ident::new(choices.module, Span::call_site());
    quote!(#krate::#module::#name)
}

/// A constant, in the longest unit that `Duration` takes and that leaves no remainder.
fn time(name: &str, time: Duration) -> TokenStream {
    let (name, time) = (Ident::new(name, Span::call_site()), whole(time));
    quote! {
        const #name: ::core::option::Option<::core::time::Duration> = ::core::option::Option::Some(#time);
    }
}

/// A time in the largest unit of which it is a multiple.
fn whole(time: Duration) -> TokenStream {
    let nanos = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
    let units = [("from_secs", 1_000_000_000), ("from_millis", 1_000_000), ("from_micros", 1_000), ("from_nanos", 1)];
    let whole = units.into_iter().find(|(_, size)| nanos.is_multiple_of(*size));
    let (constructor, size) = whole.unwrap_or(("from_nanos", 1));
    let (constructor, count) = (Ident::new(constructor, Span::call_site()), Literal::u64_unsuffixed(nanos / size));
    quote!(::core::time::Duration::#constructor(#count))
}
