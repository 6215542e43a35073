//! Tasks that are polled by hand, and loads that end when the test says so.

use std::{
    cell::RefCell,
    future::poll_fn,
    pin::Pin,
    rc::Rc,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, Wake, Waker},
};

/// A future that is polled by hand.
pub(crate) struct Task<'a, T> {
    future: Pin<Box<dyn Future<Output = T> + 'a>>,
    woken: Arc<Woken>,
}

#[derive(Default)]
struct Woken(AtomicBool);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::SeqCst);
    }
}

impl<'a, T> Task<'a, T> {
    pub(crate) fn new(future: impl Future<Output = T> + 'a) -> Self {
        Task { future: Box::pin(future), woken: Arc::default() }
    }

    /// One that has been polled once, and waits.
    #[track_caller]
    pub(crate) fn waiting(future: impl Future<Output = T> + 'a) -> Self {
        let mut task = Self::new(future);
        assert!(task.poll().is_none(), "this should wait");
        task
    }

    pub(crate) fn poll(&mut self) -> Option<T> {
        self.woken.0.store(false, Ordering::SeqCst);
        let waker = Waker::from(Arc::clone(&self.woken));
        match self.future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(output) => Some(output),
            Poll::Pending => None,
        }
    }

    pub(crate) fn is_woken(&self) -> bool {
        self.woken.0.load(Ordering::SeqCst)
    }

    /// What a task answers that has been woken for it.
    #[track_caller]
    pub(crate) fn end(mut self) -> T {
        assert!(self.is_woken(), "nobody has woken it");
        self.poll().expect("it has been woken for something")
    }
}

/// A load that ends when it is told what with.
pub(crate) struct Load<T>(Rc<RefCell<State<T>>>);

struct State<T> {
    begun: bool,
    end: Option<T>,
}

impl<T> Load<T> {
    pub(crate) fn new() -> Self {
        Load(Rc::new(RefCell::new(State { begun: false, end: None })))
    }

    /// Loads; whoever polls it when it has been told the end is ready.
    pub(crate) fn run(&self) -> impl Future<Output = T> + use<T> {
        let state = Rc::clone(&self.0);
        poll_fn(move |_| {
            let mut state = state.borrow_mut();
            state.begun = true;
            state.end.take().map_or(Poll::Pending, Poll::Ready)
        })
    }

    pub(crate) fn has_begun(&self) -> bool {
        self.0.borrow().begun
    }

    pub(crate) fn end(&self, end: T) {
        self.0.borrow_mut().end = Some(end);
    }
}
