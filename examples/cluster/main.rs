//! Two gateways behind one Redis server: a session that is made on one is there on the other, and a logout on one ends
//! it on both.
//!
//! `cargo run --example cluster` starts a server (`redis-server` or `valkey-server`, if one is installed), two gateways
//! as processes of their own, and a client that talks to both. `-- --redis URL` uses a server that runs already.
//!
//! - [`gateway`] is what each process does: a store with a tiered field, and three addresses.
//! - [`processes`] starts the server and the gateways, and ends them.

mod gateway;
mod processes;

use processes::{Gateway, Server};
use std::error::Error;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = lexopt::Parser::from_env();
    let mut redis = None;
    while let Some(argument) = arguments.next()? {
        match argument {
            lexopt::Arg::Long("gateway") => return gateway::serve(&arguments.value()?.to_string_lossy()),
            lexopt::Arg::Long("redis") => redis = Some(arguments.value()?.to_string_lossy().into_owned()),
            _ => return Err(argument.unexpected().into()),
        }
    }
    let server = if redis.is_none() { Server::start()? } else { None };
    let Some(url) = redis.or_else(|| server.as_ref().map(Server::url)) else {
        println!("install redis-server or valkey-server, or say where one runs: --redis redis://127.0.0.1:6379");
        return Ok(());
    };
    let (one, other) = (Gateway::start(&url)?, Gateway::start(&url)?);

    let session = one.post("/login/ada")?;
    println!("one:   ada has logged in, with the session {session}");
    println!("other: {}", other.get(&format!("/session/{session}"))?);
    println!("one:   {}", one.get(&format!("/session/{session}"))?);
    println!("other: {}", other.post(&format!("/logout/{session}"))?);
    // This gateway has the session in its near cache. The server tells it of the end, within a round trip as a rule.
    let mut reads = 1;
    while one.get(&format!("/session/{session}"))? != "nobody" {
        reads += 1;
    }
    println!("one:   nobody, at read number {reads} after the logout");
    Ok(())
}
