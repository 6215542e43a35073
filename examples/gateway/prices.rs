//! The price board: a reader copies a price, so no reader waits for the work of another.

use crate::{Gateway, failure::Failure, sessions::LoggedIn};
use axum::{
    Json,
    extract::{Path, State, rejection::JsonRejection},
    http::StatusCode,
};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// The name of an instrument: up to eight capitals or digits, the rest zero. `Copy`, as the lock asks of keys.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(crate) struct Symbol([u8; 8]);

impl Symbol {
    fn parse(text: &str) -> Option<Self> {
        let is_symbol = (1..=8).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric());
        is_symbol.then(|| {
            let mut name = [0; 8];
            for (place, byte) in name.iter_mut().zip(text.bytes()) {
                *place = byte.to_ascii_uppercase();
            }
            Symbol(name)
        })
    }

    pub(crate) fn to_text(self) -> String {
        self.0.iter().take_while(|&&byte| byte != 0).map(|&byte| char::from(byte)).collect()
    }
}

/// The price of an instrument, and how it got there.
#[derive(Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Price {
    cents: u32,
    low: u32,
    high: u32,
    changes: u32,
}

impl Price {
    fn opening(cents: u32) -> Self {
        Price { cents, low: cents, high: cents, changes: 0 }
    }

    fn change(&mut self, cents: u32) {
        self.cents = cents;
        self.low = self.low.min(cents);
        self.high = self.high.max(cents);
        self.changes = self.changes.saturating_add(1);
    }
}

/// The instruments that are traded here. None is added while the service runs, so the board can't outgrow its memory.
pub(crate) fn listing() -> impl Iterator<Item = (Symbol, Price)> {
    const OPENING: [(&str, u32); 8] = [
        ("ASH", 1890),
        ("BEECH", 2150),
        ("ELM", 3325),
        ("LARCH", 975),
        ("MAPLE", 4410),
        ("OAK", 5205),
        ("PINE", 640),
        ("WALNUT", 12_780),
    ];
    OPENING.iter().filter_map(|&(symbol, cents)| Some((Symbol::parse(symbol)?, Price::opening(cents))))
}

#[derive(Serialize)]
pub(crate) struct Quote {
    symbol: String,
    cents: u32,
    low: u32,
    high: u32,
    changes: u32,
}

impl Quote {
    fn new(symbol: Symbol, price: Price) -> Self {
        let Price { cents, low, high, changes } = price;
        Quote { symbol: symbol.to_text(), cents, low, high, changes }
    }
}

/// All prices, by name. Each is whole; they are not of one moment.
pub(crate) async fn list(State(gateway): State<Arc<Gateway>>) -> Json<Vec<Quote>> {
    let mut prices = gateway.prices().to_vec();
    prices.sort_unstable_by_key(|&(symbol, _)| symbol);
    Json(prices.into_iter().map(|(symbol, price)| Quote::new(symbol, price)).collect())
}

/// One price.
pub(crate) async fn show(
    State(gateway): State<Arc<Gateway>>,
    Path(name): Path<String>,
) -> Result<Json<Quote>, Failure> {
    let quote = Symbol::parse(&name).and_then(|symbol| Some(Quote::new(symbol, gateway.prices().get(&symbol)?)));
    quote.map(Json).ok_or_else(|| unknown(&name))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewPrice {
    cents: u32,
}

/// Sets a price, for those who are logged in. Answers what it is then.
pub(crate) async fn change(
    State(gateway): State<Arc<Gateway>>,
    Path(name): Path<String>,
    _: LoggedIn,
    price: Result<Json<NewPrice>, JsonRejection>,
) -> Result<Json<Quote>, Failure> {
    let Json(NewPrice { cents }) = price?;
    let symbol = Symbol::parse(&name).ok_or_else(|| unknown(&name))?;
    // All four numbers in one critical section. `None`: not listed, and it stays so.
    let changed = gateway.prices().with_mut(&symbol, |price| {
        price.change(cents);
        *price
    });
    changed.map(|price| Json(Quote::new(symbol, price))).ok_or_else(|| unknown(&name))
}

impl Gateway {
    /// The instrument of this name.
    pub(crate) fn listed(&self, name: &str) -> Result<Symbol, Failure> {
        Symbol::parse(name).filter(|symbol| self.prices().contains_key(symbol)).ok_or_else(|| unknown(name))
    }
}

fn unknown(name: &str) -> Failure {
    Failure::new(StatusCode::NOT_FOUND, format!("no instrument `{name}`; GET /prices lists them"))
}
