//! How a job gets to a station.

use super::{
    Pending,
    error::{JobError, catch},
    job::{Job, Run, Work},
    station::{Offer, Station},
    task::Task,
};
use crate::waker::StoredWaker;
use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

pub(super) fn run<W: Work>(home: &Arc<Station>, work: W) -> Result<W::Output, JobError> {
    let is_here = Station::own().is_some_and(|own| Arc::ptr_eq(&own, home));
    if is_here && !home.discards() {
        return catch(|| work.work()).map_err(JobError::Panicked);
    }
    spawn(home, work).wait()
}

pub(super) fn spawn<W: Work>(home: &Arc<Station>, work: W) -> Task<W::Output> {
    let job = Job::new(work);
    match home.offer(Arc::clone(&job) as Arc<dyn Run>) {
        Offer::Queued => {}
        // Its own queue may be the one that is full, which only it would empty.
        Offer::Full if Station::own().is_some() => job.run(),
        Offer::Full => {
            if !home.send(Arc::clone(&job) as Arc<dyn Run>) {
                job.discard();
            }
        }
        Offer::Closed(pending) => refused(home, &*job, pending),
    }
    Task::new(job, Arc::clone(home))
}

/// The work is given back where there is no room.
pub(super) fn try_run<W: Work>(home: &Arc<Station>, work: W) -> Result<Task<W::Output>, W> {
    let job = Job::new(work);
    match home.offer(Arc::clone(&job) as Arc<dyn Run>) {
        Offer::Queued => {}
        Offer::Full => return job.claim().map_or_else(|| unreachable!("nobody else has the job"), Err),
        Offer::Closed(pending) => refused(home, &*job, pending),
    }
    Ok(Task::new(job, Arc::clone(home)))
}

/// A pool that finishes what is queued also finishes what that asks for.
fn refused(home: &Station, job: &dyn Run, pending: Pending) {
    let is_asked_for = Station::own().is_some_and(|own| own.pool == home.pool);
    if is_asked_for && pending == Pending::Finish {
        job.run();
    } else {
        job.discard();
    }
}

/// A job that is queued when there is room, then its task.
pub(super) struct RunAsync<W: Work> {
    home: Arc<Station>,
    stage: Stage<W>,
}

enum Stage<W: Work> {
    Waiting { job: Arc<Job<W>>, ticket: Option<u64> },
    Queued(Task<W::Output>),
}

impl<W: Work> RunAsync<W> {
    pub(super) fn new(home: &Arc<Station>, work: W) -> Self {
        Self { home: Arc::clone(home), stage: Stage::Waiting { job: Job::new(work), ticket: None } }
    }
}

impl<W: Work> Future for RunAsync<W> {
    type Output = Result<W::Output, JobError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Self { home, stage } = &mut *self;
        loop {
            match stage {
                Stage::Waiting { job, ticket } => {
                    match home.offer_or_wait(Arc::clone(job) as Arc<dyn Run>, ticket, StoredWaker::new(cx)) {
                        Offer::Queued => {}
                        Offer::Full => return Poll::Pending,
                        // An executor's thread is not to be held up, not even by the job itself.
                        Offer::Closed(_) => job.discard(),
                    }
                    *stage = Stage::Queued(Task::new(Arc::clone(job) as _, Arc::clone(home)));
                }
                Stage::Queued(task) => return Pin::new(task).poll(cx),
            }
        }
    }
}

impl<W: Work> Drop for RunAsync<W> {
    fn drop(&mut self) {
        if let Stage::Waiting { ticket: Some(ticket), .. } = self.stage {
            self.home.leave(ticket);
        }
    }
}
