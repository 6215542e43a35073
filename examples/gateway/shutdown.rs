//! Shutdown: after the first signal the service ends when its requests are answered, after the second at once.

use std::{io, time::Duration};

/// How long requests in flight may take after the signal. A client that sends its request a byte a minute would
/// otherwise keep the service up.
const GRACE: Duration = Duration::from_secs(30);

/// Catches Ctrl-C and SIGTERM from now on. The first future ends with the first signal; the second one with the reason
/// not to wait any longer.
pub(crate) fn signals() -> io::Result<(impl Future<Output = ()> + Send + 'static, impl Future<Output = io::Error>)> {
    let mut signals = Signals::new()?;
    let mut signals_again = Signals::new()?;
    let requested = async move { signals.next().await };
    let overdue = async move {
        signals_again.next().await;
        tokio::select! {
            () = tokio::time::sleep(GRACE) => io::Error::other("requests were cut off: they took too long to finish"),
            () = signals_again.next() => io::Error::other("requests were cut off: asked to end at once"),
        }
    };
    Ok((requested, overdue))
}

#[cfg(unix)]
struct Signals {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    fn new() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Signals { interrupt: signal(SignalKind::interrupt())?, terminate: signal(SignalKind::terminate())? })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}

#[cfg(windows)]
struct Signals(tokio::signal::windows::CtrlC);

#[cfg(windows)]
impl Signals {
    fn new() -> io::Result<Self> {
        tokio::signal::windows::ctrl_c().map(Signals)
    }

    async fn next(&mut self) {
        self.0.recv().await;
    }
}
