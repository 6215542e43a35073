//! The places of a field's attributes in a text.

use super::SourceError;
use proc_macro2::{Delimiter, Group, Span, TokenStream, TokenTree};
use std::ops::Range;

/// A field of a store, as byte positions in the text.
#[derive(Debug)]
pub(super) struct Found {
    /// The field's own options, if it has an attribute for them.
    pub(super) options: Option<Options>,
    /// The beginning of the field behind its attributes: its visibility or its name.
    pub(super) field: usize,
}

/// The text between the parentheses of `#[shard(…)]`.
#[derive(Debug)]
pub(super) struct Options {
    /// The options that have a value, by name.
    pub(super) values: Vec<(String, Range<usize>)>,
    /// The position behind the last option, and whether it has a comma.
    pub(super) end: usize,
    pub(super) comma: bool,
    pub(super) is_empty: bool,
}

/// Finds the field in all structs of that name under `#[sharded]`.
pub(super) fn find(text: &str, store: &str, field: &str) -> Result<Vec<Found>, SourceError> {
    let tokens: TokenStream = text.parse().map_err(|error| SourceError::NotRust(format!("{error}")))?;
    let mut found = Vec::new();
    in_tokens(tokens, store, field, &mut found)?;
    Ok(found)
}

fn in_tokens(tokens: TokenStream, store: &str, field: &str, found: &mut Vec<Found>) -> Result<(), SourceError> {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    let mut is_store = false;
    for (index, token) in tokens.iter().enumerate() {
        match token {
            TokenTree::Group(group) if group.delimiter() == Delimiter::Bracket && follows_hash(&tokens, index) => {
                is_store |= attribute_of(group, "sharded").is_some();
            }
            TokenTree::Ident(ident) if ident == "struct" => {
                let name = tokens.get(index + 1);
                if is_store
                    && matches!(name, Some(TokenTree::Ident(ident)) if ident == store)
                    && let Some(body) = body(&tokens[index + 2..])
                {
                    found.extend(in_fields(body.stream(), field)?);
                }
                is_store = false;
            }
            // An attribute that stands on anything else.
            TokenTree::Ident(ident)
                if ["enum", "fn", "mod", "impl", "trait", "use"].iter().any(|word| ident == word) =>
            {
                is_store = false;
            }
            TokenTree::Group(group) => in_tokens(group.stream(), store, field, found)?,
            _ => {}
        }
    }
    Ok(())
}

fn follows_hash(tokens: &[TokenTree], index: usize) -> bool {
    let is = |index: usize, char| matches!(tokens.get(index), Some(TokenTree::Punct(punct)) if punct.as_char() == char);
    index > 0 && is(index - 1, '#')
}

/// An attribute of the wanted name.
enum Attribute {
    Bare,
    /// With these tokens in parentheses.
    List(Group),
}

/// `None` if it is another attribute. The name may be the last part of a path.
fn attribute_of(group: &Group, name: &str) -> Option<Attribute> {
    let tokens: Vec<TokenTree> = group.stream().into_iter().collect();
    let last = tokens.iter().rposition(|token| matches!(token, TokenTree::Ident(_)))?;
    let is_path = tokens[..last].iter().all(|token| match token {
        TokenTree::Punct(punct) => punct.as_char() == ':',
        TokenTree::Ident(_) => true,
        _ => false,
    });
    if !is_path || !matches!(&tokens[last], TokenTree::Ident(ident) if ident == name) {
        return None;
    }
    match tokens.get(last + 1) {
        None => Some(Attribute::Bare),
        Some(TokenTree::Group(group)) => Some(Attribute::List(group.clone())),
        Some(_) => None,
    }
}

/// The braces of a struct, outside of its generics.
fn body(tokens: &[TokenTree]) -> Option<&Group> {
    let mut depth = Depth::default();
    for token in tokens {
        match token {
            TokenTree::Group(group) if group.delimiter() == Delimiter::Brace && depth.is_outside() => {
                return Some(group);
            }
            TokenTree::Punct(punct) if punct.as_char() == ';' && depth.is_outside() => return None,
            token => depth.pass(token),
        }
    }
    None
}

