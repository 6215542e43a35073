//! The struct's options are the defaults of every map; a map's own come first.

use crate::diag::Diagnostics;
use crate::model::{FieldAttrs, MapField, OwnFields, Policy, Setting, SkippedField, Store, StoreField};
use crate::names;
use crate::syntax::{Declaration, DeclaredField, Options, Written, conditional};
use proc_macro2::{Ident, TokenStream};
use quote::{ToTokens, quote};
use std::{collections::BTreeSet, mem, rc::Rc};
use syn::{Attribute, GenericParam, Generics, Meta, ext::IdentExt, parse::Parser};

/// Settles each field's policy and the names of what is generated.
pub(crate) fn resolve(declaration: Declaration, diag: &mut Diagnostics) -> Store {
    let Declaration { options, attrs, vis, ident, generics, fields } = declaration;
    let taken = Taken::by(&attrs, &generics, &fields, &options);
    let krate = options.krate();
    let mut resolved: Vec<StoreField> = Vec::new();
    for declared in fields {
        let Some(name) = declared.field.ident.clone() else { continue };
        if is_declared_twice(&name, &declared, &resolved) {
            diag.error(&name, format!("the field `{name}` is declared twice: rename one of the two"));
            continue;
        }
        resolved.push(resolve_field(name, declared, &options, &ident, &taken));
    }
    Store {
        shared_attrs: shared_attrs(&attrs),
        derives_debug: attrs.iter().any(derives_debug),
        borrows: generics.lifetimes().next().is_some(),
        module: names::module(&ident),
        builder: names::builder(&ident, &taken.mentioned),
        own: OwnFields {
            options: names::own("__options", &taken.fields),
            marker: names::own("__store", &taken.fields),
        },
        attrs,
        vis,
        ident,
        generics,
        krate,
        options,
        fields: resolved,
    }
}

/// Under opposite `cfg`s the same name may stand twice.
fn is_declared_twice(name: &Ident, declared: &DeclaredField, before: &[StoreField]) -> bool {
    let has_cfg = |attrs: &[Attribute]| attrs.iter().any(|attr| class(attr) == Class::Cfg);
    before.iter().any(|field| {
        let (other, other_has_cfg) = match field {
            StoreField::Map(map) => (&map.ident, has_cfg(&map.field.attrs)),
            StoreField::Skipped(skipped) => (&skipped.ident, has_cfg(&skipped.cfg)),
        };
        other == name && !(other_has_cfg && has_cfg(&declared.field.attrs))
    })
}

fn resolve_field(
    ident: Ident,
    declared: DeclaredField,
    defaults: &Options,
    store: &Ident,
    taken: &Taken,
) -> StoreField {
    let DeclaredField { options, mut field } = declared;
    if options.skip.is_some() {
        let (cfg, attrs) = mem::take(&mut field.attrs).into_iter().partition(|attr| class(attr) == Class::Cfg);
        field.attrs = attrs;
        let parameter = names::parameter(&ident, &taken.parameters);
        let deprecated = field.attrs.iter().any(|attr| attr.path().is_ident("deprecated"));
        return StoreField::Skipped(Box::new(SkippedField { ident, field, options, cfg, parameter, deprecated }));
    }
    StoreField::Map(Box::new(MapField {
        attrs: field_attrs(&field.attrs),
        policy: names::policy(store, &ident, &taken.mentioned),
        declared: policy(&options, defaults),
        ident,
        field,
    }))
}

/// Names in the declaration that nothing generated may have.
struct Taken {
    fields: BTreeSet<String>,
    parameters: BTreeSet<String>,
    /// What the user means by these names is not what is generated: they were there before.
    mentioned: BTreeSet<String>,
}

