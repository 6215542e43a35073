//! The options of the command line.

use crate::{GatewayCalls, GatewaySessions};
use sharded::Policy as _;
use std::{path::PathBuf, time::Duration};

pub(crate) const HELP: &str = "\
A web service with login sessions, a limit per client and a price board.

Usage: gateway [OPTIONS]

  --port N         port on 127.0.0.1; 0 is any that is free [default: 8080]
  --limit N        requests that a client has in a window [default: 600]
  --window TIME    length of that window, from its first request [default: 60s]
  --idle TIME      how long a session lives after its last use [default: 30m]
  --sample TIME    how often the page of statistics takes a sample for its plots [default: 5s]
  --state FILE     where the state is saved at the end, and restored from at the start [default: nowhere]
  --help           this text

TIME is a whole number with a unit: 500ms, 60s, 30m, 2h.
Ctrl-C or SIGTERM ends it when the requests in flight are answered; a second one ends it at once.
";

/// What was chosen on the command line.
#[derive(Clone)]
pub(crate) struct Config {
    pub(crate) port: u16,
    pub(crate) limit: u32,
    pub(crate) window: Duration,
    pub(crate) idle: Duration,
    /// How often the statistics are sampled.
    pub(crate) sample: Duration,
    pub(crate) state: Option<PathBuf>,
}

impl Default for Config {
    fn default() -> Self {
        Config {
            port: 8080,
            limit: 600,
            // As declared: a policy is a type, and its times are constants of it.
            window: GatewayCalls::TTL.unwrap_or(Duration::MAX),
            idle: GatewaySessions::IDLE.unwrap_or(Duration::MAX),
            sample: Duration::from_secs(5),
            state: None,
        }
    }
}

impl Config {
    /// `None` where only the help is wanted; an error is a sentence for the user.
    pub(crate) fn from_args(args: impl IntoIterator<Item = String>) -> Result<Option<Self>, String> {
        let mut config = Config::default();
        let mut args = args.into_iter();
        while let Some(option) = args.next() {
            let mut value = || args.next().ok_or_else(|| format!("{option} needs a value"));
            match option.as_str() {
                "--help" | "-h" => return Ok(None),
                "--port" => config.port = number(&option, &value()?)?,
                "--limit" => config.limit = number(&option, &value()?)?,
                "--window" => config.window = time(&option, &value()?)?,
                "--state" => config.state = Some(value()?.into()),
                "--sample" => config.sample = time(&option, &value()?)?,
                "--idle" => config.idle = time(&option, &value()?)?,
                _ => return Err(format!("unknown option `{option}`")),
            }
        }
        if config.limit == 0 {
            return Err("--limit 0 would serve nobody; it is at least 1".to_owned());
        }
        Ok(Some(config))
    }
}

fn number<T: std::str::FromStr<Err = std::num::ParseIntError>>(option: &str, value: &str) -> Result<T, String> {
    value.parse().map_err(|error| format!("{option} {value}: {error}"))
}

fn time(option: &str, value: &str) -> Result<Duration, String> {
    let digits = value.bytes().take_while(u8::is_ascii_digit).count();
    let (count, unit) = value.split_at(digits);
    let milliseconds = match unit {
        "ms" => 1,
        "s" => 1000,
        "m" => 60_000,
        "h" => 3_600_000,
        _ => return Err(format!("{option} {value}: a time is a whole number and ms, s, m or h, as in 30m")),
    };
    let count: u64 = number(option, count)?;
    match count.checked_mul(milliseconds) {
        Some(0) => Err(format!("{option} {value}: a time must not be zero")),
        Some(total) => Ok(Duration::from_millis(total)),
        None => Err(format!("{option} {value}: that is too long")),
    }
}
