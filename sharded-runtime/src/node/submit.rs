//! Handing a job to a station.

use super::{
    error::{JobError, catch},
    job::{Job, Outcome, Run, Work},
    pending::Pending,
    station::{Offer, Station},
    task::Task,
};
use crate::{
    contain::contain,
    field::flight::Need,
    memory::sync::unmodelled::Mutex,
    shard::order::{self, Later},
    waker::StoredWaker,
};
use std::{
    panic::Location,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

pub(super) fn run<W: Work>(
    home: &Arc<Station>,
    work: W,
    at: &'static Location<'static>,
) -> Result<W::Output, JobError> {
    order::check_wait("a job is run", at);
    if home.is_forked() {
        return Err(JobError::Forked);
    }
    let is_here = Station::own().is_some_and(|own| Arc::ptr_eq(&own, home));
    if is_here && !home.discards() {
        return catch(|| work.work()).map_err(JobError::Panicked);
    }
    let job = Job::new(work);
    // Before the job begins, so that it sees the cycle if it asks for something that waits for it. It waits for nothing
    // yet.
    let _need = Need::of_this(job.id());
    hand_in(home, &job);
    Task::new(job, Arc::clone(home), at).outcome()
}

pub(super) fn spawn<W: Work>(home: &Arc<Station>, work: W, at: &'static Location<'static>) -> Task<W::Output> {
    order::check_wait("a job is handed in", at);
    let job = Job::new(work);
    if !home.is_forked() {
        hand_in(home, &job);
    }
    Task::new(job, Arc::clone(home), at)
}

/// Queues a new job and waits for room, unless it must run or be dropped at once.
fn hand_in<W: Work>(home: &Station, job: &Arc<Job<W>>) {
    match home.offer(Arc::clone(job) as Arc<dyn Run>) {
        Offer::Queued => {}
        // A worker must not wait for room: the full queue may be its own, which only it would empty.
        Offer::Full if Station::own().is_some() => run_inside(&**job),
        Offer::Full => {
            if !home.send(Arc::clone(job) as Arc<dyn Run>) {
                job.discard();
            }
        }
        Offer::Closed(pending) => refused(home, job, pending),
    }
}

/// Queues a new job, or returns the work if there is no room.
pub(super) fn try_run<W: Work>(
    home: &Arc<Station>,
    work: W,
    at: &'static Location<'static>,
) -> Result<Task<W::Output>, W> {
    let job = Job::new(work);
    if !home.is_forked() {
        match home.offer(Arc::clone(&job) as Arc<dyn Run>) {
            Offer::Queued => {}
            Offer::Full => return job.claim().map_or_else(|| unreachable!("no other thread has the job"), Err),
            Offer::Closed(pending) => refused(home, &job, pending),
        }
    }
    Ok(Task::new(job, Arc::clone(home), at))
}

/// Handles a job for a closed pool. If the pool finishes queued jobs, it also finishes the jobs that they hand in.
fn refused<W: Work>(home: &Station, job: &Arc<Job<W>>, pending: Pending) {
    let is_from_job = Station::own().is_some_and(|own| own.pool == home.pool);
    if !is_from_job || pending == Pending::Discard {
        job.discard();
    } else if order::is_inside() {
        // The job may need the shard that this thread is inside.
        order::when_outside(Arc::new(Deferred(Mutex::new(Some(Arc::clone(job) as Arc<dyn Run>)))));
    } else {
        run_inside(&**job);
    }
}

/// A job that its thread runs once it is outside all shards.
struct Deferred(Mutex<Option<Arc<dyn Run>>>);

impl Later for Deferred {
    fn run(&self) {
        let job = self.0.lock().take();
        // This may drop the result, which may panic.
        contain(move || job.map(|job| job.run()));
    }
}

/// Runs a new job inside the job or the loader that hands it in.
fn run_inside<W: Work>(job: &Job<W>) {
    // A job that has not begun waits for nothing, so there is no cycle.
    let _need = Need::of_this(job.id());
    Run::run(job);
}

/// A future that queues a job once there is room, and then waits for its result.
pub(super) struct RunAsync<W: Work> {
    home: Arc<Station>,
    at: &'static Location<'static>,
    stage: Stage<W>,
}

enum Stage<W: Work> {
    Waiting { job: Arc<Job<W>>, ticket: Option<u64> },
    Queued(Task<W::Output>),
}

impl<W: Work> RunAsync<W> {
    pub(super) fn new(home: &Arc<Station>, work: W, at: &'static Location<'static>) -> Self {
        Self { home: Arc::clone(home), at, stage: Stage::Waiting { job: Job::new(work), ticket: None } }
    }
}

impl<W: Work> Future for RunAsync<W> {
    type Output = Result<W::Output, JobError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Self { home, at, stage } = &mut *self;
        order::check_wait("a job is awaited that was made", at);
        if home.is_forked() {
            return Poll::Ready(Err(JobError::Forked));
        }
        loop {
            match stage {
                Stage::Waiting { job, ticket } => {
                    match home.offer_or_wait(Arc::clone(job) as Arc<dyn Run>, ticket, StoredWaker::new(cx)) {
                        Offer::Queued => {}
                        Offer::Full => return Poll::Pending,
                        // The thread of an executor must not be blocked, so it does not run the job.
                        Offer::Closed(_) => job.discard(),
                    }
                    *stage = Stage::Queued(Task::new(Arc::clone(job) as _, Arc::clone(home), at));
                }
                Stage::Queued(task) => return Pin::new(task).poll(cx),
            }
        }
    }
}

impl<W: Work> Drop for RunAsync<W> {
    fn drop(&mut self) {
        if let Stage::Waiting { ticket: Some(ticket), .. } = self.stage
            && !self.home.is_forked()
        {
            self.home.leave(ticket);
        }
    }
}
