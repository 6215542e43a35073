//! The struct and the attributes on it and on its fields.

use super::declaration::Place;
use super::itself::Itself;
use super::options::table::Options;
use crate::diag::Diagnostics;
use proc_macro2::{Ident, TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::{Attribute, Data, DeriveInput, Field, Fields, Generics, Meta, Visibility, punctuated::Punctuated};

/// A struct with named fields. `#[shard(…)]` is removed from each, and its options are read.
pub(crate) struct Item {
    pub(crate) options: Options,
    pub(crate) attrs: Vec<Attribute>,
    pub(crate) vis: Visibility,
    pub(crate) ident: Ident,
    pub(crate) generics: Generics,
    pub(crate) fields: Vec<DeclaredField>,
}

pub(crate) struct DeclaredField {
    pub(crate) options: Options,
    pub(crate) field: Field,
}

/// An item that is not a struct with named fields, which has been reported. It stays as it was.
pub(crate) struct Unsupported {
    pub(crate) item: TokenStream,
}

const TWICE: &str = "`#[sharded]` is given twice: put all options into the first one";

/// Reads the attribute's options and the item under it.
pub(crate) fn parse(attribute: TokenStream, item: TokenStream, diag: &mut Diagnostics) -> Result<Item, Unsupported> {
    let Ok(input) = syn::parse2::<DeriveInput>(item.clone()) else {
        diag.error(&item, "`#[sharded]` goes on a struct with named fields");
        return Err(Unsupported { item });
    };
    let DeriveInput { mut attrs, vis, ident, mut generics, data } = input;
    let data = match named_fields(data, &ident, diag) {
        Ok(fields) => fields,
        Err(data) => {
            let item = DeriveInput { attrs, vis, ident, generics, data }.into_token_stream();
            return Err(Unsupported { item: without_shard(item) });
        }
    };

    if data.iter().any(is_expanded) {
        // `misplaced_on_struct` finds a second attribute by its name. This one has another name.
        diag.error(TokenStream::new(), TWICE);
        let fields = Fields::Named(syn::FieldsNamed { brace_token: syn::token::Brace::default(), named: data });
        let data =
            Data::Struct(syn::DataStruct { struct_token: <syn::Token![struct]>::default(), fields, semi_token: None });
        return Err(Unsupported { item: DeriveInput { attrs, vis, ident, generics, data }.into_token_stream() });
    }
    let itself = Itself::new(&ident, &generics);
    itself.replace_in_generics(&mut generics);
    let mut options = Options::default();
    options.read(itself.replaced(attribute), Place::Struct, diag);
    misplaced_on_struct(&mut attrs, diag);

    let fields = data
        .into_iter()
        .map(|mut field| {
            itself.replace_in_field(&mut field);
            DeclaredField { options: take_field_options(&mut field, diag), field }
        })
        .collect();
    Ok(Item { options, attrs, vis, ident, generics, fields })
}

/// Whether the field has a type that the macro writes: `<HashMap<u8, u8> as ::sharded::Declared>::Field<…>`, or this in
/// `::sharded::macro_support::Last<…>`.
fn is_expanded(field: &Field) -> bool {
    let syn::Type::Path(ty) = &field.ty else { return false };
    let names: Vec<String> = ty.path.segments.iter().map(|segment| segment.ident.to_string()).collect();
    match names.as_slice() {
        [.., module, last] if module == "macro_support" => last == "Last",
        [.., of, field] => ty.qself.is_some() && of == "Declared" && field.starts_with("Field"),
        _ => false,
    }
}

fn named_fields(data: Data, ident: &Ident, diag: &mut Diagnostics) -> Result<Punctuated<Field, syn::Token![,]>, Data> {
    let what = match data {
        Data::Struct(data) => match data.fields {
            Fields::Named(fields) => return Ok(fields.named),
            fields => {
                let kind = if matches!(fields, Fields::Unit) { "a unit struct" } else { "a tuple struct" };
                let message = format!(
                    "`{ident}` is {kind}, but `#[sharded]` names its methods after the fields: write `struct {ident} {{ \
                     name: HashMap<…>, }}`"
                );
                diag.error(ident, message);
                return Err(Data::Struct(syn::DataStruct { fields, ..data }));
            }
        },
        Data::Enum(_) => "an enum",
        Data::Union(_) => "a union",
    };
    diag.error(ident, format!("`{ident}` is {what}, but `#[sharded]` goes on a struct with named fields"));
    Err(data)
}

/// Removes the options from a field and reads them.
fn take_field_options(field: &mut Field, diag: &mut Diagnostics) -> Options {
    let mut options = Options::default();
    for attr in take(&mut field.attrs, |attr| attr.path().is_ident("shard") || attr.path().is_ident("sharded")) {
        if attr.path().is_ident("sharded") {
            diag.error(attr.path(), "`#[sharded(…)]` goes on the struct; on a field it is `#[shard(…)]`");
        }
        match attr.meta {
            Meta::Path(_) => {}
            Meta::List(list) => options.read(list.tokens, Place::Field, diag),
            Meta::NameValue(_) => diag.error(&attr, "the options go in parentheses: `#[shard(…)]`"),
        }
    }
    // The macro runs before the compiler decides which `cfg` holds.
    for attr in take(&mut field.attrs, |attr| conditional(attr).any(|inner| inner == "shard")) {
        diag.error(
            &attr,
            "options can't depend on a `cfg`: write the field twice, once under `#[cfg(…)]` and once under \
             `#[cfg(not(…))]`, each with its own `#[shard(…)]`",
        );
    }
    options
}

fn misplaced_on_struct(attrs: &mut Vec<Attribute>, diag: &mut Diagnostics) {
    let is_sharded = |attr: &Attribute| attr.path().segments.last().is_some_and(|last| last.ident == "sharded");
    for attr in take(attrs, is_sharded) {
        diag.error(attr, TWICE);
    }
    for attr in take(attrs, |attr| attr.path().is_ident("shard")) {
        diag.error(attr.path(), "`#[shard(…)]` goes on a field; the struct's options are in `#[sharded(…)]`");
    }
}

/// The names of the attributes in a `cfg_attr(…, a(…), b)`; none of any other attribute.
pub(crate) fn conditional(attr: &Attribute) -> impl Iterator<Item = String> + use<> {
    let tokens = match &attr.meta {
        Meta::List(list) if list.path.is_ident("cfg_attr") => list.tokens.clone(),
        _ => TokenStream::new(),
    };
    let mut after_comma = false;
    tokens.into_iter().filter_map(move |token| {
        let begins = after_comma;
        after_comma = matches!(&token, TokenTree::Punct(punct) if punct.as_char() == ',');
        match token {
            TokenTree::Ident(ident) if begins => Some(ident.to_string()),
            _ => None,
        }
    })
}

fn take(attrs: &mut Vec<Attribute>, wanted: impl Fn(&Attribute) -> bool) -> Vec<Attribute> {
    let (taken, kept) = std::mem::take(attrs).into_iter().partition(wanted);
    *attrs = kept;
    taken
}

/// The same item without any `#[shard(…)]`, which the compiler would report as unknown.
fn without_shard(item: TokenStream) -> TokenStream {
    let mut out = TokenStream::new();
    let mut tokens = item.into_iter().peekable();
    while let Some(token) = tokens.next() {
        match token {
            TokenTree::Punct(hash) if hash.as_char() == '#' && tokens.peek().is_some_and(is_shard) => {
                tokens.next();
            }
            TokenTree::Group(group) => {
                let mut inner = proc_macro2::Group::new(group.delimiter(), without_shard(group.stream()));
                inner.set_span(group.span());
                out.extend(quote!(#inner));
            }
            token => out.extend([token]),
        }
    }
    out
}

fn is_shard(token: &TokenTree) -> bool {
    let TokenTree::Group(group) = token else { return false };
    let first = group.stream().into_iter().next();
    matches!(first, Some(TokenTree::Ident(ident)) if ident == "shard")
}
