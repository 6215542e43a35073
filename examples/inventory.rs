//! A warehouse behind HTTP. An order reserves units of several products, all or none, and has some time to pay for
//! them.
//!
//! `cargo run --release --example inventory`, then
//!
//! ```sh
//! curl -X POST localhost:8080/orders/7 --json '{"lamp": 2, "chair": 1}'    # reserve
//! curl localhost:8080/stock
//! curl -X POST localhost:8080/orders/7/payment                             # sell what is reserved
//! curl -X DELETE localhost:8080/orders/7                                   # or give it back
//! ```
//!
//! Every change of a reservation and the stock is one transaction, so no unit is sold twice and none is lost.

use axum::{
    Json, Router,
    extract::{Path, State},
    http::StatusCode,
    response::{IntoResponse, Response},
    routing,
};
use serde::Serialize;
use serde_json::json;
use sharded::{Cause, TransactionError, observe, sharded, transaction};
use std::{
    collections::{BTreeMap, HashMap},
    env,
    io::{self, Write as _},
    net::{Ipv4Addr, SocketAddr},
    sync::Arc,
    time::Duration,
};
use tokio::net::TcpListener;

type OrderId = u64;

/// Units of each product.
type Basket = BTreeMap<String, u32>;

/// What there is of a product. A unit is free, in a reservation, or sold.
#[derive(Clone, Copy, Serialize)]
struct Stock {
    free: u32,
    sold: u32,
}

#[sharded]
struct Inventory {
    #[shard(ttl = never, unbounded = "one entry per product")]
    stock: HashMap<String, Stock>,

    /// What an order has reserved, until it is paid or its time is over. A full map refuses reservations, and never
    /// evicts one.
    #[shard(ttl = "15m", capacity = 100_000, evict = Reject)]
    reservations: HashMap<OrderId, Basket>,
}

/// Why an order can't be served.
#[derive(Debug, PartialEq)]
enum Refusal {
    SoldOut(String),
    UnknownProduct(String),
    EmptyLine(String),
    AlreadyReserved,
    NoReservation,
    Busy,
}

impl Inventory {
    fn open(products: &Basket, hold: Duration) -> Arc<Self> {
        let inventory = Arc::new(Inventory::builder().reservations(|field| field.ttl(hold)).build());
        inventory.stock().extend(products.iter().map(|(product, &free)| (product.clone(), Stock { free, sold: 0 })));

        // A listener is called once for each reservation that leaves, after the locks of that call are released. So it
        // may change the stock. Between the two the units are nowhere: somebody may be told that a product is sold out
        // a moment too long, but no unit is sold twice. A cancellation and a payment leave as `Removed`. Their
        // transactions have moved the units already.
        let owner = Arc::downgrade(&inventory);
        let give_back = move |_: &OrderId, basket: &Basket, cause| {
            if let (Cause::Expired | Cause::Evicted, Some(inventory)) = (cause, owner.upgrade()) {
                for (product, units) in basket {
                    inventory.stock().with_mut(product, |stock| stock.free += units);
                }
            }
        };
        inventory.reservations().on_removal(give_back).expect("a new map has no listener");
        inventory
    }

    /// Takes all units of the basket out of the stock and stores the reservation, or does nothing.
    fn reserve(&self, order: OrderId, basket: &Basket) -> Result<(), Refusal> {
        if let Some((product, _)) = basket.iter().find(|(_, units)| **units == 0) {
            return Err(Refusal::EmptyLine(product.clone()));
        }
        let products: Vec<_> = basket.keys().map(|product| self.stock().row(product)).collect();
        let reserved = transaction((self.reservations().row(&order), products), |(reservation, products)| {
            if reservation.get().is_some() {
                return Err(Refusal::AlreadyReserved);
            }
            for (product, &units) in products.iter_mut().zip(basket.values()) {
                let stock = *product.get().ok_or_else(|| Refusal::UnknownProduct(product.key().clone()))?;
                let free = stock.free.checked_sub(units).ok_or_else(|| Refusal::SoldOut(product.key().clone()))?;
                product.insert(Stock { free, ..stock });
            }
            reservation.insert(basket.clone());
            Ok(())
        });
        reserved.map_err(|error| match error {
            TransactionError::Failed(refusal) => refusal,
            TransactionError::Refused { .. } | TransactionError::Taken { .. } => Refusal::Busy,
        })
    }

    /// Sells what an order has reserved.
    fn pay(&self, order: OrderId) -> Result<(), Refusal> {
        self.end(order, |stock, units| stock.sold += units)
    }

