//! Every way in which an entry comes, changes or goes.

use crate::common::ignore;
use sharded::{Change, Store as _, clock::Manual, sharded, snapshot::Snapshot as _};
use std::{
    collections::{HashMap, HashSet},
    time::Duration,
};

#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
struct Session {
    email: String,
    tenant: u32,
}

fn email_of(_: &u64, session: &Session) -> String {
    session.email.clone()
}

fn tenant_of(_: &u64, session: &Session) -> Option<u32> {
    (session.tenant != 0).then_some(session.tenant)
}

#[sharded(snapshot, shards = 4)]
struct Service {
    /// Declared before its map, which must not matter.
    #[shard(index_of = sessions, key = email_of)]
    by_email: HashMap<String, u64>,
    #[shard(idle = "30m", capacity = 1000)]
    sessions: HashMap<u64, Session>,
    #[shard(index_of = sessions, key = tenant_of, lock = RwLock, shards = 2)]
    by_tenant: HashMap<u32, HashSet<u64>>,
    #[shard(ttl = "1m")]
    other: HashMap<u64, u64>,
}

fn session(email: &str, tenant: u32) -> Session {
    Session { email: email.to_owned(), tenant }
}

fn service() -> (Service, Manual) {
    let clock = Manual::new();
    (Service::builder().clock(clock.clone()).build(), clock)
}

/// The keys of a tenant, in order.
fn tenant(service: &Service, tenant: u32) -> Vec<u64> {
    let mut keys = service.by_tenant().keys(&tenant);
    keys.sort_unstable();
    keys
}

#[test]
fn inserts_and_removals() {
    let (service, _) = service();
    let sessions = service.sessions();
    sessions.insert(1, session("a", 7));
    assert_eq!(sessions.try_insert(2, session("b", 7)), Ok(None));
    assert!(sessions.insert_if_absent(3, session("c", 0)).is_ok());
    sessions.insert_many([(4, session("d", 8)), (5, session("e", 8))]).unwrap();
    sessions.extend([(6, session("f", 9))]);
    sessions.insert_with_ttl(7, session("g", 9), Duration::from_mins(1));
    assert_eq!(service.by_email().key("c"), Some(3));
    assert_eq!(service.by_email().len(), 7);
    assert_eq!([7, 8, 9, 0].map(|of| tenant(&service, of)), [vec![1, 2], vec![4, 5], vec![6, 7], vec![]]);

    sessions.insert(1, session("A", 8));
    assert_eq!((service.by_email().key("a"), service.by_email().key("A")), (None, Some(1)));
    assert_eq!(tenant(&service, 8), [1, 4, 5]);

    sessions.remove(&1);
    sessions.remove_entry(&4);
    sessions.remove_if(&5, |_| true);
    sessions.remove_many([&6]);
    sessions.retain(|key, _| *key != 7);
    assert_eq!(service.by_email().len(), 2);
    assert_eq!([7, 8, 9].map(|of| tenant(&service, of)), [vec![2], vec![], vec![]]);
    assert_eq!(service.by_tenant().len(), 1);
}

#[test]
fn changes_in_place() {
    let (service, _) = service();
    let sessions = service.sessions();
    sessions.insert(1, session("a", 7));
    sessions.with_mut(&1, |session| session.email = "b".to_owned());
    assert_eq!((service.by_email().key("a"), service.by_email().key("b")), (None, Some(1)));
    sessions.upsert(1, || unreachable!(), |session| session.tenant = 0);
    assert!(tenant(&service, 7).is_empty());
    sessions.upsert(2, || session("c", 7), |_| unreachable!());
    assert_eq!(tenant(&service, 7), [2]);
    sessions.compute(1, |value| {
        value.unwrap().tenant = 5;
        Change::Keep(())
    });
    assert_eq!(tenant(&service, 5), [1]);
    sessions.compute(1, |_| Change::Put(session("d", 7), ()));
    assert_eq!((tenant(&service, 5), tenant(&service, 7)), (vec![], vec![1, 2]));
    sessions.compute(3, |_| Change::Put(session("e", 7), ()));
    sessions.compute(1, |_| Change::Remove(()));
    assert_eq!(tenant(&service, 7), [2, 3]);
    sessions.retain(|_, session| {
        session.tenant += 1;
        true
    });
    assert_eq!((tenant(&service, 7), tenant(&service, 8)), (vec![], vec![2, 3]));
    assert_eq!(service.by_email().len(), 2);
}

