//! Finds what an expansion must not have: relative paths, logic, unsafe code, panics.

use proc_macro2::{Ident, TokenStream, TokenTree};
use quote::ToTokens;
use std::collections::BTreeSet;
use syn::{
    Attribute, Expr, ExprMethodCall, Field, File, GenericParam, Generics, ImplItemFn, Item, ItemStruct, Macro, Meta,
    PatIdent, Path, Stmt, Token, Type,
    parse::Parser,
    parse_quote,
    punctuated::Punctuated,
    visit::{self, Visit},
};

/// Built-in attributes that an expansion may have.
const BUILT_IN: [&str; 5] = ["doc", "must_use", "track_caller", "allow", "derive"];

/// What the expansion of this declaration must not have.
pub(super) fn offences(attribute: &TokenStream, item: &ItemStruct, expansion: &File) -> Vec<String> {
    let mut users = Users::default();
    users.visit_item_struct(item);
    users.options(attribute);
    // A generic parameter is known only where it is declared.
    users.paths.retain(|path| !item.generics.params.iter().any(|parameter| parameter_name(parameter) == *path));
    let mut check = Check {
        own: declared(&expansion.items).chain([item.ident.to_string()]).collect(),
        attributes: item.attrs.iter().chain(item.fields.iter().flat_map(|field| &field.attrs)).map(printed).collect(),
        users: users.paths,
        locals: BTreeSet::new(),
        offences: Vec::new(),
    };
    check.visit_file(expansion);
    if contains_unsafe(expansion.to_token_stream()) {
        check.offences.push("`unsafe`".to_owned());
    }
    check.offences
}

/// The crates that absolute paths begin with.
pub(super) fn roots(expansion: &File) -> BTreeSet<String> {
    struct Roots(BTreeSet<String>);
    impl<'a> Visit<'a> for Roots {
        fn visit_path(&mut self, path: &'a Path) {
            if path.leading_colon.is_some() {
                self.0.extend(path.segments.first().map(|segment| segment.ident.to_string()));
            }
            visit::visit_path(self, path);
        }
    }
    let mut roots = Roots(BTreeSet::new());
    roots.visit_file(expansion);
    roots.0
}

/// The names of declared types and modules.
fn declared(items: &[Item]) -> impl Iterator<Item = String> {
    items.iter().flat_map(|item| match item {
        Item::Struct(item) => vec![item.ident.to_string()],
        Item::Enum(item) => vec![item.ident.to_string()],
        Item::Mod(item) => {
            let inner = item.content.iter().flat_map(|(_, items)| declared(items).collect::<Vec<_>>());
            inner.chain([item.ident.to_string()]).collect()
        }
        _ => Vec::new(),
    })
}

fn parameter_name(parameter: &GenericParam) -> String {
    match parameter {
        GenericParam::Type(ty) => ty.ident.to_string(),
        GenericParam::Const(constant) => constant.ident.to_string(),
        GenericParam::Lifetime(lifetime) => lifetime.lifetime.to_string(),
    }
}

/// The tokens as text. Syntax is compared by it.
fn printed(syntax: &impl ToTokens) -> String {
    syntax.to_token_stream().to_string()
}

/// A path without its generic arguments, which are visited as paths themselves.
fn name(path: &Path) -> String {
    path.segments.iter().map(|segment| segment.ident.to_string()).collect::<Vec<_>>().join("::")
}

/// `{ N }`, as a constant is written among generic arguments.
fn is_const_argument(expr: &Expr) -> bool {
    matches!(expr, Expr::Block(block) if matches!(&*block.block.stmts, [Stmt::Expr(Expr::Path(_), None)]))
}

fn panics(method: &Ident) -> bool {
    method == "unwrap" || method == "expect"
}

fn contains_unsafe(tokens: TokenStream) -> bool {
    tokens.into_iter().any(|token| match token {
        TokenTree::Ident(ident) => ident == "unsafe",
        TokenTree::Group(group) => contains_unsafe(group.stream()),
        _ => false,
    })
}

/// The paths that the user wrote. They may be relative.
#[derive(Default)]
struct Users {
    paths: BTreeSet<String>,
}

impl Users {
    /// Adds the paths in values of options: hashers and types of the user's own. The name of a runtime type, such as
    /// `RwLock`, is not a path of the user.
    fn options(&mut self, list: &TokenStream) {
        // This splits at every comma, so a path with two generic arguments would be missed, and then reported.
        for option in list.to_string().split(',') {
            let Some((name, value)) = option.split_once('=') else { continue };
            if let Ok(ty) = syn::parse_str::<Type>(value)
                && (name.trim() == "hasher" || value.contains("::"))
            {
                self.visit_type(&ty);
            }
        }
    }
}

impl<'a> Visit<'a> for Users {
    fn visit_path(&mut self, path: &'a Path) {
        self.paths.insert(name(path));
        visit::visit_path(self, path);
    }

    fn visit_field(&mut self, field: &'a Field) {
        for attr in &field.attrs {
            if let Meta::List(list) = &attr.meta {
                self.options(&list.tokens);
            }
        }
        visit::visit_field(self, field);
    }

    fn visit_attribute(&mut self, _: &'a Attribute) {}
}

struct Check {
    /// The names of the struct and of the types that the expansion declares.
    own: BTreeSet<String>,
    users: BTreeSet<String>,
    /// The attributes that the user wrote.
    attributes: BTreeSet<String>,
    /// Generic parameters and the variables of the function that is visited.
    locals: BTreeSet<String>,
    offences: Vec<String>,
}

impl Check {
    fn offence(&mut self, what: &str, at: &impl ToTokens) {
        self.offences.push(format!("{what}: {}", printed(at)));
    }