    /// Gives back what an order has reserved.
    fn cancel(&self, order: OrderId) -> Result<(), Refusal> {
        self.end(order, |stock, units| stock.free += units)
    }

    /// Removes a reservation and moves its units.
    fn end(&self, order: OrderId, move_units: impl Fn(&mut Stock, u32)) -> Result<(), Refusal> {
        loop {
            // A transaction names its rows beforehand, so the basket is read first. The transaction then checks that it
            // is still the same one.
            let basket = self.reservations().get(&order).ok_or(Refusal::NoReservation)?;
            let products: Vec<_> = basket.keys().map(|product| self.stock().row(product)).collect();
            let ended = transaction((self.reservations().row(&order), products), |(reservation, products)| {
                if reservation.get() != Some(&basket) {
                    return Err(());
                }
                reservation.remove();
                for (product, &units) in products.iter_mut().zip(basket.values()) {
                    product.update(|stock| move_units(stock, units));
                }
                Ok(())
            });
            if ended.is_ok() {
                return Ok(());
            }
        }
    }

    /// The stock of all products at one moment.
    fn report(&self) -> BTreeMap<String, Stock> {
        let products = self.stock().keys();
        let rows: Vec<_> = products.iter().map(|product| self.stock().row(product)).collect();
        observe(rows, |rows| rows.iter().filter_map(|row| Some((row.key().clone(), *row.get()?))).collect())
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let (status, message) = match self {
            Refusal::SoldOut(product) => (StatusCode::CONFLICT, format!("`{product}` is sold out")),
            Refusal::UnknownProduct(product) => (StatusCode::NOT_FOUND, format!("there is no product `{product}`")),
            Refusal::EmptyLine(product) => {
                (StatusCode::UNPROCESSABLE_ENTITY, format!("at least one unit of `{product}`"))
            }
            Refusal::AlreadyReserved => (StatusCode::CONFLICT, "the order has a reservation".to_owned()),
            Refusal::NoReservation => {
                (StatusCode::NOT_FOUND, "the order has no reservation, or not any more".to_owned())
            }
            Refusal::Busy => (StatusCode::SERVICE_UNAVAILABLE, "too many reservations: try again later".to_owned()),
        };
        (status, Json(json!({ "error": message }))).into_response()
    }
}

fn router(inventory: Arc<Inventory>) -> Router {
    type Shared = State<Arc<Inventory>>;
    let reserve = async |State(inventory): Shared, Path(order): Path<OrderId>, Json(basket): Json<Basket>| {
        inventory.reserve(order, &basket).map(|()| StatusCode::CREATED)
    };
    let pay = async |State(inventory): Shared, Path(order): Path<OrderId>| inventory.pay(order);
    let cancel = async |State(inventory): Shared, Path(order): Path<OrderId>| inventory.cancel(order);
    let report = async |State(inventory): Shared| Json(inventory.report());
    Router::new()
        .route("/stock", routing::get(report))
        .route("/orders/{order}", routing::post(reserve).delete(cancel))
        .route("/orders/{order}/payment", routing::post(pay))
        .with_state(inventory)
}

/// The options: `--port N`, `--hold MILLISECONDS`, and `--stock PRODUCT=UNITS` for each product.
fn options() -> Result<(u16, Duration, Basket), lexopt::Error> {
    use lexopt::{Arg::Long, Parser, ValueExt as _};
    let (mut port, mut hold, mut products) = (8080, Duration::from_mins(15), Basket::new());
    let mut parser = Parser::from_iter(env::args_os());
    while let Some(option) = parser.next()? {
        match option {
            Long("port") => port = parser.value()?.parse()?,
            Long("hold") => hold = Duration::from_millis(parser.value()?.parse()?),
            Long("stock") => {
                let line = parser.value()?.string()?;
                let (product, units) = line.split_once('=').ok_or("--stock takes PRODUCT=UNITS")?;
                products.insert(product.to_owned(), units.parse().map_err(|_| "--stock takes a number of units")?);
            }
            other => return Err(other.unexpected()),
        }
    }
    if products.is_empty() {
        products = [("chair", 20), ("lamp", 10), ("table", 5)].map(|(name, units)| (name.to_owned(), units)).into();
    }
    Ok((port, hold, products))
}

#[tokio::main]
async fn main() -> io::Result<()> {
    let (port, hold, products) = options().map_err(io::Error::other)?;
    let listener = TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, port))).await?;
    writeln!(io::stdout(), "listening on http://{}", listener.local_addr()?)?;
    axum::serve(listener, router(Inventory::open(&products, hold))).await
}