#[test]
fn loads() {
    let (service, _) = service();
    let loaded = service.sessions().get_or_try_insert_with(1, || Ok::<_, ()>(session("a", 7)));
    assert_eq!(loaded, Ok(session("a", 7)));
    service.sessions().get_or_insert_with(2, || session("b", 7));
    assert_eq!((service.by_email().key("a"), tenant(&service, 7)), (Some(1), vec![1, 2]));
}

#[test]
fn transactions() {
    let (service, _) = service();
    let sessions = service.sessions();
    sessions.insert(1, session("a", 7));
    let mut rows = [1, 2, 3];
    let made = sharded::transaction(rows.each_ref().map(|key| sessions.row(key)), |[one, two, three]| {
        one.update(|session| session.tenant = 8);
        two.insert(session("b", 8));
        three.insert(session("c", 9));
        Ok::<_, ()>(())
    });
    assert!(made.is_ok());
    assert_eq!((tenant(&service, 7), tenant(&service, 8), tenant(&service, 9)), (vec![], vec![1, 2], vec![3]));
    let failed = sharded::transaction((sessions.row(&1), sessions.row(&2)), |(one, two)| {
        one.remove();
        two.insert(session("x", 1));
        Err::<(), _>(())
    });
    assert!(failed.is_err());
    assert_eq!((tenant(&service, 8), service.by_email().key("b")), (vec![1, 2], Some(2)));
    rows.reverse();
    sharded::transaction((sessions.row(&1),), |(one,)| {
        one.remove();
        Ok::<_, ()>(())
    })
    .unwrap();
    assert_eq!((tenant(&service, 8), service.by_email().key("a")), (vec![2], None));
}

#[test]
fn entries_that_expire() {
    let (service, clock) = service();
    let sessions = service.sessions();
    for key in 0..100 {
        sessions.insert(key, session(&key.to_string(), 7));
    }
    clock.advance(Duration::from_mins(29));
    // A lookup by an index is a use of the entry, one of keys alone is not.
    assert!(service.by_email().get("5").is_some());
    assert!(service.by_email().contains("6"));
    clock.advance(Duration::from_mins(2));
    assert_eq!((tenant(&service, 7), service.by_email().key("6")), (vec![5], None));
    assert_eq!(service.sweep(), 99);
    assert_eq!((service.by_email().len(), service.by_tenant().len()), (1, 1));
    clock.advance(Duration::from_hours(1));
    assert_eq!(service.sweep(), 1);
    assert!(service.by_email().is_empty() && service.by_tenant().is_empty());
}

#[test]
fn entries_that_are_evicted() {
    let (service, _) = service();
    for key in 0..5000 {
        service.sessions().insert(key, session(&key.to_string(), 7));
    }
    assert_eq!(service.sessions().len(), 1000);
    assert_eq!((service.by_email().len(), tenant(&service, 7).len()), (1000, 1000));
    service.sessions().for_each(|key, value| assert_eq!(service_key(&value.email), *key));
}

fn service_key(email: &str) -> u64 {
    email.parse().unwrap()
}

#[test]
fn all_entries_at_once() {
    for (way, empty) in [
        ("clear", (|service: &Service| service.sessions().clear()) as fn(&Service)),
        ("invalidate_all", |service| service.sessions().invalidate_all()),
        ("drain", |service| assert_eq!(service.sessions().drain().len(), 200)),
        ("retain", |service| _ = service.sessions().retain(|_, _| false)),
        ("store", |service| service.clear()),
    ] {
        let (service, _) = service();
        for key in 0..200 {
            service.sessions().insert(key, session(&key.to_string(), 1 + u32::try_from(key % 3).unwrap()));
        }
        assert_eq!(tenant(&service, 1).len(), 67);
        empty(&service);
        assert!(service.by_email().is_empty() && service.by_tenant().is_empty(), "{way}");
        assert!(service.by_email().key("7").is_none() && tenant(&service, 1).is_empty(), "{way}");
        service.sessions().insert(1000, session("7", 1));
        assert_eq!((service.by_email().key("7"), tenant(&service, 1)), (Some(1000), vec![1000]), "{way}");
    }
}

#[test]
fn a_listener_does_not_disturb_it() {
    let (service, _) = service();
    let mut removals = service.sessions().removals(16).unwrap();
    service.sessions().insert(1, session("a", 7));
    service.sessions().insert(1, session("b", 8));
    service.sessions().remove(&1);
    service.sessions().insert(1, session("c", 9));
    service.sessions().clear();
    assert_eq!(std::iter::from_fn(|| removals.try_recv()).count(), 3);
    assert!(service.by_email().is_empty() && service.by_tenant().is_empty());
}

