//! `name = value, name, …`: the syntax of the list. The meaning of names and values is not known here.
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
    /// `(value)`
    Parentheses(TokenStream),
    /// Something else, which has been reported.
    Wrong,
}

/// The entries of a list. Anything else is reported and skipped.
pub(crate) fn entries(list: TokenStream, diag: &mut Diagnostics) -> Vec<Entry> {
    split(list, diag).into_iter().filter_map(|tokens| entry(tokens, diag)).collect()
}

/// Splits at the commas outside of `<…>` and `|…|`, and where a comma is missing.
fn split(list: TokenStream, diag: &mut Diagnostics) -> Vec<Vec<TokenTree>> {
    let tokens: Vec<TokenTree> = list.into_iter().collect();
    let enclosed = enclosed(&tokens);
    let mut parts: Vec<Vec<TokenTree>> = vec![Vec::new()];
    for (at, token) in tokens.iter().enumerate() {
        let part = parts.last_mut().expect("there is always a last part");
        let is_next_assignment = tokens.get(at + 1).is_some_and(is_assignment);
        match token {
            _ if enclosed[at] => part.push(token.clone()),
            TokenTree::Punct(punct) if punct.as_char() == ',' => parts.push(Vec::new()),
            TokenTree::Ident(name)
                if is_next_assignment && part.len() >= 2 && !part.last().is_some_and(|last| is_punct(last, ':')) =>
            {
                diag.error(name, format!("a comma is missing before `{name}`"));
                parts.push(vec![token.clone()]);
            }
            _ => part.push(token.clone()),
        }
    }
    parts.retain(|part| !part.is_empty());
    parts
}

/// For each token, whether it is inside `<…>` or a closure's `|…|`. A `<` that no `>` closes is an operator.
fn enclosed(tokens: &[TokenTree]) -> Vec<bool> {
    let mut enclosed = vec![false; tokens.len()];
    let (mut angles, mut bar) = (Vec::new(), None);
    for (at, token) in tokens.iter().enumerate() {
        let before = at.checked_sub(1).map(|before| &tokens[before]);
        let is_after = |character| before.is_some_and(|before| is_joint(before, character));
        let opened = match token {
            _ if is_punct(token, '<') => {
                angles.push(at);
                None
            }
            // Not the arrows `->` and `=>`.
            _ if is_punct(token, '>') && !is_after('-') && !is_after('=') => angles.pop(),
            _ if is_punct(token, '|') => match bar.take() {
                None if before.is_some_and(begins_closure) => {
                    bar = Some(at);
                    None
                }
                opened => opened,
            },
            _ => None,
        };
        if let Some(opened) = opened {
            enclosed[opened + 1..at].fill(true);
        }
    }
    enclosed
}

/// Whether a `|` after this token begins a closure.
fn begins_closure(before: &TokenTree) -> bool {
    is_punct(before, '=') || matches!(before, TokenTree::Ident(ident) if ident == "move")
}

fn is_punct(token: &TokenTree, character: char) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.as_char() == character)
}

fn is_joint(token: &TokenTree, character: char) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.as_char() == character && punct.spacing() == Spacing::Joint)
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
        Some(TokenTree::Group(group)) => Given::Parentheses(group.stream()),
        Some(token) if is_joint(&token, ':') => {
            let last = rest.take_while(|token| !is_assignment(token)).last();
            let Some(TokenTree::Ident(last)) = last else {
                diag.error(whole, "an option is written `name = value`");
                return None;
            };
            diag.error(&whole, format!("an option has one name and no path: `{last}`"));
            return Some(Entry { name: last, value: Given::Wrong, tokens: whole });
        }
        Some(_) => {
            diag.error(&whole, format!("an option is written with `=`: `{name} = …`"));
            Given::Wrong
        }
    };
    Some(Entry { name, value, tokens: whole })
}

fn is_assignment(token: &TokenTree) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.as_char() == '=' && punct.spacing() == Spacing::Alone)
}

#[cfg(test)]
mod tests {
    use super::*;
    use quote::quote;

    /// The names of the entries, and the errors.
    fn names(list: TokenStream) -> (Vec<String>, Vec<String>) {
        let mut diag = Diagnostics::new();
        let names = entries(list, &mut diag).iter().map(|entry| entry.name.to_string()).collect();
        (names, diag.into_messages())
    }

    #[test]
    fn commas_inside_of_a_value_do_not_split() {
        for list in [
            quote!(a = H<u8, u16>, b = 1),
            quote!(a = H<fn() -> u8, u16>, b = 1),
            quote!(a = H<fn(u8) -> G<u8, u16>, u16>, b = 1),
            quote!(a = <H<u8, u16> as A<u8, u16>>::B, b = 1),
            quote!(a = <<H as A<u8, u16>>::B as A<u8, u16>>::C, b = 1),
            quote!(a = (1, 2), b = 1),
            quote!(a = |_, _| 1, b = 1),
            quote!(a = move |x: &H<u8, u16>, _| 1, b = 1),
            quote!(a = || 1, b = 1),
            quote!(a = 1 << 6, b = 1),
            quote!(a = 1 < 6, b = H<u8, u16>),
            quote!(a = 64 >> 2, b = 1),
            quote!(a = 1 | 2, b = 3 | 4),
        ] {
            let text = list.to_string();
            assert_eq!(names(list), (vec!["a".to_owned(), "b".to_owned()], vec![]), "{text}");
        }
    }

    #[test]
    fn a_path_is_one_error() {
        let (names, errors) = names(quote!(a::b = 1, c = 2));
        assert_eq!((names.join(" "), errors.len()), ("b c".to_owned(), 1), "{errors:?}");
    }
}
