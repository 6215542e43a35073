//! The policy of a map, as a type.

use super::{doc, in_module, words};
use crate::model::{MapField, Store};
use crate::syntax::{CLOCKS, Choice, Choices, EVICTIONS, HASHERS, Hasher, LOCKS, PLACEMENTS, Shards};
use proc_macro2::{Ident, Literal, Span, TokenStream};
use quote::quote;
use std::time::Duration;
use syn::ext::IdentExt;

/// The type, in the module.
pub(super) fn declaration(map: &MapField, store: &Store) -> TokenStream {
    let (policy, vis) = (&map.policy, in_module(&map.field.vis));
    let (cfg, lints) = (&map.attrs.cfg, &map.attrs.lints);
    let accessor = format!("{}::{}", store.ident.unraw(), map.ident.unraw());
    let docs = doc(&format!("The policy of [`{accessor}`](super::{accessor}): {}.", words::policy(&map.declared)));
    quote! {
        #cfg #lints #docs
        #vis enum #policy {}
    }
}

/// What the type stands for.
pub(super) fn expand(map: &MapField, store: &Store) -> TokenStream {
    let krate = &store.krate;
    let (policy, name) = (store.policy(map), map.ident.unraw().to_string());
    let (cfg, shared) = (&map.attrs.cfg, &store.shared_attrs);

    let shards = match map.declared.shards() {
        Shards::Auto => quote!(#krate::shards::Auto),
        Shards::Fixed(shards) => {
            let shards = Literal::u64_unsuffixed(shards);
            quote!(#krate::shards::Fixed<#shards>)
        }
    };
    let lock = choice(map.declared.lock(), &LOCKS, "Mutex", krate);
    let placement = choice(map.declared.numa(), &PLACEMENTS, "Spread", krate);
    let clock = choice(map.declared.clock(), &CLOCKS, "System", krate);
    let expiry = match (map.declared.ttl(), map.declared.idle()) {
        (_, Some(_)) => quote!(AfterAccess),
        (Some(_), None) => quote!(AfterWrite),
        (None, None) => quote!(Never),
    };
    let eviction = match map.declared.capacity() {
        None => quote!(#krate::evict::Unbounded),
        Some(_) => choice(map.declared.evict(), &EVICTIONS, "Adaptive", krate),
    };
    let ttl = map.declared.ttl().map(|ttl| time("TTL", ttl));
    let ttl_jitter = map.declared.ttl_jitter().map(|percent| {
        let percent = Literal::u8_unsuffixed(percent);
        quote!(const TTL_JITTER: ::core::primitive::u8 = #percent;)
    });
    let idle = map.declared.idle().map(|idle| time("IDLE", idle));
    let refresh_after = map.declared.refresh_after().map(|after| time("REFRESH_AFTER", after));
    let capacity = map.declared.capacity().map(|capacity| {
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
    let weighs = flag("WEIGHS", map.declared.weight().is_some());
    let pins = flag("PINS", map.declared.evictable().is_some());
    let records = flag("RECORDS", store.options.record.is_some());
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
            #ttl
            #ttl_jitter
            #idle
            #refresh_after
            #capacity
            #weighs
            #pins
            #records
        }
    }
}

/// The hasher that was declared, as a type.
pub(super) fn hasher(map: &MapField, store: &Store) -> Option<TokenStream> {
    let krate = &store.krate;
    map.declared.hasher().map(|hasher| match hasher {
        Hasher::Ours(name) => ours(name, &HASHERS, krate),
        Hasher::Own(path) => path.clone(),
    })
}

fn choice(chosen: Option<&Choice>, choices: &Choices, default: &str, krate: &TokenStream) -> TokenStream {
    match chosen {
        None => ours(&Ident::new(default, Span::call_site()), choices, krate),
        Some(Choice::Ours(name)) => ours(name, choices, krate),
        Some(Choice::Own(path)) => path.clone(),
    }
}

/// The user's token as the last segment.
fn ours(name: &Ident, choices: &Choices, krate: &TokenStream) -> TokenStream {
    let module = Ident::new(choices.module, Span::call_site());
    quote!(#krate::#module::#name)
}

/// A constant in the longest unit that `Duration` takes and that leaves no rest.
fn time(name: &str, time: Duration) -> TokenStream {
    let name = Ident::new(name, Span::call_site());
    let nanos = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
    let units = [("from_secs", 1_000_000_000), ("from_millis", 1_000_000), ("from_micros", 1_000), ("from_nanos", 1)];
    let whole = units.into_iter().find(|(_, size)| nanos.is_multiple_of(*size));
    let (constructor, size) = whole.unwrap_or(("from_nanos", 1));
    let (constructor, count) = (Ident::new(constructor, Span::call_site()), Literal::u64_unsuffixed(nanos / size));
    quote! {
        const #name: ::core::option::Option<::core::time::Duration> =
            ::core::option::Option::Some(::core::time::Duration::#constructor(#count));
    }
}
