//! Reads a list of options into settings, and reports the entries that name no option of the struct or of a field.

use super::setting::Mark;
use super::table::{OPTIONS, Options};
use crate::diag::Diagnostics;
use crate::suggest;
use crate::syntax::declaration::{Declaration, On, Place};
use crate::syntax::list::{Entry, entries};
use proc_macro2::TokenStream;
use quote::quote;

/// The path of the runtime according to the attribute's options. Errors in them are not reported.
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
                Found::Option(option) => self.read_entry(option, entry, false, diag),
                Found::Misspelt(option) => guesses.push((option, entry)),
                Found::Nothing => self.has_unknown = true,
            }
        }
        for (option, entry) in guesses {
            self.read_entry(option, entry, true, diag);
        }
    }

    /// The options that keep a map from growing without limit.
    pub(crate) fn bounds(&self) -> impl Iterator<Item = (&'static Declaration, &Mark)> {
        self.given().filter(|(option, given)| option.is_bound && given.is_meant())
    }

    /// Whether a value of this option was meant, even if it is wrong.
    pub(crate) fn declares(&self, name: &str) -> bool {
        self.given().any(|(option, given)| option.name == name && given.is_meant())
    }

    /// The path of the runtime.
    pub(crate) fn krate(&self) -> TokenStream {
        self.krate.value().cloned().unwrap_or_else(|| quote!(::sharded))
    }
}

/// What an entry's name means.
enum Found {
    Option(&'static Declaration),
    /// No option, which has been reported, but probably meant to be this one.
    Misspelt(&'static Declaration),
    /// No option of the struct or of a field, which has been reported.
    Nothing,
}

fn find(entry: &Entry, place: Place, diag: &mut Diagnostics) -> Found {
    let written = entry.name.to_string();
    let Some(option) = OPTIONS.iter().find(|option| option.name == written) else {
        return unknown(entry, &written, place, diag);
    };
    if option.on.allows(place) {
        return Found::Option(option);
    }
    let (where_to, attribute) = if option.on == On::Struct { ("the struct", "sharded") } else { ("a field", "shard") };
    let (Declaration { name, only, .. }, form) = (option, option.form());
    diag.error(&entry.tokens, format!("`{name}` goes on {where_to}{only}: `#[{attribute}({form})]`"));
    Found::Nothing
}

fn unknown(entry: &Entry, written: &str, place: Place, diag: &mut Diagnostics) -> Found {
    let here = || OPTIONS.iter().filter(|option| option.on.allows(place));
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
    meant.map_or(Found::Nothing, Found::Misspelt)
}