    fn path(&mut self, path: &Path) {
        let first = path.segments.first().map(|segment| segment.ident.to_string()).unwrap_or_default();
        let is_known = path.leading_colon.is_some()
            || matches!(first.as_str(), "Self" | "self" | "super")
            || self.own.contains(&first)
            || self.locals.contains(&first)
            || self.users.contains(&name(path));
        if !is_known {
            self.offence("a relative path", path);
        }
        if path.segments.last().is_some_and(|last| panics(&last.ident)) {
            self.offence("a panic", path);
        }
    }

    /// Runs with these parameters in scope.
    fn with_generics(&mut self, generics: &Generics, run: impl FnOnce(&mut Self)) {
        let outer = self.locals.clone();
        self.locals.extend(generics.params.iter().map(parameter_name));
        run(self);
        self.locals = outer;
    }
}

impl<'a> Visit<'a> for Check {
    fn visit_path(&mut self, path: &'a Path) {
        self.path(path);
        visit::visit_path(self, path);
    }

    fn visit_item(&mut self, item: &'a Item) {
        match item {
            Item::Struct(inner) => self.with_generics(&inner.generics, |check| visit::visit_item(check, item)),
            Item::Impl(inner) => self.with_generics(&inner.generics, |check| visit::visit_item(check, item)),
            _ => visit::visit_item(self, item),
        }
    }

    fn visit_impl_item_fn(&mut self, function: &'a ImplItemFn) {
        struct Variables<'b>(&'b mut BTreeSet<String>);
        impl<'a> Visit<'a> for Variables<'_> {
            fn visit_pat_ident(&mut self, variable: &'a PatIdent) {
                self.0.insert(variable.ident.to_string());
            }
        }
        self.with_generics(&function.sig.generics, |check| {
            Variables(&mut check.locals).visit_impl_item_fn(function);
            visit::visit_impl_item_fn(check, function);
        });
    }

    fn visit_pat_ident(&mut self, variable: &'a PatIdent) {
        if !variable.ident.to_string().starts_with("__") {
            self.offence("a variable that a constant may be called as", variable);
        }
        visit::visit_pat_ident(self, variable);
    }

    fn visit_expr(&mut self, expr: &'a Expr) {
        let is_plain = matches!(
            expr,
            Expr::Assign(_)
                | Expr::Call(_)
                | Expr::Field(_)
                | Expr::Lit(_)
                | Expr::MethodCall(_)
                | Expr::Path(_)
                | Expr::Reference(_)
                | Expr::Struct(_)
                | Expr::Tuple(_)
        );
        if !is_plain && !is_const_argument(expr) {
            self.offence("logic", expr);
        }
        visit::visit_expr(self, expr);
    }

    fn visit_expr_method_call(&mut self, call: &'a ExprMethodCall) {
        if panics(&call.method) {
            self.offence("a panic", call);
        }
        visit::visit_expr_method_call(self, call);
    }

    fn visit_macro(&mut self, call: &'a Macro) {
        if printed(&call.path) != ":: core :: compile_error" {
            self.offence("a macro", call);
        }
    }

    /// Accepts the user's attributes and built-in ones.
    fn visit_attribute(&mut self, attr: &'a Attribute) {
        if self.attributes.contains(&printed(attr)) {
            return;
        }
        if !BUILT_IN.iter().any(|name| attr.path().is_ident(name)) {
            self.offence("an attribute", attr);
        }
        if let Meta::List(list) = &attr.meta
            && list.path.is_ident("derive")
        {
            let paths = Punctuated::<Path, Token![,]>::parse_terminated.parse2(list.tokens.clone());
            for path in paths.expect("the derives are paths") {
                self.path(&path);
            }
        }
    }
}

#[test]
fn offences_are_found() {
    let item: ItemStruct = parse_quote! {
        struct Hello<T> {
            visits: HashMap<String, T>,
        }
    };
    let offences = |expansion: File| offences(&TokenStream::new(), &item, &expansion);

    let sound = parse_quote! {
        struct Hello<T> { visits: <HashMap<String, T> as ::sharded::Declared>::Field<HelloVisits> }
        #[derive(::core::fmt::Debug)]
        enum HelloVisits {}
        impl<T> Hello<T> {
            fn new(mut __clock: ::sharded::clock::Manual) -> Self {
                let __store = HelloVisits::start(__clock);
                Self::with(__store, self.visits)
            }
        }
    };
    assert_eq!(offences(sound), Vec::<String>::new());

    for unsound in [
        parse_quote! { struct Hello<T>(Option<T>); },
        parse_quote! { struct Hello<T>(::core::option::Option<u32>); },
        parse_quote! { struct Hello<T>(HashMap<String, u32>); },
        parse_quote! { struct Hello<T>(std::collections::HashMap<String, T>); },
        parse_quote! { struct Hello<U>(T); },
        parse_quote! { #[derive(Debug)] struct Hello; },
        parse_quote! { #[inline] fn hello() {} },
        parse_quote! { impl Hello { fn a(__x: Self) {} fn b() -> Self { __x } } },
        parse_quote! { impl Hello { fn a(x: Self) {} } },
        parse_quote! { impl Hello { fn a(self) { let x = self; } } },
        parse_quote! { impl Default for Hello {} },
        parse_quote! { impl Hello { fn a(self) { self.b().unwrap(); } } },
        parse_quote! { impl Hello { fn a(self) { ::core::option::Option::expect(self, ""); } } },
        parse_quote! { impl Hello { fn a(self) { if self.b() {} } } },
        parse_quote! { impl Hello { fn a(self) { ::core::panic!(); } } },
        parse_quote! { impl Hello { unsafe fn a(self) {} } },
    ] {
        let (printed, found) = (prettyplease::unparse(&unsound), offences(unsound));
        assert_eq!(found.len(), 1, "{found:?} in {printed}");
    }
}