#[test]
fn a_restored_file() {
    let (service, _) = service();
    for key in 0..100 {
        service.sessions().insert(key, session(&key.to_string(), 7));
    }
    let mut file = Vec::new();
    assert_eq!(service.save(&mut file).unwrap(), 100);
    let (next, _) = super::ways::service();
    // Another entry has the index key of one that is restored.
    next.sessions().insert(1000, session("5", 9));
    let restored = next.restore(&file[..]).unwrap();
    assert_eq!((restored.entries, restored.refused), (99, 1));
    assert_eq!((next.by_email().key("5"), next.by_email().key("6")), (Some(1000), Some(6)));
    assert_eq!(tenant(&next, 7).len(), 99);
}

#[test]
fn values_and_uses() {
    let (service, _) = service();
    service.sessions().insert(1, session("a", 7));
    service.sessions().insert(2, session("b", 7));
    assert_eq!(service.by_email().get("a"), Some(session("a", 7)));
    assert_eq!(service.by_email().with("b", |key, session| (*key, session.tenant)), Some((2, 7)));
    let mut entries = service.by_tenant().get(&7);
    entries.sort_by_key(|(key, _)| *key);
    assert_eq!(entries, [(1, session("a", 7)), (2, session("b", 7))]);
    let mut seen = Vec::new();
    service.by_tenant().for_each(&7, |key, _| seen.push(*key));
    seen.sort_unstable();
    assert_eq!(seen, [1, 2]);
    assert_eq!(service.sessions().stats().hits, 6);
    let stats = service.by_email().stats();
    assert_eq!((stats.hits, stats.misses, stats.inserts), (2, 0, 2));
    assert!(stats.table_bytes > 0);
}

#[test]
fn it_is_a_field_of_the_store() {
    let (service, _) = service();
    service.sessions().insert(1, session("a", 7));
    let mut names = Vec::new();
    service.visit(&mut |field| names.push((field.name(), field.len(), field.shard_count(), field.info().lock)));
    let names_and_shards = [("by_email", 4), ("sessions", 4), ("by_tenant", 2), ("other", 4)];
    assert_eq!(names.iter().map(|(name, _, shards, _)| (*name, *shards)).collect::<Vec<_>>(), names_and_shards);
    assert_eq!(names.iter().map(|(_, len, _, lock)| (*len, *lock)).collect::<Vec<_>>()[2], (1, "RwLock"));
    assert!(format!("{service:?}").contains("UniqueIndex"));
    assert_eq!(service.placement().fields().len(), 4);
}

#[test]
fn a_long_list_of_keys_is_copied_in_parts() {
    let (service, _) = service();
    for key in 0..900 {
        service.sessions().insert(key, session(&key.to_string(), 7));
    }
    assert_eq!(tenant(&service, 7), (0..900).collect::<Vec<_>>());
    let bytes = service.by_tenant().stats().table_bytes;
    for key in 10..900 {
        service.sessions().remove(&key);
    }
    assert_eq!(tenant(&service, 7), (0..10).collect::<Vec<_>>());
    assert!(service.by_tenant().stats().table_bytes + 890 * 8 < bytes);
    for key in 0..10 {
        service.sessions().remove(&key);
    }
    assert!(service.by_tenant().is_empty());
}

#[test]
fn a_lookup_inside_a_closure_keeps_to_the_order() {
    let (service, _) = service();
    service.sessions().insert(1, session("a", 7));
    service.other().insert(1, 1);
    for inside in [
        (|service: &Service| ignore(service.sessions().with(&1, |_| service.by_email().key("a")))) as fn(&Service),
        |service| ignore(service.sessions().with(&1, |_| service.by_tenant().keys(&999))),
        |service| ignore(service.other().with(&1, |_| service.by_email().key("a"))),
    ] {
        let panic = std::panic::catch_unwind(|| inside(&service)).unwrap_err();
        let message = panic.downcast_ref::<String>().unwrap();
        assert!(message.contains("an access from inside a closure must go to a later shard"), "{message}");
    }
    // The lookup itself runs its closure inside the map.
    assert_eq!(service.by_email().with("a", |_, _| service.other().get(&1)), Some(Some(1)));
}

/// A long list of keys that becomes empty gives its memory back, and the statistics say so.
#[test]
fn bytes_of_emptied_lists_come_back() {
    let (service, _) = service();
    let fill_and_empty = || {
        let emails = ["a", "b", "c", "d", "e", "f", "g", "h"];
        service.sessions().extend((0..8).zip(emails).map(|(key, email)| (key, session(email, 7))));
        (0..8).for_each(|key| ignore(service.sessions().remove(&key)));
        service.by_tenant().stats().table_bytes
    };
    let first = fill_and_empty();
    for _ in 0..100 {
        assert_eq!(fill_and_empty(), first);
    }
}
