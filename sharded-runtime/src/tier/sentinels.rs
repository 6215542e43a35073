//! Sentinels: which server is the primary. All of them are asked at once, and a Sentinel that does not answer keeps
//! nobody from the answers of the others.

use super::{address::Address, error::TierError, keeper::CONNECT_WITHIN, node::as_error};
use redis::{AsyncConnectionConfig, Client, ConnectionInfo, Pipeline, RedisError, Value, aio::MultiplexedConnection};
use std::time::Duration;
use tokio::{
    task::JoinSet,
    time::{Instant, timeout, timeout_at},
};

/// How long a server or a Sentinel may take to say which servers there are.
pub(super) const ANSWER_WITHIN: Duration = Duration::from_secs(1);
/// How long the first look waits for further Sentinels once one has answered, which may know of an earlier failover.
const OTHERS_WITHIN: Duration = Duration::from_millis(100);

/// A connection to a server that is asked which servers there are.
pub(super) async fn plain(client: &Client) -> Result<MultiplexedConnection, RedisError> {
    let config = AsyncConnectionConfig::new().set_response_timeout(None).set_connection_timeout(Some(ANSWER_WITHIN));
    client.get_multiplexed_async_connection_with_config(&config).await
}

/// The number of the latest failover, and the primary since then.
type Answer = (u64, Address);

pub(super) struct Sentinels {
    /// What they call the primary.
    name: String,
    /// Each of them, while it is not being asked.
    idle: Vec<Option<Sentinel>>,
    /// The latest answer of each.
    answers: Vec<Option<Answer>>,
    /// The highest number of a failover that one of them has told.
    epoch: u64,
    asked: JoinSet<(usize, Sentinel, Result<Option<Answer>, RedisError>)>,
    failure: Option<RedisError>,
}

struct Sentinel {
    client: Client,
    connection: Option<MultiplexedConnection>,
}

impl Sentinel {
    /// The number of the latest failover, and the primary since then.
    async fn primary(&mut self, name: &str) -> Result<Option<Answer>, RedisError> {
        let connection = match &mut self.connection {
            Some(connection) => connection,
            none => none.insert(plain(&self.client).await?),
        };
        let mut commands = Pipeline::new();
        commands.cmd("SENTINEL").arg("GET-MASTER-ADDR-BY-NAME").arg(name);
        commands.cmd("SENTINEL").arg("MASTER").arg(name);
        let asked = connection.send_packed_commands(&commands, 0, commands.len());
        let answer = match timeout(ANSWER_WITHIN, asked).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(error)) => {
                self.connection = None;
                return Err(error);
            }
            Err(_) => {
                self.connection = None;
                return Ok(None);
            }
        };
        if let Some(error) = answer.iter().find_map(as_error) {
            return Err(error.clone().into());
        }
        let says = Address::of(self.client.get_connection_info());
        Ok(answered_primary(&answer, &says))
    }
}

fn answered_primary(answer: &[Value], says: &Address) -> Option<Answer> {
    let [Value::Array(address), details] = answer else { return None };
    let [host, port] = &address[..] else { return None };
    let address = Address::named(text(host)?, text(port)?.parse().ok()?, says);
    let details: Vec<&Value> = match details {
        Value::Array(details) => details.iter().collect(),
        Value::Map(details) => details.iter().flat_map(|(key, value)| [key, value]).collect(),
        _ => return None,
    };
    let epoch = details.chunks(2).find(|pair| text(pair[0]) == Some("config-epoch")).and_then(|pair| pair.get(1))?;
    Some((text(epoch)?.parse().ok()?, address))
}

fn text(value: &Value) -> Option<&str> {
    match value {
        Value::BulkString(bytes) => str::from_utf8(bytes).ok(),
        Value::SimpleString(text) => Some(text),
        _ => None,
    }
}

impl Sentinels {
    pub(super) fn new(sentinels: Vec<ConnectionInfo>, name: String) -> Result<Self, RedisError> {
        let idle =
            sentinels.into_iter().map(|info| Ok(Some(Sentinel { client: Client::open(info)?, connection: None })));
        let idle = idle.collect::<Result<Vec<_>, RedisError>>()?;
        let answers = vec![None; idle.len()];
        Ok(Sentinels { name, idle, answers, epoch: 0, asked: JoinSet::new(), failure: None })
    }

    /// Asks all that are not being asked.
    pub(super) fn ask(&mut self) {
        for (place, idle) in self.idle.iter_mut().enumerate() {
            let Some(mut sentinel) = idle.take() else { continue };
            let name = self.name.clone();
            self.asked.spawn(async move {
                let answer = sentinel.primary(&name).await;
                (place, sentinel, answer)
            });
        }
    }

    /// Waits for the next answer of any of them. Without one that is asked this does not end. It can be dropped.
    pub(super) async fn answered(&mut self) {
        match self.asked.join_next().await {
            None => std::future::pending().await,
            // Only a panic ends a task without its Sentinel.
            Some(Err(_)) => {}
            Some(Ok((place, sentinel, answer))) => {
                self.idle[place] = Some(sentinel);
                self.answers[place] = answer.unwrap_or_else(|failure| {
                    self.failure = Some(failure);
                    None
                });
            }
        }
    }

    /// The primary of the latest failover that a Sentinel knows. A Sentinel that was cut off may know an earlier one.
    pub(super) fn primary(&mut self) -> Option<Address> {
        let (epoch, address) = self.answers.iter().flatten().max_by_key(|(epoch, _)| *epoch)?;
        if *epoch < self.epoch {
            return None;
        }
        self.epoch = *epoch;
        Some(address.clone())
    }

    /// Asks for the first time.
    pub(super) async fn first_primary(&mut self) -> Result<Address, TierError> {
        let began = Instant::now();
        let mut until = began + CONNECT_WITHIN;
        self.ask();
        while !self.asked.is_empty() && timeout_at(until, self.answered()).await.is_ok() {
            if self.primary().is_some() {
                until = until.min(Instant::now() + OTHERS_WITHIN);
            }
        }
        match (self.primary(), self.failure.take()) {
            (Some(address), _) => Ok(address),
            (None, Some(failure)) => Err(TierError::of_connecting(failure, began.elapsed())),
            (None, None) => Err(TierError::unreachable(began.elapsed(), None)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_of_sentinels() {
        let says = Address { host: "here".to_owned(), port: 1 };
        let texts = |texts: &[&str]| {
            Value::Array(texts.iter().map(|text| Value::BulkString(text.as_bytes().to_vec())).collect())
        };
        let details = texts(&["name", "main", "config-epoch", "7", "quorum", "2"]);
        let answer = [texts(&["10.0.0.1", "6380"]), details.clone()];
        let (epoch, address) = answered_primary(&answer, &says).unwrap();
        assert_eq!((epoch, address.to_string()), (7, "10.0.0.1:6380".to_owned()));
        assert_eq!(answered_primary(&[Value::Nil, details], &says), None);
        assert_eq!(answered_primary(&[texts(&["10.0.0.1", "6380"]), texts(&["name"])], &says), None);
    }
}
