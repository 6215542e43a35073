//! The pipeline from tokens to tokens.

use crate::{diag::Diagnostics, pipeline, syntax};
use proc_macro2::TokenStream;
use quote::quote;

/// The expansion, printed.
fn expand(attribute: TokenStream, item: TokenStream) -> String {
    let file = syn::parse2::<syn::File>(pipeline(attribute, item)).expect("the expansion is Rust");
    prettyplease::unparse(&file)
}

#[test]
fn print() {
    let hello = quote! {
        pub struct Hello<T: Clone = u32, const N: usize = 3> where T: Copy {
            /// How often each visitor came.
            pub visits: HashMap<String, u32>,
            #[cfg(all())]
            #[expect(dead_code)]
            #[shard(lock = RwLock, ttl = never, capacity = 1000, evict = Sieve)]
            names: HashSet<String>,
            #[shard(skip)]
            greeting: Vec<Self>,
        }
    };
    println!("{}", expand(quote!(shards = 16, ttl = "5m"), hello));
    let bad = quote! {
        pub struct Bad {
            #[shard(lcok = RwLok, ttl = "5 min", shards = 7)]
            pub visits: HashMap<String, u32>,
        }
    };
    println!("{}", expand(quote!(shards = 16 evict = Lru, skip, capcity = 5, hasher = Foo<A, B>, lock = RwLok), bad));
    let bad = quote! {
        pub enum Bad {
            A { #[shard(lock = Mutex)] x: u8 }
        }
    };
    println!("{}", expand(quote!(shards = 16), bad));
}
