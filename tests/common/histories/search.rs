//! Searches for a sequential order that explains the answers of concurrent operations. Each operation takes effect at
//! one moment between its beginning and its end.
//!
//! The search is that of Lowe ("Testing for linearizability", Concurrency and Computation, 2017), after Wing and Gong
//! ("Testing and verifying concurrent objects", 1993). It goes through the ends of the operations in time and carries
//! each pair of a state and the open operations that have already taken effect. It is sound and complete: it keeps
//! every pair that some order reaches, and it needs no assumption about the values that are written. Its cost grows
//! with the number of operations that are open at once, which is at most the number of threads, and not with the
//! length of the history.

/// A recorded operation with its answer.
pub(crate) trait Operation {
    /// Everything that operations read and write.
    type State: Clone + PartialEq;

    /// Before the call. Operations that ended by then come first in every order.
    fn began(&self) -> u64;

    /// After the call.
    fn ended(&self) -> u64;

    /// The state that it leaves, or `None` if its answer in this state is another one.
    fn after(&self, before: &Self::State) -> Option<Self::State>;

    /// Whether it leaves every state as it is.
    fn is_read(&self) -> bool;

    /// Whether the two use the same part of the state.
    fn meets(&self, other: &Self) -> bool;
}

/// No order explains an answer.
#[derive(Clone, Debug)]
pub(crate) struct Unexplained<S> {
    /// The number of the operation whose answer has no explanation.
    pub(crate) operation: usize,
    /// The numbers of the other operations that were open when it ended.
    pub(crate) open: Vec<usize>,
    /// The states that were possible after the end before.
    pub(crate) states: Vec<S>,
}

/// Searches for an order of the operations that explains every answer and respects real time.
///
/// Returns the number of operations that ended while another one was open that they meet.
pub(crate) fn explain<O: Operation>(operations: &[O], start: O::State) -> Result<usize, Unexplained<O::State>> {
    // The times are all different: they come from a clock that counts.
    let mut events: Vec<(u64, usize)> = Vec::with_capacity(2 * operations.len());
    for (index, operation) in operations.iter().enumerate() {
        assert!(operation.began() < operation.ended(), "operation {index} ended before it began");
        events.extend([(operation.began(), index), (operation.ended(), index)]);
    }
    events.sort_unstable();

    let mut open = Open { operations, places: Vec::new() };
    let mut states = vec![(0, start)];
    let mut overlapping = 0;
    for (time, index) in events {
        if time == operations[index].began() {
            open.begin(index);
            continue;
        }
        let is_met = |(_, other): (u64, usize)| other != index && operations[other].meets(&operations[index]);
        overlapping += usize::from(open.iter().any(is_met));
        let place = open.place_of(index);
        let after = open.states_after(place, &states);
        if after.is_empty() {
            return Err(Unexplained {
                operation: index,
                open: open.iter().map(|(_, other)| other).filter(|&other| other != index).collect(),
                states: states.into_iter().map(|(_, state)| state).collect(),
            });
        }
        states = after;
        open.places[place] = None;
    }
    Ok(overlapping)
}

/// The open operations that have taken effect, one bit for each place in [`Open`], and the state that they have left.
type Reached<S> = (u64, S);

/// The operations that have begun and not ended, each at a place of its own.
struct Open<'a, O> {
    operations: &'a [O],
    places: Vec<Option<usize>>,
}

impl<O: Operation> Open<'_, O> {
    fn begin(&mut self, index: usize) {
        if let Some(free) = self.places.iter_mut().find(|place| place.is_none()) {
            *free = Some(index);
        } else {
            self.places.push(Some(index));
            assert!(self.places.len() <= 64, "more operations are open at once than a state has bits");
        }
    }

    fn place_of(&self, index: usize) -> usize {
        self.places.iter().position(|&place| place == Some(index)).expect("it has begun")
    }

    /// The bits and the numbers of the open operations.
    fn iter(&self) -> impl Iterator<Item = (u64, usize)> {
        self.places.iter().enumerate().filter_map(|(place, index)| Some((1 << place, (*index)?)))
    }

    /// The states in which the operation at a place has taken effect. Its bit is cleared in them, as the place becomes
    /// free.
    fn states_after(&self, place: usize, states: &[Reached<O::State>]) -> Vec<Reached<O::State>> {
        let bit = 1 << place;
        // The states are few: a linear search is faster than a set.
        let mut after = Vec::new();
        let mut seen: Vec<Reached<O::State>> = Vec::new();
        let add = |to: &mut Vec<_>, reached| {
            if !to.contains(&reached) {
                to.push(reached);
            }
        };
        for (done, state) in states {
            add(&mut seen, (self.with_reads(*done, state), state.clone()));
        }
        let mut next = 0;
        while let Some((done, state)) = seen.get(next).cloned() {
            next += 1;
            if done & bit != 0 {
                add(&mut after, (done & !bit, state));
                continue;
            }
            for (other, index) in self.iter().filter(|(other, _)| done & other == 0) {
                if let Some(left) = self.operations[index].after(&state) {
                    add(&mut seen, (self.with_reads(done | other, &left), left));
                }
            }
        }
        after
    }

    /// Adds the open reads that this state explains. A read takes effect in the first state that explains it: an order
    /// in which it comes later also holds with the read moved to this place, as no state changes by that.
    fn with_reads(&self, done: u64, state: &O::State) -> u64 {
        let is_explained = |&(bit, index): &(u64, usize)| {
            let operation = &self.operations[index];
            done & bit == 0 && operation.is_read() && operation.after(state).is_some()
        };
        self.iter().filter(is_explained).fold(done, |done, (bit, _)| done | bit)
    }
}
