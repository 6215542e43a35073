//! `lock = RwLock`, `evict = self::Random`, `hasher = BuildHasherDefault<Fx>`: what is chosen by a name.

use super::value::{Kind, Value};
use crate::{diag::Diagnostics, suggest};
use proc_macro2::{Ident, TokenStream};
use quote::{ToTokens, quote};
use syn::{Path, Type};

/// The module of the runtime that holds the choices, and their names.
pub(crate) struct Choices {
    pub(crate) module: &'static str,
    pub(crate) names: &'static [&'static str],
}

pub(crate) const LOCKS: Choices = Choices { module: "lock", names: &["Mutex", "RwLock", "Optimistic"] };
pub(crate) const EVICTIONS: Choices =
    Choices { module: "evict", names: &["Adaptive", "Lru", "Sieve", "S3Fifo", "TinyLfu", "Reject"] };
pub(crate) const PLACEMENTS: Choices =
    Choices { module: "placement", names: &["Spread", "Local", "Off", "StrictSpread", "StrictLocal"] };
pub(crate) const CLOCKS: Choices = Choices { module: "clock", names: &["System", "Boot"] };
pub(crate) const HASHERS: Choices = Choices { module: "hasher", names: &["SipHash"] };

/// A type by its name. The user's own token is kept, so that editors lead from it to the type.
pub(crate) enum Choice {
    /// One of the runtime's.
    Ours(Ident),
    /// A path of at least two segments, as it was written.
    Own(TokenStream),
}

impl Choice {
    pub(crate) fn is(&self, ours: &str) -> bool {
        matches!(self, Choice::Ours(name) if name == ours)
    }

    /// As it was written.
    pub(crate) fn words(&self) -> String {
        match self {
            Choice::Ours(name) => name.to_string(),
            Choice::Own(path) => compact(path),
        }
    }
}

/// A hasher: one of the runtime's or any type.
pub(crate) enum Hasher {
    Ours(Ident),
    Own(TokenStream),
}

impl Hasher {
    /// As it was written.
    pub(crate) fn words(&self) -> String {
        match self {
            Hasher::Ours(name) => name.to_string(),
            Hasher::Own(path) => compact(path),
        }
    }
}

pub(super) fn lock(option: &str, value: &Value, diag: &mut Diagnostics) -> Option<Choice> {
    choose(option, value, &LOCKS, diag)
}

pub(super) fn evict(option: &str, value: &Value, diag: &mut Diagnostics) -> Option<Choice> {
    if value.is_word("Unbounded") || value.is_word("None") || value.is_word("none") {
        diag.error(value, "a map that evicts nothing has no `evict`: leave the option out");
        return None;
    }
    choose(option, value, &EVICTIONS, diag)
}

pub(super) fn numa(option: &str, value: &Value, diag: &mut Diagnostics) -> Option<Choice> {
    choose(option, value, &PLACEMENTS, diag)
}

pub(super) fn clock(option: &str, value: &Value, diag: &mut Diagnostics) -> Option<Choice> {
    if value.is_word("Manual") || compact(&value.tokens).ends_with("clock::Manual") {
        let message = "nobody could move a `Manual` clock that is declared, as nobody would have it: leave this option out, and give the \
                       clock to the builder, `.clock(manual.clone())`";
        diag.error(value, message);
        return None;
    }
    choose(option, value, &CLOCKS, diag)
}

pub(super) fn hasher(_: &str, value: &Value, diag: &mut Diagnostics) -> Option<Hasher> {
    match &value.kind {
        Kind::Word(word) if HASHERS.names.iter().any(|ours| word == ours) => Some(Hasher::Ours(word.clone())),
        Kind::Text(text) => {
            diag.error(value, format!("`hasher` is a type without quotes: `hasher = {}`", text.value()));
            None
        }
        _ => {
            let own = syn::parse2::<Type>(value.tokens.clone());
            if own.is_err() {
                diag.error(value, "`hasher` is a type: `hasher = SipHash`, or any that is `BuildHasher + Default`");
            }
            own.ok().map(|own| Hasher::Own(own.into_token_stream()))
        }
    }
}

/// `crate = ::path`
pub(super) fn krate(_: &str, value: &Value, diag: &mut Diagnostics) -> Option<TokenStream> {
    match &value.kind {
        Kind::Text(text) => {
            diag.error(value, format!("`crate` is a path without quotes: `crate = {}`", text.value()));
        }
        _ if syn::parse::Parser::parse2(Path::parse_mod_style, value.tokens.clone()).is_ok() => {
            return Some(value.tokens.clone());
        }
        _ => diag.error(value, "`crate` is the path of the `sharded` crate: `crate = ::renamed`"),
    }
    None
}

fn choose(option: &str, value: &Value, choices: &Choices, diag: &mut Diagnostics) -> Option<Choice> {
    let all = suggest::list(choices.names, "and");
    match &value.kind {
        Kind::Word(word) if choices.names.iter().any(|ours| word == ours) => Some(Choice::Ours(word.clone())),
        Kind::Word(word) => {
            let kind = match option {
                "evict" => "eviction",
                "numa" => "placement",
                option => option,
            };
            let near = suggest::nearest(&word.to_string(), choices.names.iter().copied());
            let question = near.map_or_else(|| ".".to_owned(), |near| format!(", did you mean `{near}`?"));
            diag.error(
                value,
                format!("unknown {kind} `{word}`{question} There are {all}; one of your own is written as a path, `self::{word}`"),
            );
            None
        }
        Kind::Path(path) => Some(Choice::Own(path.to_token_stream())),
        Kind::Text(text) if choices.names.contains(&text.value().trim()) => {
            diag.error(value, format!("`{option}` is a name without quotes: `{option} = {}`", text.value().trim()));
            None
        }
        Kind::Text(_) | Kind::Number(_) | Kind::Other => {
            diag.error(value, format!("`{option}` is one of {all}, or the path of your own, such as `self::Own`"));
            None
        }
    }
}

/// Tokens as a person writes a path: without spaces.
pub(crate) fn compact(path: &TokenStream) -> String {
    quote!(#path).to_string().replace(' ', "").replace(',', ", ")
}
