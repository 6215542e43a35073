//! `lock = RwLock`, `evict = self::Random`, `hasher = BuildHasherDefault<Fx>`: a type, of the runtime or of the user.

use super::value::{Kind, Parsed, Value};
use crate::suggest;
use crate::syntax::declaration::Choices;
use proc_macro2::{Ident, TokenStream};
use quote::ToTokens;
use syn::{Path, Type, parse::Parser};

/// A type by its name. The user's own token is kept, so that editors lead from it to the type.
#[derive(Clone)]
pub(crate) enum Choice {
    /// One of the runtime's.
    Ours(Ident),
    /// The user's, as it was written.
    Own(TokenStream),
}

impl Choice {
    pub(crate) fn is(&self, ours: &str) -> bool {
        matches!(self, Choice::Ours(name) if name == ours)
    }

    /// As it was written.
    pub(crate) fn text(&self) -> String {
        match self {
            Choice::Ours(name) => name.to_string(),
            Choice::Own(path) => compact(path),
        }
    }
}

/// One of the option's choices, or a path of at least two segments.
pub(crate) fn parse(value: &Value) -> Parsed<Choice> {
    let (name, choices) = (value.option.name, choices(value));
    let all = suggest::list(choices.names, "and");
    Err(match &value.kind {
        Kind::Word(word) if choices.names.iter().any(|ours| word == ours) => return Ok(Choice::Ours(word.clone())),
        Kind::Word(word) => {
            let near = suggest::nearest(&word.to_string(), choices.names.iter().copied());
            let question = near.map_or_else(|| ".".to_owned(), |near| format!(", did you mean `{near}`?"));
            let kind = choices.kind;
            format!(
                "unknown {kind} `{word}`{question} There are {all}; a type of your own is written as a path, \
                 `self::{word}`"
            )
        }
        Kind::Path(path) => return Ok(Choice::Own(path.to_token_stream())),
        Kind::Text(text) if choices.names.contains(&text.value().trim()) => value.unquoted("a name", text),
        Kind::Text(_) | Kind::Number(_) | Kind::Other => {
            format!("`{name}` is one of {all}, or the path of a type of your own, such as `self::Own`")
        }
    })
}

/// As [`parse`]. A map that evicts nothing does not have this option.
pub(crate) fn eviction(value: &Value) -> Parsed<Choice> {
    let is_unbounded = compact(&value.tokens).ends_with("evict::Unbounded");
    if is_unbounded || ["Unbounded", "None", "none"].iter().any(|word| value.is_word(word)) {
        return Err("a map that evicts nothing has no `evict`: leave the option out".to_owned());
    }
    parse(value)
}

/// As [`parse`]. A manual clock is given to the builder.
pub(crate) fn clock(value: &Value) -> Parsed<Choice> {
    if value.is_word("Manual") || compact(&value.tokens).ends_with("clock::Manual") {
        return Err(
            "a `Manual` clock can't be declared, since no code could advance it: remove this option, and give \
                    the clock to the builder, `.clock(manual.clone())`"
                .to_owned(),
        );
    }
    parse(value)
}

/// One of the option's choices, or any type.
pub(crate) fn hasher(value: &Value) -> Parsed<Choice> {
    match &value.kind {
        Kind::Word(word) if choices(value).names.iter().any(|ours| word == ours) => Ok(Choice::Ours(word.clone())),
        Kind::Word(word) if ["none", "never", "default", "auto"].iter().any(|none| word == none) => {
            Err(format!("`hasher` can't be `{word}`: leave the option out, or name a type"))
        }
        Kind::Text(text) => Err(value.unquoted("a type", text)),
        _ => match syn::parse2::<Type>(value.tokens.clone()) {
            Ok(own) => Ok(Choice::Own(own.into_token_stream())),
            Err(_) => Err("`hasher` is a type: `hasher = SipHash`, or any that is `BuildHasher + Default`".to_owned()),
        },
    }
}

/// The path of the runtime.
pub(crate) fn krate(value: &Value) -> Parsed<TokenStream> {
    match &value.kind {
        Kind::Text(text) => Err(value.unquoted("a path", text)),
        _ if ["self", "super", "crate"].contains(&value.tokens.to_string().as_str()) => {
            let (this, form) = (&value.tokens, value.option.form());
            Err(format!("`crate` is the path of the `sharded` crate, which `{this}` is not: `{form}`"))
        }
        _ if Path::parse_mod_style.parse2(value.tokens.clone()).is_ok() => Ok(value.tokens.clone()),
        _ => Err(format!("`crate` is the path of the `sharded` crate: `{}`", value.option.form())),
    }
}

fn choices(value: &Value) -> &'static Choices {
    value.option.choices.expect("the table lists the choices of this option")
}

/// Tokens as a person writes a path: without spaces.
pub(crate) fn compact(path: &TokenStream) -> String {
    path.to_string().replace(' ', "").replace(',', ", ")
}
