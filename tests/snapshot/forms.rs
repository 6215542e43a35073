//! Forms of a value under serde: forms that pass through a buffer, forms that cannot be read again, and depths that
//! would end the process.

use serde::{Deserialize, Serialize};
use sharded::{
    sharded,
    snapshot::{RestoreError, SaveError, Snapshot},
};
use std::{collections::HashMap, error::Error, net::IpAddr, thread};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Client {
    ip: IpAddr,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Login {
    user: String,
    #[serde(flatten)]
    client: Client,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type")]
enum Event {
    From { ip: IpAddr },
    Amount { cents: u128 },
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
enum Either {
    Ip(IpAddr),
    Large(u128),
}

#[sharded(snapshot, ttl = "1h")]
struct Forms {
    good: HashMap<u8, u8>,
    logins: HashMap<IpAddr, Login>,
    events: HashMap<u8, Event>,
    either: HashMap<u8, Either>,
    after: HashMap<u8, u128>,
}

/// `IpAddr` has two forms. What serde keeps in a buffer is read as the one that is text.
#[test]
fn what_passes_through_a_buffer_is_restored() {
    let ip: IpAddr = "::1".parse().unwrap();
    let forms = Forms::new();
    forms.logins().insert(ip, Login { user: "ada".to_owned(), client: Client { ip } });
    forms.events().insert(1, Event::From { ip });
    forms.either().insert(1, Either::Ip(ip));
    forms.after().insert(1, u128::MAX);
    let mut file = Vec::new();
    forms.save(&mut file).unwrap();
    let next = Forms::new();
    next.restore(&file[..]).unwrap();
    assert_eq!(next.logins().get(&ip), forms.logins().get(&ip));
    assert_eq!(next.events().get(&1), forms.events().get(&1));
    assert_eq!(next.either().get(&1), forms.either().get(&1));
    assert_eq!(next.after().get(&1), forms.after().get(&1));
}

#[test]
fn what_cannot_be_read_again_is_not_saved() {
    for unreadable in 0..2 {
        let forms = Forms::new();
        forms.good().insert(1, 1);
        // Among many that can.
        for key in 0..200 {
            forms.events().insert(key, Event::From { ip: [127, 0, 0, key].into() });
        }
        let named = if unreadable == 0 {
            forms.events().insert(77, Event::Amount { cents: 5 });
            "events"
        } else {
            forms.either().insert(77, Either::Large(5));
            "either"
        };
        let error = forms.save(&mut Vec::new()).unwrap_err();
        assert!(matches!(error, SaveError::Entry { field, .. } if field == named), "{error:?}");
        let source = error.source().unwrap().to_string();
        assert!(error.to_string().contains(named) && source.contains("read back"), "{error}: {source}");
    }
}

/// A file whose entries are of other types than the field's by now: the error says where, and the other fields can be
/// restored.
#[test]
fn one_bad_entry_leaves_the_other_fields() {
    #[sharded(snapshot, ttl = "1h")]
    struct Before {
        good: HashMap<u8, u8>,
        either: HashMap<u8, String>,
        after: HashMap<u8, u128>,
    }
    let before = Before::new();
    before.good().insert(1, 1);
    before.either().extend([(1, "::1".to_owned()), (2, "no address".to_owned())]);
    before.after().insert(1, 1);
    let mut file = Vec::new();
    before.save(&mut file).unwrap();

    let forms = Forms::new();
    let error = forms.restore(&file[..]).unwrap_err();
    let RestoreError::Entry { field: "either", number, .. } = error else { panic!("{error:?}") };
    assert!(number < 2 && error.to_string().contains(&format!("entry {number} of `either`")), "{error}");
    assert_eq!(forms.good().len(), 0);
    assert_eq!(forms.good().restore(&file[..]).unwrap().entries, 1);
    assert_eq!(forms.after().restore(&file[..]).unwrap().entries, 1);
}

#[derive(Clone, Serialize, Deserialize)]
struct Link {
    next: Option<Box<Link>>,
}

#[derive(Clone, Serialize, Deserialize)]
enum Wrapped {
    Nothing,
    Once(Box<Wrapped>),
}

#[sharded(snapshot, ttl = "1h", shards = 1)]
struct Chains {
    links: HashMap<u8, Link>,
    wrapped: HashMap<u8, Wrapped>,
}

/// On the stack of a thread on which the value itself can be made and dropped.
#[test]
fn a_save_does_not_use_up_the_stack() {
    fn links(depth: usize) -> Link {
        (1..depth).fold(Link { next: None }, |inner, _| Link { next: Some(Box::new(inner)) })
    }
    fn wrapped(depth: usize) -> Wrapped {
        (0..depth).fold(Wrapped::Nothing, |inner, _| Wrapped::Once(Box::new(inner)))
    }
    /// Whether it is saved and restored; otherwise it was too deep.
    fn restarts(chains: Chains) -> bool {
        let mut file = Vec::new();
        let saved = chains.save(&mut file);
        assert!(matches!(saved, Ok(1) | Err(SaveError::TooDeep { .. })), "{saved:?}");
        let next = Chains::new();
        assert_eq!(next.restore(&file[..]).is_ok(), saved.is_ok());
        // Their drop is the type's own, and recurses; so does the clone, which is made on a large stack.
        std::mem::forget((chains, next));
        saved.is_ok()
    }
    let run = |kib: usize, run: fn()| thread::Builder::new().stack_size(kib << 10).spawn(run).unwrap().join().unwrap();
    let check = || {
        for (depth, is_fine) in [(1023, true), (1024, false), (6000, false)] {
            let chains = Chains::new();
            chains.links().insert(1, links(depth));
            assert_eq!(restarts(chains), is_fine, "{depth}");
        }
        for (depth, is_fine) in [(1024, true), (4096, true), (4097, false), (6000, false)] {
            let chains = Chains::new();
            chains.wrapped().insert(1, wrapped(depth));
            assert_eq!(restarts(chains), is_fine, "{depth}");
        }
    };
    run(2048, check);
    run(256, || {
        let chains = Chains::new();
        chains.links().insert(1, links(1020));
        assert!(restarts(chains));
    });
}
