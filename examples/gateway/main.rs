//! A web service whose whole state is one `#[sharded]` struct: login sessions, a limit per client, a price board.
//!
//! `cargo run --release --example gateway`, then open the address that it prints. Handlers are async and the maps are
//! not: each access is one call that takes a lock, runs a short closure and releases the lock, so nothing is held
//! across an `.await`.
//!
//! | file | what is in it |
//! |---|---|
//! | `sessions.rs` | logging in and out; the extractor that asks for a session; how sessions end |
//! | `limits.rs` | the requests of each client, counted in a middleware |
//! | `prices.rs` | the price board |
//! | `reports.rs` | what is slow to come by, loaded once for all who ask |
//! | `stats.rs`, `history.rs` | the page for the operator, with the last minutes |
//! | `metrics.rs` | what a monitoring system scrapes |
//! | `state.rs` | what outlives the process, in a file |
//! | `config.rs`, `failure.rs`, `shutdown.rs` | options, errors, the way out |

mod config;
mod failure;
mod history;
mod limits;
mod metrics;
mod prices;
mod reports;
mod sessions;
mod shutdown;
mod state;
mod stats;

use axum::{Router, extract::DefaultBodyLimit, middleware, routing};
use config::Config;
use history::History;
use prices::{Price, Symbol};
use reports::{Report, Source};
use sessions::{Endings, Session, Token};
use sharded::sharded;
use std::{
    collections::HashMap,
    env,
    io::{self, Write as _},
    net::{IpAddr, Ipv4Addr, SocketAddr},
    process::ExitCode,
    sync::Arc,
    time::Instant,
};
use tokio::net::TcpListener;

/// All that the service knows while it runs, and with `--state` when it runs again.
#[sharded(snapshot)]
struct Gateway {
    /// Who is logged in. Every request keeps its session alive, for half a day at most.
    #[shard(idle = "30m", ttl = "12h", capacity = 1_000_000, evict = Lru)]
    sessions: HashMap<Token, Session>,

    /// Requests of each client in its window, which its first request opens: counting in place does not restart a ttl.
    #[shard(ttl = "60s", capacity = 1_000_000, evict = Lru)]
    calls: HashMap<IpAddr, u32>,

    /// The price of each instrument: small, `Copy`, and read far more often than it changes.
    #[shard(lock = Optimistic, unbounded = "one entry per listed instrument")]
    prices: HashMap<Symbol, Price>,

    /// What analysts say of each instrument. Loaded anew while the old one is served, and not all at once.
    #[shard(ttl = "10m", ttl_jitter = "10%", refresh_after = "1m", capacity = 10_000)]
    reports: HashMap<Symbol, Report>,

    #[shard(skip)]
    source: Source,
    /// How sessions have ended so far.
    #[shard(skip)]
    endings: Arc<Endings>,
    #[shard(skip)]
    history: History,
    #[shard(skip)]
    config: Config,
    #[shard(skip)]
    started: Instant,
}

impl Gateway {
    /// The options override what was declared, so the declared times are the defaults.
    fn start(config: Config) -> Self {
        let gateway = Gateway::builder()
            .sessions(|field| field.idle(config.idle))
            .calls(|field| field.ttl(config.window))
            .source(Source::default())
            .endings(Arc::default())
            .history(History::default())
            .config(config)
            .started(Instant::now())
            .build();
        gateway.prices().extend(prices::listing());
        // Whoever takes a session out, a request or the background thread: it is told of here, once.
        let endings = Arc::clone(&gateway.endings);
        let listening = gateway.sessions().on_removal(move |_, _, cause| endings.count(cause));
        listening.expect("nobody listens to a map that is new");
        gateway
    }
}

fn router(gateway: Arc<Gateway>) -> Router {
    let count = middleware::from_fn_with_state(Arc::clone(&gateway), limits::count);
    Router::new()
        .route("/login", routing::post(sessions::log_in))
        .route("/logout", routing::post(sessions::log_out))
        .route("/me", routing::get(sessions::show))
        .route("/prices", routing::get(prices::list))
        .route("/reports/{symbol}", routing::get(reports::show))
        .route("/prices/{symbol}", routing::get(prices::show).put(prices::change))
        .fallback(failure::not_found)
        .method_not_allowed_fallback(failure::not_allowed)
        .layer(DefaultBodyLimit::max(4096))
        .layer(count)
        // Not counted: whoever looks after the service must see it while it refuses others.
        .route("/", routing::get(async || include_str!("welcome.txt")))
        .route("/stats", routing::get(stats::page))
        .route("/metrics", routing::get(metrics::scrape).with_state(metrics::registry(Arc::clone(&gateway))))
        .with_state(gateway)
}

#[tokio::main]
async fn main() -> ExitCode {
    let served = match Config::from_args(env::args().skip(1)) {
        Ok(Some(config)) => serve(config).await,
        Ok(None) => io::stdout().write_all(config::HELP.as_bytes()),
        Err(problem) => {
            eprintln!("gateway: {problem}\n`gateway --help` lists the options.");
            return ExitCode::from(2);
        }
    };
    served.map_or_else(
        |error| {
            eprintln!("gateway: {error}");
            ExitCode::FAILURE
        },
        |()| ExitCode::SUCCESS,
    )
}

async fn serve(config: Config) -> io::Result<()> {
    // From here on a signal ends the service in good order, so before anyone hears of it.
    let (requested, overdue) = shutdown::signals()?;
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, config.port));
    let listener = TcpListener::bind(address)
        .await
        .map_err(|error| io::Error::new(error.kind(), format!("can't listen on {address}: {error}")))?;
    let file = config.state.clone();
    let gateway = Arc::new(Gateway::start(config));
    if let Some(file) = &file {
        state::restore(&gateway, file)?;
    }
    writeln!(io::stdout(), "listening on http://{}", listener.local_addr()?)?;

    let sampled = Arc::clone(&gateway);
    tokio::spawn(async move {
        let mut ticks = tokio::time::interval(sampled.config.sample);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            sampled.history.add(&*sampled);
        }
    });

    let app = router(Arc::clone(&gateway)).into_make_service_with_connect_info::<SocketAddr>();
    let served = tokio::select! {
        served = axum::serve(listener, app).with_graceful_shutdown(requested) => served,
        error = overdue => Err(error),
    };
    // Nobody is served any more, so that it may block; and requests that were cut off are no reason to forget the
    // others.
    let saved = file.map_or(Ok(()), |file| state::save(&gateway, &file));
    served.and(saved)
}
