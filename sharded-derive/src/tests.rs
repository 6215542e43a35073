//! The pipeline from tokens to tokens. `snapshots` has its expansions, `tests/ui` its messages.

use crate::pipeline::{expanded, pipeline};
use crate::{check, diag::Diagnostics, resolve, syntax::item};
use proc_macro2::TokenStream;
use quote::{ToTokens, quote};

/// The errors of a declaration, and its expansion without them.
fn run(attribute: TokenStream, item: TokenStream) -> (Vec<String>, String) {
    let mut diag = Diagnostics::new();
    let expanded = expanded(attribute, item, &mut diag);
    let file = syn::parse2::<syn::File>(expanded).expect("the expansion is Rust");
    (diag.into_messages(), prettyplease::unparse(&file))
}

#[test]
fn a_correct_declaration_has_no_errors() {
    let (errors, _) = run(
        quote!(shards = 16, ttl = "1h 30m", lock = my::Lock<4>, hasher = BuildHasherDefault<Fx<u8, u8>>, crate = crate::renamed,),
        quote! {
            pub struct Store {
                pub a: HashMap<String, u32>,
                #[shard(ttl = never, capacity = 0x10_000, evict = Sieve)]
                b: HashSet<String>,
                #[shard(skip)]
                c: String,
            }
        },
    );
    assert_eq!(errors, [""; 0]);
}

#[test]
fn with_errors_the_item_is_whole() {
    let (errors, expansion) = run(
        quote!(shards = 3, ttl, lock = Mutx),
        quote! {
            struct Store {
                #[shard(tll = "5m", capacity = "1MB", idle = "1x")]
                a: HashMap<String, u32>,
                #[shard(evict = Lru, clock = System)]
                b: HashMap<String, u32>,
            }
        },
    );
    assert_eq!(errors.len(), 7, "{errors:#?}");
    for part in ["fn a(", "fn b(", "enum StoreA", "enum StoreB", "shards::Auto", "lock::Mutex", "struct StoreBuilder"] {
        assert!(expansion.contains(part), "{part} is not in {expansion}");
    }
}

#[test]
fn every_error_becomes_a_compile_error() {
    let expansion = pipeline(
        quote!(ttl = 5, shards = 0),
        quote!(
            struct Store {
                a: HashMap<u8, u8>,
            }
        ),
    )
    .to_string();
    assert_eq!(expansion.matches("compile_error").count(), 2);
}

#[test]
fn an_unsupported_item_stays_without_options() {
    let (errors, expansion) = run(
        quote!(),
        quote!(
            enum Store {
                A {
                    #[shard(skip)]
                    #[doc = "x"]
                    a: u8,
                },
            }
        ),
    );
    assert_eq!(errors.len(), 1);
    assert!(expansion.contains("enum Store") && !expansion.contains("shard"), "{expansion}");
}

/// Under another name, a second attribute is not seen until the first one has been expanded.
#[test]
fn a_second_attribute_is_one_error() {
    for field in [quote!(a: HashMap<u8, u8>), quote!(a: Alias), quote!(#[shard(hasher = SipHash)] a: HashSet<u8>)] {
        let (_, first) = run(quote!(ttl = "1m"), quote!(struct Store { #field }));
        let first: syn::File = syn::parse_str(&first).expect("the expansion is Rust");
        let written = first.items[0].to_token_stream();
        let (errors, second) = run(quote!(shards = 4), written.clone());
        assert_eq!(errors, ["`#[sharded]` is given twice: put all options into the first one"]);
        let written = prettyplease::unparse(&syn::parse2(written).expect("it is Rust"));
        assert_eq!(second, written, "the item stays as the first attribute has written it");
    }
}

#[test]
fn a_wrong_option_counts_as_given() {
    // No error says that one of these maps has no bound, or that `evict` needs a capacity.
    let (errors, _) = run(
        quote!(),
        quote! {
            struct Store {
                #[shard(ttl = 5)]
                a: HashMap<u8, u8>,
                #[shard(capacty = 10, evict = Lru)]
                b: HashMap<u8, u8>,
                #[shard(something = "else")]
                c: HashMap<u8, u8>,
                #[shard(idle)]
                d: HashMap<u8, u8>,
            }
        },
    );
    assert_eq!(errors.len(), 4, "{errors:#?}");
}

#[test]
fn a_misspelt_option_beside_the_right_one_is_one_error() {
    let (errors, _) = run(
        quote!(tll = "5m", ttl = "6m"),
        quote!(
            struct Store {
                a: HashMap<u8, u8>,
            }
        ),
    );
    assert_eq!(errors.len(), 1, "{errors:#?}");
}

#[test]
fn a_mistake_in_the_defaults_is_reported_once() {
    let maps = quote!(
        struct Store {
            a: HashMap<u8, u8>,
            b: HashMap<u8, u8>,
            c: HashMap<u8, u8>,
        }
    );
    for wrong in
        [quote!(shards = 64, capacity = 10), quote!(ttl = "5m", idle = "5m"), quote!(lock = Optimistic, idle = "5m")]
    {
        let (errors, _) = run(wrong, maps.clone());
        assert_eq!(errors.len(), 1, "{errors:#?}");
    }
}

#[test]
fn a_list_goes_on_after_a_bad_entry() {
    let (errors, expansion) = run(
        quote!("what", shards(4), ttl = , lock RwLock, hasher = A<B, C> clock = Boot, capacity = 1 000, idle = "7s"),
        quote!(
            struct Store {
                a: HashMap<u8, u8>,
            }
        ),
    );
    assert_eq!(errors.len(), 6, "{errors:#?}");
    assert!(expansion.contains("A<B, C>") && expansion.contains("Boot") && expansion.contains("from_secs(7)"));
}

#[test]
fn a_snapshot_needs_the_feature() {
    let errors = |attribute, can_snapshot| {
        let mut diag = Diagnostics::new();
        let item = quote!(
            struct Store {
                a: HashMap<u8, u8>,
            }
        );
        let Ok(declaration) = item::parse(attribute, item, &mut diag) else { panic!("it is a struct") };
        let store = resolve::resolve(declaration, &mut diag);
        check::item::check_snapshot(&store, can_snapshot, &mut diag);
        diag.into_messages()
    };
    assert!(errors(quote!(snapshot), false)[0].starts_with("`snapshot` needs the feature `serde`"));
    assert_eq!(errors(quote!(snapshot), true), [""; 0]);
    assert_eq!(errors(quote!(), false), [""; 0]);
}

#[test]
fn a_tier_needs_the_feature() {
    let errors = |can_tier| {
        let mut diag = Diagnostics::new();
        let item = quote!(
            struct Store {
                #[shard(tier = Redis, ttl = "5m")]
                a: HashMap<u8, u8>,
            }
        );
        let Ok(declaration) = item::parse(quote!(), item, &mut diag) else { panic!("it is a struct") };
        let store = resolve::resolve(declaration, &mut diag);
        store.maps().for_each(|map| check::tier::check(map, can_tier, &mut diag));
        diag.into_messages()
    };
    assert!(errors(false)[0].starts_with("`tier` needs the feature `redis`"));
    assert_eq!(errors(true), [""; 0]);
}
