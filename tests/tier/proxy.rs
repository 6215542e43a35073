//! A proxy that delivers a push before a reply that the server sent earlier. A client may get them in either order:
//! the task that waits for a reply may run long after a push was handled.

use std::{
    io::{Read, Write},
    net::{Ipv4Addr, TcpListener, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
    thread,
};

/// Lives as long as its connections.
#[derive(Debug)]
pub(crate) struct Proxy {
    port: u16,
    holds: Arc<AtomicBool>,
    /// Values among the replies that were held, in all.
    held: Arc<AtomicU32>,
}

impl Proxy {
    /// Forwards to the server at this port.
    pub(crate) fn start(server: u16) -> Proxy {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let holds = Arc::new(AtomicBool::new(false));
        let held = Arc::new(AtomicU32::new(0));
        let proxy = Proxy { port, holds: Arc::clone(&holds), held: Arc::clone(&held) };
        thread::spawn(move || {
            while let Ok((client, _)) = listener.accept() {
                let server = TcpStream::connect((Ipv4Addr::LOCALHOST, server)).unwrap();
                let (from, to) = (client.try_clone().unwrap(), server.try_clone().unwrap());
                thread::spawn(move || copy(from, to));
                let (holds, held) = (Arc::clone(&holds), Arc::clone(&held));
                thread::spawn(move || reorder(server, client, &holds, &held));
            }
        });
        proxy
    }

    pub(crate) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// From now on replies wait, until the next push has passed them.
    pub(crate) fn hold_replies(&self) {
        self.holds.store(true, Ordering::SeqCst);
    }

    pub(crate) fn is_holding(&self) -> bool {
        self.holds.load(Ordering::SeqCst)
    }

    /// How many values have been held so far.
    pub(crate) fn held(&self) -> u32 {
        self.held.load(Ordering::SeqCst)
    }
}

fn copy(mut from: TcpStream, mut to: TcpStream) {
    let mut bytes = [0; 1 << 14];
    while let Ok(read @ 1..) = from.read(&mut bytes) {
        if to.write_all(&bytes[..read]).is_err() {
            return;
        }
    }
    let _ = to.shutdown(std::net::Shutdown::Both);
}

fn reorder(mut server: TcpStream, mut client: TcpStream, holds: &AtomicBool, values: &AtomicU32) {
    let (mut unread, mut held, mut bytes) = (Vec::new(), Vec::new(), [0; 1 << 14]);
    while let Ok(read @ 1..) = server.read(&mut bytes) {
        unread.extend_from_slice(&bytes[..read]);
        while let Some(end) = end_of_frame(&unread, 0) {
            let frame: Vec<u8> = unread.drain(..end).collect();
            let is_push = frame[0] == b'>';
            if !is_push && holds.load(Ordering::SeqCst) {
                values.fetch_add(u32::from(frame[0] == b'$'), Ordering::SeqCst);
                held.extend(frame);
                continue;
            }
            let sent = client.write_all(&frame);
            if sent.is_err() {
                return;
            }
            if is_push && holds.swap(false, Ordering::SeqCst) && client.write_all(&std::mem::take(&mut held)).is_err() {
                return;
            }
        }
    }
    let _ = client.shutdown(std::net::Shutdown::Both);
}

/// Where a value of RESP3 ends that begins there, if all of it is here.
fn end_of_frame(bytes: &[u8], begin: usize) -> Option<usize> {
    let line = bytes[begin..].windows(2).position(|pair| pair == b"\r\n")? + begin;
    let number = || std::str::from_utf8(&bytes[begin + 1..line]).unwrap().parse::<i64>().unwrap();
    let next = line + 2;
    let values = |count: i64| (0..count).try_fold(next, |at, _| (at < bytes.len()).then(|| end_of_frame(bytes, at))?);
    match bytes[begin] {
        b'$' | b'=' | b'!' => match usize::try_from(number()) {
            Ok(length) => (bytes.len() >= next + length + 2).then_some(next + length + 2),
            Err(_) => Some(next),
        },
        b'*' | b'>' | b'~' => values(number()),
        b'%' | b'|' => values(2 * number()),
        _ => Some(next),
    }
}

#[test]
fn frames() {
    for frame in [
        "+OK\r\n",
        "$-1\r\n",
        "$2\r\nab\r\n",
        ">2\r\n$10\r\ninvalidate\r\n*1\r\n$1\r\na\r\n",
        "*0\r\n",
        "_\r\n",
        "%1\r\n+a\r\n:1\r\n",
    ] {
        assert_eq!(end_of_frame(format!("{frame}+x").as_bytes(), 0), Some(frame.len()), "{frame}");
        for end in 0..frame.len() {
            assert_eq!(end_of_frame(&frame.as_bytes()[..end], 0), None, "{frame} up to {end}");
        }
    }
}
