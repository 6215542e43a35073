//! The `inventory` example as a process of its own, driven over HTTP from many connections at a time. The process
//! serves each of them in a tokio task.

#[path = "common/example.rs"]
mod example;
#[path = "common/server.rs"]
mod server;

use serde_json::{Value, json};
use server::{Client, Server, eventually};
use std::{
    collections::BTreeMap,
    path::PathBuf,
    sync::{
        Barrier, LazyLock,
        atomic::{AtomicU64, Ordering},
    },
    thread,
};

const CONNECTIONS: u64 = 64;
const NEVER: &str = "3600000";

fn start(options: &[&str]) -> Server {
    static PROGRAM: LazyLock<PathBuf> = LazyLock::new(|| example::build("inventory"));
    Server::start(&PROGRAM, options)
}

fn reserve(client: &Client, order: u64, basket: &Value) -> u16 {
    client.send("POST", &format!("/orders/{order}"), Some(&basket.to_string())).status
}

fn pay(client: &Client, order: u64) -> u16 {
    client.send("POST", &format!("/orders/{order}/payment"), None).status
}

fn cancel(client: &Client, order: u64) -> u16 {
    client.send("DELETE", &format!("/orders/{order}"), None).status
}

/// Free and sold units of each product.
fn stock(client: &Client) -> BTreeMap<String, [u64; 2]> {
    let reply = client.get("/stock").json();
    let products = reply.as_object().unwrap().iter();
    products.map(|(name, units)| (name.clone(), ["free", "sold"].map(|key| units[key].as_u64().unwrap()))).collect()
}

/// Runs something on this many connections, which start together.
fn on_connections<R: Send>(server: &Server, run: impl Fn(&Client, u64) -> R + Sync) -> Vec<R> {
    let barrier = Barrier::new(usize::try_from(CONNECTIONS).unwrap());
    thread::scope(|scope| {
        let connections: Vec<_> = (0..CONNECTIONS)
            .map(|number| {
                let (run, barrier) = (&run, &barrier);
                scope.spawn(move || {
                    let client = server.client();
                    barrier.wait();
                    run(&client, number)
                })
            })
            .collect();
        connections.into_iter().map(|connection| connection.join().unwrap()).collect()
    })
}

#[test]
fn nothing_is_sold_twice() {
    // Fewer chairs than orders, and fewer lamps than chairs.
    let server = start(&["--hold", NEVER, "--stock", "chair=100", "--stock", "lamp=70", "--stock", "table=1000"]);
    let (sold, refused) = (AtomicU64::new(0), AtomicU64::new(0));
    on_connections(&server, |client, number| {
        for step in 0..6 {
            let order = number * 100 + step;
            let basket = match step % 3 {
                0 => json!({ "chair": 1, "lamp": 1 }),
                1 => json!({ "lamp": 1, "table": 2 }),
                _ => json!({ "table": 1, "chair": 2 }),
            };
            match reserve(client, order, &basket) {
                201 => {}
                409 => {
                    refused.fetch_add(1, Ordering::Relaxed);
                    continue;
                }
                status => panic!("{status}"),
            }
            assert_eq!(reserve(client, order, &basket), 409, "an order reserves once");
            if (number + step) % 4 == 0 {
                assert_eq!([cancel(client, order), cancel(client, order), pay(client, order)], [200, 404, 404]);
            } else {
                assert_eq!([pay(client, order), pay(client, order), cancel(client, order)], [200, 404, 404]);
                let units = basket.as_object().unwrap().values().map(|units| units.as_u64().unwrap());
                sold.fetch_add(units.sum(), Ordering::Relaxed);
            }
            // Every transaction moves units within a product, so what is free and sold is never more than there was.
            for (product, [free, sold]) in stock(client) {
                let there = match product.as_str() {
                    "chair" => 100,
                    "lamp" => 70,
                    _ => 1000,
                };
                assert!(free + sold <= there, "{product}: {free} free and {sold} sold");
            }
        }
    });
    let stock = stock(&server.client());
    let totals: Vec<_> = stock.iter().map(|(product, [free, sold])| (product.as_str(), free + sold)).collect();
    assert_eq!(totals, [("chair", 100), ("lamp", 70), ("table", 1000)], "no unit is lost");
    assert_eq!(stock.values().map(|[_, sold]| sold).sum::<u64>(), sold.into_inner(), "each is paid once");
    // 256 orders ask for a lamp each, and at most 64 of them cancel.
    assert!(refused.into_inner() >= 256 - 70 - 64, "there were more orders than lamps");
}

#[test]
fn a_line_that_is_sold_out_reserves_nothing() {
    let server = start(&["--hold", NEVER, "--stock", "chair=5", "--stock", "lamp=1"]);
    let client = server.client();
    let answer = client.send("POST", "/orders/1", Some(&json!({ "chair": 2, "lamp": 2 }).to_string()));
    assert_eq!((answer.status, &answer.json()["error"]), (409, &json!("`lamp` is sold out")));
    for (basket, status) in
        [(json!({ "chair": 1, "sofa": 1 }), 404), (json!({ "chair": 1, "lamp": 0 }), 422), (json!({ "chair": 1 }), 201)]
    {
        assert_eq!(reserve(&client, 1, &basket), status, "{basket}");
    }
    assert_eq!(stock(&client), BTreeMap::from([("chair".to_owned(), [4, 0]), ("lamp".to_owned(), [1, 0])]));
}

#[test]
fn reservations_expire_back_into_the_stock() {
    let server = start(&["--hold", "200", "--stock", "chair=64", "--stock", "lamp=64"]);
    let basket = json!({ "chair": 1, "lamp": 1 });
    // Nobody asks for these orders again. Each unit comes back once, and is reserved and comes back again.
    for round in 0..2 {
        let reserved = on_connections(&server, |client, number| {
            eventually("there are units", || reserve(client, 1000 * round + number, &basket) == 201);
        });
        assert_eq!(reserved.len(), 64);
    }
    let client = server.client();
    let all = BTreeMap::from([("chair".to_owned(), [64, 0]), ("lamp".to_owned(), [64, 0])]);
    eventually("all units are free again", || stock(&client) == all);
    assert_eq!([pay(&client, 0), cancel(&client, 1001)], [404, 404]);
    assert_eq!(stock(&client), all);
}
