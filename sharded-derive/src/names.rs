//! The names of what is generated.

use proc_macro2::{Ident, Span};
use syn::ext::IdentExt;

/// The functions that a store has besides one per map.
pub(crate) const OF_STORE: [&str; 2] = ["new", "builder"];

/// The methods that a builder has besides one per field.
pub(crate) const OF_BUILDER: [&str; 5] = ["clock", "shards", "sweep_by_hand", "topology", "build"];

/// Whether the name is one of these.
pub(crate) fn is_one_of(field: &Ident, names: &[&str]) -> bool {
    names.contains(&field.unraw().to_string().as_str())
}

/// `requests_by_day` becomes `RequestsByDay`.
pub(crate) fn camel(snake: &str) -> String {
    snake
        .split('_')
        .filter_map(|word| {
            let mut letters = word.chars();
            letters.next().map(|first| first.to_uppercase().chain(letters).collect::<String>())
        })
        .collect()
}

/// The policy of field `visits` of struct `Hello` is `HelloVisits`.
pub(crate) fn policy(store: &Ident, field: &Ident) -> Ident {
    Ident::new(&format!("{}{}", store.unraw(), camel(&field.unraw().to_string())), generated(field.span()))
}

/// The builder of `Hello` is `HelloBuilder`.
pub(crate) fn builder(store: &Ident) -> Ident {
    Ident::new(&format!("{}Builder", store.unraw()), generated(store.span()))
}

/// The builder's type parameter for the skipped field `greeting` is `__Greeting`.
pub(crate) fn parameter(field: &Ident) -> Ident {
    Ident::new(&format!("__{}", camel(&field.unraw().to_string())), generated(field.span()))
}

/// The same name at the same place, but known as generated: editors still find the way to what the user wrote, and lints
/// about an unused or unusual name leave it alone.
pub(crate) fn quiet(ident: &Ident) -> Ident {
    let mut ident = ident.clone();
    ident.set_span(generated(ident.span()));
    ident
}

/// This place, as generated code.
pub(crate) fn generated(span: Span) -> Span {
    span.resolved_at(Span::call_site())
}

#[cfg(test)]
mod tests {
    use super::*;
    use quote::format_ident;

    #[test]
    fn camel_case() {
        for (snake, expected) in [
            ("visits", "Visits"),
            ("requests_by_day", "RequestsByDay"),
            ("_private", "Private"),
            ("größe_ä", "GrößeÄ"),
            ("名前", "名前"),
            ("http2_hits", "Http2Hits"),
            ("__", ""),
        ] {
            assert_eq!(camel(snake), expected);
        }
    }

    #[test]
    fn raw_names_lose_their_prefix() {
        assert_eq!(policy(&format_ident!("Hello"), &format_ident!("r#type")), "HelloType");
        assert_eq!(parameter(&format_ident!("r#type")), "__Type");
    }
}
