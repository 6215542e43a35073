//! Each map gets its own options and, where it has none, the struct's. Attributes go to the items that need them.

use crate::diag::Diagnostics;
use crate::model::{BuilderFields, FieldAttrs, MapField, SkippedField, Store, StoreField};
use crate::names;
use crate::syntax::item::{DeclaredField, Item, conditional};
use crate::syntax::itself::arguments;
use crate::syntax::options::{
    setting::Setting,
    table::{LOCK_FREE, Options},
};
use crate::syntax::values::choice::Choice;
use proc_macro2::{Ident, TokenStream};
use quote::{ToTokens, quote};
use std::{collections::BTreeSet, mem};
use syn::{Attribute, Expr, ExprLit, Generics, Lit, Meta, MetaNameValue, ext::IdentExt, parse::Parser};

/// Decides each map's options and the names of the generated items.
pub(crate) fn resolve(item: Item, diag: &mut Diagnostics) -> Store {
    let Item { options, attrs, vis, ident, generics, fields } = item;
    let taken = Taken::new(&attrs, &generics, &fields, &options);
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
        own: BuilderFields {
            options: names::builder_field("__options", &taken.fields),
            marker: names::builder_field("__store", &taken.fields),
            redis: names::builder_field("__redis", &taken.fields),
            redis_parameter: names::parameter(&Ident::new("redis", ident.span()), &taken.parameters),
        },
        arguments: arguments(&generics),
        attrs,
        vis,
        ident,
        generics,
        krate,
        options,
        fields: resolved,
    }
}

/// A name may stand twice if both have a `cfg`, since the two may exclude each other.
fn is_declared_twice(name: &Ident, declared: &DeclaredField, before: &[StoreField]) -> bool {
    let has_cfg = |attrs: &[Attribute]| attrs.iter().any(|attr| attr_kind(attr) == AttrKind::Cfg);
    before.iter().any(|field| {
        let (other, other_has_cfg) = match field {
            StoreField::Map(map) => (&map.ident, has_cfg(&map.field.attrs)),
            StoreField::Skipped(skipped) => (&skipped.ident, has_cfg(&skipped.cfg)),
        };
        other.unraw() == name.unraw() && !(other_has_cfg && has_cfg(&declared.field.attrs))
    })
}

fn resolve_field(ident: Ident, own: DeclaredField, defaults: &Options, store: &Ident, taken: &Taken) -> StoreField {
    let DeclaredField { mut options, mut field } = own;
    if options.skip.is_given() {
        let (cfg, attrs) = mem::take(&mut field.attrs).into_iter().partition(|attr| attr_kind(attr) == AttrKind::Cfg);
        field.attrs = attrs;
        let parameter = names::parameter(&ident, &taken.parameters);
        let deprecated = field.attrs.iter().any(|attr| is_named(attr, "deprecated"));
        return StoreField::Skipped(Box::new(SkippedField { ident, field, options, cfg, parameter, deprecated }));
    }
    if options.index_of.is_given() {
        options.inherit(&of_index(defaults));
    } else {
        options.inherit(defaults);
    }
    StoreField::Map(Box::new(MapField {
        attrs: field_attrs(&field.attrs),
        policy: names::policy(store, &ident, &taken.mentioned),
        options,
        ident,
        field,
    }))
}

/// The struct's options that an index takes.
fn of_index(defaults: &Options) -> Options {
    let Options { shards, lock, hasher, numa, .. } = defaults.clone();
    // An index can't be read without a lock. It has the default lock then.
    let is_lock_free = |lock: &Choice| LOCK_FREE.into_iter().any(|name| lock.is(name));
    let lock = if lock.value().is_some_and(is_lock_free) { Setting::default() } else { lock };
    Options { shards, lock, hasher, numa, ..Options::default() }
}

/// Names in the declaration that generated items can't have.
struct Taken {
    fields: BTreeSet<String>,
    parameters: BTreeSet<String>,
    /// Names by which the user means other items.
    mentioned: BTreeSet<String>,
}

