//! Waiting for several futures at once.

use smallvec::{SmallVec, smallvec};
use std::{
    pin::{Pin, pin},
    task::Poll,
};

/// Which of two futures was ready first.
pub(super) enum First<A, B> {
    One(A),
    Other(B),
}

pub(super) async fn first<A, B>(one: impl Future<Output = A>, other: impl Future<Output = B>) -> First<A, B> {
    let (mut one, mut other) = (pin!(one), pin!(other));
    std::future::poll_fn(|context| {
        if let Poll::Ready(one) = one.as_mut().poll(context) {
            return Poll::Ready(First::One(one));
        }
        other.as_mut().poll(context).map(First::Other)
    })
    .await
}

/// Waits for all of these. Most often there is one.
pub(super) async fn all<F: Future>(futures: impl ExactSizeIterator<Item = F>) -> SmallVec<[F::Output; 1]> {
    let mut futures = futures;
    if futures.len() == 1
        && let Some(only) = futures.next()
    {
        return smallvec![only.await];
    }
    let mut running: Vec<Pin<Box<F>>> = futures.map(Box::pin).collect();
    let mut outputs: Vec<Option<F::Output>> = running.iter().map(|_| None).collect();
    std::future::poll_fn(|context| {
        let mut is_over = true;
        for (future, output) in running.iter_mut().zip(&mut outputs).filter(|(_, output)| output.is_none()) {
            match future.as_mut().poll(context) {
                Poll::Ready(ready) => *output = Some(ready),
                Poll::Pending => is_over = false,
            }
        }
        if is_over { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
    outputs.into_iter().flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::sync::oneshot;

    #[test]
    fn the_first_and_all() {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let one = first(std::future::pending::<u8>(), async { 2 }).await;
            assert!(matches!(one, First::Other(2)));
            let one = first(async { 1 }, async { 2 }).await;
            assert!(matches!(one, First::One(1)));

            // They end in another order than they begin.
            let (senders, receivers): (Vec<_>, Vec<_>) = (0..3).map(|_| oneshot::channel()).unzip();
            let send = async {
                for (number, sender) in senders.into_iter().enumerate().rev() {
                    tokio::task::yield_now().await;
                    sender.send(number).unwrap();
                }
                std::future::pending::<()>().await;
            };
            let First::Other(received) = first(send, all(receivers.into_iter())).await else { unreachable!() };
            assert_eq!(received[..], [Ok(0), Ok(1), Ok(2)]);
            assert_eq!(all([async { 7 }].into_iter()).await[..], [7]);
            assert_eq!(all(std::iter::empty::<std::future::Ready<u8>>()).await[..], []);
        });
    }
}
