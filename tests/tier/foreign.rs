//! What others have stored under the keys of a field.

use super::{Place, server::Server, shop};
use sharded::tier::TierError;

#[tokio::test]
async fn what_is_no_value_of_the_field_is_an_error() {
    let Some(server) = Server::start() else { return };
    let shop = shop(&server).await;
    server.ask(&["SET", "Shop:numbers:1", "hello"]);
    server.ask(&["LPUSH", "Shop:numbers:2", "hello"]);
    let foreign = |result: Result<(), TierError>| {
        let error = result.unwrap_err();
        assert!(matches!(error, TierError::Decode { found: None, .. }), "{error:?}");
        assert!(error.to_string().contains("Shop:numbers:"), "{error}");
    };
    for key in [1, 2] {
        foreign(shop.numbers().get(&key).await.map(drop));
        foreign(shop.numbers().get_many(&[key]).await.map(drop));
        foreign(shop.numbers().get_many(&[key, 3]).await.map(drop));
        foreign(shop.numbers().update(&key, |old| old).await.map(drop));
    }
    foreign(shop.numbers().ttl_of(&2).await.map(drop));
    foreign(shop.numbers().touch(&2).await.map(drop));
    foreign(shop.numbers().insert_if_absent(&2, &1).await.map(drop));
    assert!(!shop.numbers().insert_if_absent(&1, &1).await.unwrap(), "something is there");
    // A write is the cure.
    shop.numbers().insert(&1, &1).await.unwrap();
    assert_eq!(shop.numbers().get(&1).await.unwrap().as_deref(), Some(&1));
    shop.numbers().insert(&2, &2).await.unwrap();
    assert_eq!(shop.numbers().get(&2).await.unwrap().as_deref(), Some(&2));

    // A version that this field does not have: the value of `numbers` under the name of a place.
    let bytes = "\u{1}".to_owned();
    server.ask(&[
        "EVAL",
        "return redis.call('SET', KEYS[1], '\\193\\1\\0\\0\\0\\6' .. ARGV[1])",
        "1",
        "Shop:places:Home",
        &bytes,
    ]);
    let error = shop.places().get(&Place::Home).await.unwrap_err();
    let message = "the value of `Shop:places:Home` has version 6 of the schema, and this field has version 7";
    assert_eq!(error.to_string(), message);
}

/// Where `get_many` finds data of another type, it asks once more for all such keys together.
#[tokio::test]
async fn many_foreign_keys_take_two_round_trips() {
    let Some(server) = Server::start_one() else { return };
    let shop = shop(&server).await;
    for key in 0..50 {
        server.ask(&["LPUSH", &format!("Shop:numbers:{key}"), "hello"]);
    }
    let keys: Vec<u64> = (0..60).collect();
    let mut fewest = u64::MAX;
    for _ in 0..20 {
        let before = server.reads();
        let error = shop.numbers().get_many(&keys).await.unwrap_err();
        assert!(matches!(error, TierError::Decode { found: None, .. }), "{error:?}");
        fewest = fewest.min(server.reads() - before);
    }
    // Signs of life come on top in some rounds.
    assert!(fewest <= 2 + 2, "{fewest} reads");
}