/// The number of open angle brackets.
#[derive(Default)]
struct Depth {
    angles: usize,
    after: char,
}

impl Depth {
    fn is_outside(&self) -> bool {
        self.angles == 0
    }

    fn pass(&mut self, token: &TokenTree) {
        let char = match token {
            TokenTree::Punct(punct) => punct.as_char(),
            _ => ' ',
        };
        match char {
            '<' => self.angles += 1,
            // `->` and `=>` close nothing.
            '>' if self.after != '-' && self.after != '=' => self.angles = self.angles.saturating_sub(1),
            _ => {}
        }
        self.after = char;
    }
}

fn in_fields(tokens: TokenStream, field: &str) -> Result<Option<Found>, SourceError> {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    let mut depth = Depth::default();
    let is_end = |token: &TokenTree| {
        let ends = matches!(token, TokenTree::Punct(punct) if punct.as_char() == ',') && depth.is_outside();
        depth.pass(token);
        ends
    };
    let mut found = None;
    for tokens in tokens.split(is_end) {
        if let Some(this) = in_field(tokens, field)? {
            if found.is_some() {
                return Err(SourceError::Unclear(format!(
                    "the field `{field}` is declared twice, under other conditions"
                )));
            }
            found = Some(this);
        }
    }
    Ok(found)
}

fn in_field(tokens: &[TokenTree], field: &str) -> Result<Option<Found>, SourceError> {
    let mut rest = tokens;
    let mut attributes = Vec::new();
    while let [TokenTree::Punct(hash), TokenTree::Group(group), after @ ..] = rest
        && hash.as_char() == '#'
    {
        attributes.push(group);
        rest = after;
    }
    let start = rest.first().map(TokenTree::span);
    let name = match rest {
        [TokenTree::Ident(public), TokenTree::Group(_), TokenTree::Ident(name), ..] if public == "pub" => Some(name),
        [TokenTree::Ident(public), TokenTree::Ident(name), ..] if public == "pub" => Some(name),
        [TokenTree::Ident(name), ..] => Some(name),
        _ => None,
    };
    let (Some(start), Some(true)) = (start, name.map(|name| name == field)) else { return Ok(None) };
    let mut options = None;
    for group in attributes {
        match attribute_of(group, "shard") {
            Some(list) if options.is_none() => options = Some(list),
            Some(_) => {
                return Err(SourceError::Unclear(format!(
                    "the field `{field}` has more than one `#[shard]`: make them one"
                )));
            }
            None if group.stream().into_iter().next().is_some_and(|first| first.to_string() == "cfg_attr")
                && group.stream().to_string().contains("shard") =>
            {
                let why = format!("the options of `{field}` are in a `cfg_attr`: change them by hand");
                return Err(SourceError::Unclear(why));
            }
            None => {}
        }
    }
    let options = match options {
        None => None,
        Some(Attribute::Bare) => {
            return Err(SourceError::Unclear(format!("the `#[shard]` of `{field}` has no parentheses")));
        }
        Some(Attribute::List(list)) => Some(in_options(&list)),
    };
    Ok(Some(Found { options, field: start.byte_range().start }))
}

fn in_options(list: &Group) -> Options {
    let tokens: Vec<TokenTree> = list.stream().into_iter().collect();
    let mut values = Vec::new();
    let comma = matches!(tokens.last(), Some(TokenTree::Punct(punct)) if punct.as_char() == ',');
    let mut depth = Depth::default();
    let is_end = |token: &TokenTree| {
        let ends = matches!(token, TokenTree::Punct(punct) if punct.as_char() == ',') && depth.is_outside();
        depth.pass(token);
        ends
    };
    for option in tokens.split(is_end) {
        if let [TokenTree::Ident(name), TokenTree::Punct(equals), first, rest @ ..] = option
            && equals.as_char() == '='
        {
            let end = rest.last().unwrap_or(first);
            values.push((name.to_string(), first.span().byte_range().start..end.span().byte_range().end));
        }
    }
    let end = tokens.last().map_or(list.span_open(), TokenTree::span as fn(&TokenTree) -> Span);
    Options { values, end: end.byte_range().end, comma, is_empty: tokens.is_empty() }
}
