//! One option as it was given, or not.

use crate::diag::Diagnostics;
use crate::suggest;
use crate::syntax::declaration::{Declaration, Place};
use crate::syntax::list::{Entry, Given};
use crate::syntax::values::value::{Kind, Parsed, Value};
use proc_macro2::TokenStream;
use std::ops::Deref;

/// The value of one option: first as written on the struct or the field, and for a map then also as inherited from the
/// struct.
#[derive(Clone)]
pub(crate) struct Setting<T> {
    value: Option<T>,
    mark: Mark,
}

/// How an option was given. This is independent of the type of its value.
#[derive(Clone, Default)]
pub(crate) struct Mark {
    state: State,
    /// The whole option, for an error to point at.
    pub(crate) tokens: TokenStream,
    /// Whether it was given at the struct, for a field.
    pub(crate) is_inherited: bool,
}

#[derive(Clone, Copy, Default, PartialEq)]
enum State {
    #[default]
    Absent,
    /// Given with an error, which has been reported. Other rules then assume that a value was meant.
    Wrong,
    /// Given as `never`, `none` or `auto`.
    Undone,
    Valued,
}

impl<T> Default for Setting<T> {
    fn default() -> Self {
        Self { value: None, mark: Mark::default() }
    }
}

impl<T> Deref for Setting<T> {
    type Target = Mark;

    fn deref(&self) -> &Mark {
        &self.mark
    }
}

impl Mark {
    pub(crate) fn is_given(&self) -> bool {
        self.state != State::Absent
    }

    /// Whether a value was meant, even if it is wrong.
    pub(crate) fn is_meant(&self) -> bool {
        matches!(self.state, State::Wrong | State::Valued)
    }

    pub(super) fn has_value(&self) -> bool {
        self.state == State::Valued
    }
}

impl<T> Setting<T> {
    /// The value in force.
    pub(crate) fn value(&self) -> Option<&T> {
        self.value.as_ref()
    }

    /// Takes the value out of force, since the option that it needs has none.
    pub(super) fn suspend(&mut self) {
        self.value = None;
    }

    /// Reads an entry of the list. A misspelt one, which has been reported, stands for a wrong value, so that no rule
    /// reports that the option is missing.
    pub(super) fn read(
        &mut self,
        option: &'static Declaration,
        entry: &Entry,
        is_misspelt: bool,
        parse: fn(&Value) -> Parsed<T>,
        diag: &mut Diagnostics,
    ) {
        let (name, whole) = (option.name, &entry.tokens);
        if self.is_given() {
            if !is_misspelt {
                diag.error(whole, format!("`{name}` is given twice: keep one of the two"));
            }
            return;
        }
        self.mark = Mark { state: State::Wrong, tokens: whole.clone(), is_inherited: false };
        let wrong = match (&entry.value, option.example) {
            _ if is_misspelt => return,
            (Given::Wrong, _) => return,
            (Given::Parentheses(inner), Some(_)) if inner.is_empty() => {
                format!("an option is written with `=`: `{}`", option.form())
            }
            (Given::Parentheses(inner), Some(_)) => format!("an option is written with `=`: `{name} = {inner}`"),
            (Given::Value(tokens), Some(_)) => return self.parse(&Value::new(option, tokens.clone()), parse, diag),
            (Given::Nothing, None) => return self.parse(&Value::new(option, TokenStream::new()), parse, diag),
            (Given::Nothing, Some(_)) => format!("`{name}` needs a value: `{}`", option.form()),
            (Given::Value(_) | Given::Parentheses(_), None) => {
                let attribute = if option.on.allows(Place::Struct) { "sharded" } else { "shard" };
                format!("`{name}` takes no value: `#[{attribute}({name})]`")
            }
        };
        diag.error(whole, wrong);
    }

    fn parse(&mut self, value: &Value, parse: fn(&Value) -> Parsed<T>, diag: &mut Diagnostics) {
        let parsed = match (undone(value), value.option.undo) {
            (Some(word), Some(undo)) if word == undo => {
                self.mark.state = State::Undone;
                return;
            }
            (Some(word), _) => {
                Err(format!("`{}` can't be `{word}`, did you mean `{}`?", value.option.name, value.option.undone()))
            }
            (None, _) => value.check_form().and_then(|()| parse(value)),
        };
        match parsed {
            Ok(parsed) => (self.value, self.mark.state) = (Some(parsed), State::Valued),
            Err(message) => diag.error(&value.tokens, message),
        }
    }

    /// Takes the struct's setting if the field has none.
    pub(super) fn inherit(&mut self, of_struct: &Self)
    where
        T: Clone,
    {
        if !self.is_given() {
            *self = of_struct.clone();
            self.mark.is_inherited = true;
        }
    }
}

/// The word, if it was meant to undo the option.
fn undone(value: &Value) -> Option<String> {
    let Kind::Word(word) = &value.kind else { return None };
    let word = word.to_string();
    suggest::nearest(&word, [value.option.undo?, "never", "none", "unbounded"])?;
    Some(word)
}
