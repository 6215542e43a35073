//! `name = value, name, …`: the list, whatever the names and values mean.
//!
//! The list is split at its commas before anything is parsed, so a bad entry does not hide the next one.

use crate::diag::Diagnostics;
use proc_macro2::{Ident, Spacing, TokenStream, TokenTree};

/// One entry of the list.
pub(crate) struct Entry {
    pub(crate) name: Ident,
    pub(crate) value: Given,
    /// The whole entry, for an error to point at.
    pub(crate) tokens: TokenStream,
}

/// What follows the name.
pub(crate) enum Given {
    Nothing,
    /// `= value`
    Value(TokenStream),
    /// Something else, which has been reported.
    Wrong,
}

/// The entries of a list. Anything else is reported and skipped.
pub(crate) fn entries(list: TokenStream, diag: &mut Diagnostics) -> Vec<Entry> {
    split(list, diag).into_iter().filter_map(|tokens| entry(tokens, diag)).collect()
}

/// Splits at the commas outside of `<…>`, and where a comma is missing.
fn split(list: TokenStream, diag: &mut Diagnostics) -> Vec<Vec<TokenTree>> {
    let mut parts = vec![Vec::new()];
    let mut angles = 0_usize;
    let mut tokens = list.into_iter().peekable();
    while let Some(token) = tokens.next() {
        let part = parts.last_mut().expect("there is always a last part");
        match &token {
            TokenTree::Punct(punct) => match punct.as_char() {
                ',' if angles == 0 => {
                    parts.push(Vec::new());
                    continue;
                }
                '<' => angles += 1,
                '>' => angles = angles.saturating_sub(1),
                _ => {}
            },
            TokenTree::Ident(name) if part.len() >= 2 && tokens.peek().is_some_and(is_assignment) => {
                diag.error(name, format!("a comma is missing before `{name}`"));
                parts.push(vec![token]);
                continue;
            }
            _ => {}
        }
        part.push(token);
    }
    parts.retain(|part| !part.is_empty());
    parts
}

fn entry(tokens: Vec<TokenTree>, diag: &mut Diagnostics) -> Option<Entry> {
    let whole: TokenStream = tokens.iter().cloned().collect();
    let mut rest = tokens.into_iter();
    let Some(TokenTree::Ident(name)) = rest.next() else {
        diag.error(whole, "an option is written `name = value`");
        return None;
    };
    let value = match rest.next() {
        None => Given::Nothing,
        Some(token) if is_assignment(&token) => {
            let value: TokenStream = rest.collect();
            if value.is_empty() { Given::Nothing } else { Given::Value(value) }
        }
        Some(token) => {
            let value = if let TokenTree::Group(group) = token { group.stream().to_string() } else { "…".to_owned() };
            diag.error(&whole, format!("an option is written with `=`: `{name} = {value}`"));
            Given::Wrong
        }
    };
    Some(Entry { name, value, tokens: whole })
}

fn is_assignment(token: &TokenTree) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.as_char() == '=' && punct.spacing() == Spacing::Alone)
}