impl Taken {
    fn by(attrs: &[Attribute], generics: &Generics, fields: &[DeclaredField], options: &Options) -> Self {
        let mut taken = Taken { fields: BTreeSet::new(), parameters: BTreeSet::new(), mentioned: BTreeSet::new() };
        for parameter in &generics.params {
            taken.parameters.extend(match parameter {
                GenericParam::Type(parameter) => Some(parameter.ident.to_string()),
                GenericParam::Const(parameter) => Some(parameter.ident.to_string()),
                GenericParam::Lifetime(_) => None,
            });
        }
        let mut mention = |tokens| names::mentioned(tokens, &mut taken.mentioned);
        mention(quote!(#(#attrs)* #generics));
        mention(generics.where_clause.to_token_stream());
        for DeclaredField { options, field } in fields {
            taken.fields.extend(field.ident.as_ref().map(|name| name.unraw().to_string()));
            mention(field.ty.to_token_stream());
            options.paths().for_each(&mut mention);
        }
        options.paths().for_each(mention);
        taken
    }
}

fn policy(own: &Options, defaults: &Options) -> Policy {
    fn setting<T>(own: Option<&Rc<Written<T>>>, default: Option<&Rc<Written<T>>>) -> Option<Setting<T>> {
        let inherited = own.is_none();
        own.or(default).map(|written| Setting { written: Rc::clone(written), inherited })
    }
    Policy {
        shards: setting(own.shards.as_ref(), defaults.shards.as_ref()),
        lock: setting(own.lock.as_ref(), defaults.lock.as_ref()),
        ttl: setting(own.ttl.as_ref(), defaults.ttl.as_ref()),
        ttl_jitter: setting(own.ttl_jitter.as_ref(), defaults.ttl_jitter.as_ref()),
        idle: setting(own.idle.as_ref(), defaults.idle.as_ref()),
        refresh_after: setting(own.refresh_after.as_ref(), defaults.refresh_after.as_ref()),
        capacity: setting(own.capacity.as_ref(), defaults.capacity.as_ref()),
        evict: setting(own.evict.as_ref(), defaults.evict.as_ref()),
        weight: setting(own.weight.as_ref(), None),
        evictable: setting(own.evictable.as_ref(), None),
        unbounded: setting(own.unbounded.as_ref(), None),
        hasher: setting(own.hasher.as_ref(), defaults.hasher.as_ref()),
        numa: setting(own.numa.as_ref(), defaults.numa.as_ref()),
        clock: setting(own.clock.as_ref(), defaults.clock.as_ref()),
        unknown: own.unknown || defaults.unknown,
    }
}

/// What an attribute is about, and so where it has to go.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Class {
    Cfg,
    /// `allow`, `warn`, `deny`, `forbid`
    Lint,
    Expect,
    Doc,
    Deprecated,
    Other,
}

/// A `cfg_attr` is what it holds first.
pub(crate) fn class(attr: &Attribute) -> Class {
    let conditional = conditional(attr).next();
    let name = conditional.or_else(|| attr.path().get_ident().map(ToString::to_string)).unwrap_or_default();
    match name.as_str() {
        "cfg" => Class::Cfg,
        "allow" | "warn" | "deny" | "forbid" => Class::Lint,
        "expect" => Class::Expect,
        "doc" => Class::Doc,
        "deprecated" => Class::Deprecated,
        _ => Class::Other,
    }
}

fn field_attrs(attrs: &[Attribute]) -> FieldAttrs {
    let mut out = FieldAttrs::default();
    for attr in attrs {
        match class(attr) {
            Class::Cfg => attr.to_tokens(&mut out.cfg),
            Class::Lint => {
                attr.to_tokens(&mut out.lints);
                attr.to_tokens(&mut out.accessor);
            }
            Class::Expect => {
                out.lints.extend(allow_instead(attr));
                attr.to_tokens(&mut out.accessor);
            }
            Class::Doc => {
                out.documented = true;
                attr.to_tokens(&mut out.accessor);
            }
            Class::Deprecated => attr.to_tokens(&mut out.deprecated),
            Class::Other => attr.to_tokens(&mut out.field),
        }
    }
    out
}

/// What is said of the struct and holds for its impls, its builder and its policies as well.
fn shared_attrs(attrs: &[Attribute]) -> TokenStream {
    let mut out = TokenStream::new();
    for attr in attrs {
        match class(attr) {
            Class::Cfg | Class::Lint => attr.to_tokens(&mut out),
            Class::Expect => out.extend(allow_instead(attr)),
            Class::Doc if is_hidden(attr) => attr.to_tokens(&mut out),
            // The generated code names the struct, which would warn at each place.
            Class::Deprecated => out.extend(quote!(#[allow(deprecated)])),
            Class::Doc | Class::Other => {}
        }
    }
    out
}

fn is_hidden(attr: &Attribute) -> bool {
    matches!(&attr.meta, Meta::List(list) if list.tokens.to_string() == "hidden")
}

fn allow_instead(attr: &Attribute) -> TokenStream {
    match &attr.meta {
        Meta::List(list) if list.path.is_ident("expect") => {
            let lints = &list.tokens;
            quote!(#[allow(#lints)])
        }
        _ => TokenStream::new(),
    }
}

/// The paths in `derive(…)`; none of any other attribute.
pub(crate) fn derives(attr: &Attribute) -> Vec<syn::Path> {
    let Meta::List(list) = &attr.meta else { return Vec::new() };
    if !list.path.is_ident("derive") {
        return Vec::new();
    }
    let paths = syn::punctuated::Punctuated::<syn::Path, syn::Token![,]>::parse_terminated;
    paths.parse2(list.tokens.clone()).map_or_else(|_| Vec::new(), |paths| paths.into_iter().collect())
}

/// The name of a derive that a store can't have.
pub(crate) fn unfit(path: &syn::Path) -> Option<String> {
    const UNFIT: [&str; 10] =
        ["Clone", "Copy", "Default", "PartialEq", "Eq", "PartialOrd", "Ord", "Hash", "Serialize", "Deserialize"];
    let name = path.segments.last()?.ident.to_string();
    UNFIT.contains(&name.as_str()).then_some(name)
}

fn derives_debug(attr: &Attribute) -> bool {
    derives(attr).iter().any(|path| path.segments.last().is_some_and(|last| last.ident == "Debug"))
}