impl Taken {
    fn new(attrs: &[Attribute], generics: &Generics, fields: &[DeclaredField], options: &Options) -> Self {
        let mut taken = Taken { fields: BTreeSet::new(), parameters: BTreeSet::new(), mentioned: BTreeSet::new() };
        taken.parameters.extend(generics.type_params().map(|parameter| parameter.ident.to_string()));
        taken.parameters.extend(generics.const_params().map(|parameter| parameter.ident.to_string()));
        let mut mention = |tokens| names::mentioned(tokens, &mut taken.mentioned);
        mention(quote!(#(#attrs)* #generics));
        mention(generics.where_clause.to_token_stream());
        for DeclaredField { options, field } in fields {
            taken.fields.extend(field.ident.as_ref().map(|name| name.unraw().to_string()));
            mention(field.ty.to_token_stream());
            options.given().for_each(|(_, given)| mention(given.tokens.clone()));
        }
        options.given().for_each(|(_, given)| mention(given.tokens.clone()));
        taken
    }
}

/// The kind of an attribute, which decides the generated items that get it.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum AttrKind {
    Cfg,
    /// `allow`, `warn`, `deny`, `forbid`
    Lint,
    Expect,
    Doc,
    Deprecated,
    Other,
}

/// Whether this is the attribute of that name, or a `cfg_attr` with it.
pub(crate) fn is_named(attr: &Attribute, name: &str) -> bool {
    attr.path().is_ident(name) || conditional(attr).any(|inner| inner == name)
}

/// The kind of a `cfg_attr` is that of its first attribute.
pub(crate) fn attr_kind(attr: &Attribute) -> AttrKind {
    let conditional = conditional(attr).next();
    let name = conditional.or_else(|| attr.path().get_ident().map(ToString::to_string)).unwrap_or_default();
    match name.as_str() {
        "cfg" => AttrKind::Cfg,
        "allow" | "warn" | "deny" | "forbid" => AttrKind::Lint,
        "expect" => AttrKind::Expect,
        "doc" => AttrKind::Doc,
        "deprecated" => AttrKind::Deprecated,
        _ => AttrKind::Other,
    }
}

fn field_attrs(attrs: &[Attribute]) -> FieldAttrs {
    let mut out = FieldAttrs { description: first_paragraph(attrs), ..FieldAttrs::default() };
    for attr in attrs {
        match attr_kind(attr) {
            AttrKind::Cfg => attr.to_tokens(&mut out.cfg),
            AttrKind::Lint => {
                attr.to_tokens(&mut out.lints);
                attr.to_tokens(&mut out.accessor);
            }
            AttrKind::Expect => {
                out.lints.extend(allow_instead(attr));
                attr.to_tokens(&mut out.accessor);
            }
            AttrKind::Doc => {
                out.documented = true;
                attr.to_tokens(&mut out.accessor);
            }
            AttrKind::Deprecated => attr.to_tokens(&mut out.deprecated),
            AttrKind::Other => attr.to_tokens(&mut out.field),
        }
    }
    out
}

/// The first paragraph of the docs, in one line, as far as its text is known here. Docs that are no literal, such as
/// `include_str!(…)`, or that depend on a `cfg_attr`, end it.
fn first_paragraph(attrs: &[Attribute]) -> String {
    let mut lines = Vec::new();
    for attr in attrs.iter().filter(|attr| matches!(attr_kind(attr), AttrKind::Doc)) {
        match &attr.meta {
            Meta::NameValue(MetaNameValue { value: Expr::Lit(ExprLit { lit: Lit::Str(text), .. }), .. }) => {
                lines.extend(doc_lines(&text.value()));
            }
            // Such as `#[doc(hidden)]`.
            Meta::List(list) if !list.tokens.to_string().contains("doc =") => {}
            _ => break,
        }
    }
    let lines = lines.iter().map(|line| line.trim());
    let paragraph: Vec<_> = lines.skip_while(|line| line.is_empty()).take_while(|line| !line.is_empty()).collect();
    let text = paragraph.join(" ").replace(char::is_control, " ");
    // The first paragraph may be a heading.
    let words: Vec<_> = text.trim_start_matches('#').split_whitespace().collect();
    words.join(" ")
}

/// The lines of a doc comment, without the asterisks at the beginning of the lines of a block comment.
fn doc_lines(text: &str) -> Vec<String> {
    let lines = || text.split('\n').map(str::trim);
    let is_block = text.contains('\n') && lines().all(|line| line.is_empty() || line.starts_with('*'));
    lines().map(|line| if is_block { line.trim_start_matches('*') } else { line }.to_owned()).collect()
}

/// The attributes of the struct that its impls, its builder and its policies repeat.
fn shared_attrs(attrs: &[Attribute]) -> TokenStream {
    let mut out = TokenStream::new();
    for attr in attrs {
        match attr_kind(attr) {
            AttrKind::Cfg | AttrKind::Lint => attr.to_tokens(&mut out),
            AttrKind::Expect => out.extend(allow_instead(attr)),
            AttrKind::Doc if is_hidden(attr) => attr.to_tokens(&mut out),
            // Each use of the struct in generated code would warn.
            AttrKind::Deprecated => out.extend(quote!(#[allow(deprecated)])),
            AttrKind::Doc | AttrKind::Other => {}
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

/// The name of the derive, if a store can't have it.
pub(crate) fn unsupported(path: &syn::Path) -> Option<String> {
    const UNSUPPORTED: [&str; 10] =
        ["Clone", "Copy", "Default", "PartialEq", "Eq", "PartialOrd", "Ord", "Hash", "Serialize", "Deserialize"];
    let name = path.segments.last()?.ident.to_string();
    UNSUPPORTED.contains(&name.as_str()).then_some(name)
}

fn derives_debug(attr: &Attribute) -> bool {
    derives(attr).iter().any(|path| path.segments.last().is_some_and(|last| last.ident == "Debug"))
}
