//! The errors of one declaration. All are reported, each on the tokens that are wrong.

use proc_macro2::TokenStream;
use quote::ToTokens;
use std::{fmt::Display, mem, thread};

/// Collects errors until [`into_compile_errors`](Diagnostics::into_compile_errors).
///
/// Dropping it with errors inside panics, since the user would never see them.
pub(crate) struct Diagnostics {
    errors: Vec<syn::Error>,
}

impl Diagnostics {
    pub(crate) fn new() -> Self {
        Self { errors: Vec::new() }
    }

    /// Adds an error about these tokens. The compiler underlines all of them.
    pub(crate) fn error(&mut self, at: impl ToTokens, message: impl Display) {
        self.errors.push(syn::Error::new_spanned(at, message));
    }

    /// As [`error`](Diagnostics::error), unless there is one with the same message: each field may find the same
    /// mistake in the struct's options.
    pub(crate) fn error_once(&mut self, at: impl ToTokens, message: &str) {
        if !self.errors.iter().any(|error| error.to_string() == message) {
            self.error(at, message);
        }
    }

    /// One `compile_error!` per error, in the order in which they were added.
    pub(crate) fn into_compile_errors(mut self) -> TokenStream {
        mem::take(&mut self.errors).into_iter().map(syn::Error::into_compile_error).collect()
    }

    #[cfg(test)]
    pub(crate) fn into_messages(mut self) -> Vec<String> {
        mem::take(&mut self.errors).iter().map(ToString::to_string).collect()
    }
}

impl Drop for Diagnostics {
    fn drop(&mut self) {
        assert!(self.errors.is_empty() || thread::panicking(), "errors were not reported");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[should_panic = "errors were not reported"]
    fn an_unread_error_panics() {
        Diagnostics::new().error(TokenStream::new(), "lost");
    }

    #[test]
    fn the_same_message_is_reported_once() {
        let mut diag = Diagnostics::new();
        diag.error_once(TokenStream::new(), "one");
        diag.error_once(TokenStream::new(), "one");
        assert_eq!(diag.into_messages(), ["one"]);
    }

    #[test]
    fn errors_keep_their_order() {
        let mut diag = Diagnostics::new();
        diag.error(TokenStream::new(), "one");
        diag.error(TokenStream::new(), "two");
        let errors = diag.into_compile_errors().to_string();
        assert!(errors.find("one").unwrap() < errors.find("two").unwrap());
        assert_eq!(errors.matches("compile_error").count(), 2);
    }
}
