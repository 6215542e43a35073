//! A client without a near cache.

use std::{
    io::{self, BufRead, BufReader, Write},
    net::{Ipv4Addr, TcpStream},
    time::Duration,
};

/// Runs a command on the server at this port of the loopback interface, or on the node of its cluster that has the key.
pub(crate) fn ask(port: u16, command: &[&str]) -> io::Result<Answer> {
    ask_with(port, None, command)
}

/// As [`ask`], on a server that asks for a password.
pub(crate) fn ask_with(port: u16, password: Option<&str>, command: &[&str]) -> io::Result<Answer> {
    ask_at((Ipv4Addr::LOCALHOST, port), password, command)
}

/// As [`ask`], on a server at any address.
pub(crate) fn ask_at(at: (Ipv4Addr, u16), password: Option<&str>, command: &[&str]) -> io::Result<Answer> {
    let mut at = at;
    loop {
        let mut connection = BufReader::new(TcpStream::connect(at)?);
        connection.get_ref().set_read_timeout(Some(Duration::from_secs(20)))?;
        if let Some(password) = password {
            send(&mut connection, &["AUTH", password])?;
        }
        match send(&mut connection, command)? {
            Answer::Error(error) if error.starts_with("MOVED ") => {
                let port = error.rsplit(':').next().and_then(|port| port.parse().ok());
                at.1 = port.ok_or_else(|| io::Error::other(error))?;
            }
            answer => return Ok(answer),
        }
    }
}

fn send(connection: &mut BufReader<TcpStream>, command: &[&str]) -> io::Result<Answer> {
    let mut bytes = format!("*{}\r\n", command.len()).into_bytes();
    for argument in command {
        bytes.extend(format!("${}\r\n{argument}\r\n", argument.len()).as_bytes());
    }
    connection.get_mut().write_all(&bytes)?;
    Answer::read(connection)
}

/// A reply in RESP2.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    Nil,
    Number(i64),
    Text(String),
    Error(String),
    List(Vec<Answer>),
}

impl Answer {
    fn read(from: &mut impl BufRead) -> io::Result<Answer> {
        let mut line = String::new();
        from.read_line(&mut line)?;
        let line = line.trim_end();
        let Some(kind) = line.chars().next() else { return Err(io::ErrorKind::UnexpectedEof.into()) };
        let rest = &line[1..];
        let number = || rest.parse::<i64>().map_err(io::Error::other);
        Ok(match kind {
            '+' => Answer::Text(rest.to_owned()),
            '-' => Answer::Error(rest.to_owned()),
            ':' => Answer::Number(number()?),
            '$' | '*' if number()? < 0 => Answer::Nil,
            '$' => {
                let mut bytes = vec![0; usize::try_from(number()?).unwrap() + 2];
                from.read_exact(&mut bytes)?;
                bytes.truncate(bytes.len() - 2);
                Answer::Text(String::from_utf8_lossy(&bytes).into_owned())
            }
            '*' => Answer::List((0..number()?).map(|_| Answer::read(from)).collect::<io::Result<_>>()?),
            _ => return Err(io::Error::other(format!("an answer that begins with {kind}"))),
        })
    }
}
