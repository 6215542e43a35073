//! The `#[sharded]` attribute macro.

use proc_macro::TokenStream;

/// Declares the concurrency policy of a struct of maps.
#[proc_macro_attribute]
pub fn sharded(_attribute: TokenStream, item: TokenStream) -> TokenStream {
    item
}
