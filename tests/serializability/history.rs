//! Histories: threads that run random operations on several rows, and record what each answered, when it began and
//! when it ended.

use super::{
    common::threads::Dice,
    histories::{
        churn::{Calling, Churned, Pace, churn},
        recorder::{CountingClock, record_together},
        register::{Answer, Call, Number},
    },
    transaction::{End, Kind, Operation, ROWS, Row, Step},
};

/// What is tested. No row has a value at first.
pub(crate) trait Subject: Sync {
    /// One call of a map.
    fn single(&self, row: Row, call: Call) -> Outcome;
    /// A transaction over these rows, which are all different, that makes these steps and then ends like this, unless
    /// it is refused.
    fn transaction(&self, rows: &[Row], steps: &[Step], end: End) -> Outcome;
    /// What a read-only view of these rows shows.
    fn view(&self, rows: &[Row]) -> Vec<Answer>;
    /// What a lookup in a unique index shows of the two rows of this group, if there is an index. One of them at most
    /// has a number that is even, or one that is not.
    fn find(&self, _group: Row, _is_even: bool) -> Option<[Answer; 2]> {
        None
    }
    /// Whether it has such an index.
    fn has_index(&self) -> bool {
        false
    }
    /// The map in which this thread inserts and removes cold keys, if the subject has such maps.
    fn churned(&self, _number: u32) -> Option<&dyn Churned> {
        None
    }
}

/// How many groups the rows make, for an index.
pub(crate) const GROUPS: usize = ROWS / 2;

/// The answers of the steps of an operation, and how it has ended.
pub(crate) struct Outcome {
    pub(crate) answers: Vec<Answer>,
    pub(crate) end: End,
}

impl Outcome {
    /// That of an operation without an end of its own.
    pub(crate) fn of(answers: Vec<Answer>) -> Self {
        Outcome { answers, end: End::Commit }
    }
}

/// The size of a history.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plan {
    pub(crate) threads: u32,
    /// Operations of each thread.
    pub(crate) operations: u32,
    /// The largest number of rows in one transaction.
    pub(crate) most_rows: u32,
    /// This number of threads insert and remove cold keys, so that tables grow and shrink.
    pub(crate) churners: u32,
    /// The largest number of cold keys of each of them.
    pub(crate) cold: u32,
}

/// Records a history.
pub(crate) fn record(subject: &dyn Subject, plan: &Plan, seed: u64) -> Vec<Operation> {
    let clock = CountingClock::default();
    let pace = Pace::new(plan.threads);
    record_together(plan.threads + plan.churners, |thread| {
        let dice = Dice::new(seed.wrapping_mul(64).wrapping_add(thread.into()));
        if let Some(number) = thread.checked_sub(plan.threads) {
            let map = subject.churned(number).expect("a plan with churners is for maps with cold keys");
            churn(map, number, plan.cold, dice, &pace);
            return Vec::new();
        }
        let _calling = Calling(&pace);
        let mut script = Script { thread, plan, dice, finds: subject.has_index() };
        let operation = |number| {
            if plan.churners > 0 {
                pace.call();
            }
            let (kind, rows, steps, end) = script.operation(number);
            let began = clock.now();
            let Outcome { answers, end } = match kind {
                Kind::Single => subject.single(steps[0].row, steps[0].call),
                Kind::Transaction => subject.transaction(&rows, &steps, end),
                Kind::View => Outcome::of(subject.view(&rows)),
                Kind::Find => {
                    let Call::Find(is_even) = steps[0].call else { unreachable!("a lookup finds") };
                    Outcome::of(subject.find(steps[0].row, is_even).expect("there is an index").into())
                }
            };
            let ended = clock.now();
            assert_eq!(answers.len(), steps.len(), "each step has an answer");
            Operation { thread, kind, steps, answers, end, began, ended }
        };
        (0..plan.operations).map(operation).collect()
    })
}

/// Makes up the operations of one thread.
struct Script<'a> {
    thread: u32,
    plan: &'a Plan,
    dice: Dice,
    /// Whether some views are lookups in an index.
    finds: bool,
}

impl Script<'_> {
    fn operation(&mut self, number: u32) -> (Kind, Vec<Row>, Vec<Step>, End) {
        // No other operation writes this number or one that is reached from it by additions.
        let fresh: Number = ((self.thread * 4096 + number + 1) << 8) | u32::from(self.finds && self.below(2) == 0);
        match self.below(16) {
            0..5 => {
                let row = self.below(8) as usize;
                let call = match self.below(9) {
                    0 => Call::Contains,
                    1 => Call::Insert(fresh),
                    2 => Call::InsertIfAbsent(fresh),
                    3 => Call::Upsert(fresh, 1),
                    4 => Call::WithMut(1),
                    5 => Call::Remove,
                    _ => Call::Get,
                };
                (Kind::Single, vec![row], vec![Step { row, call }], End::Commit)
            }
            5..9 if self.finds && self.below(3) > 0 => {
                let (group, is_even) = (self.below_len(GROUPS), self.below(2) == 0);
                let rows = vec![group, group + GROUPS];
                let steps = rows.iter().map(|&row| Step { row, call: Call::Find(is_even) }).collect();
                (Kind::Find, rows, steps, End::Commit)
            }
            5..9 => {
                let rows = self.rows();
                let steps = rows.iter().map(|&row| Step { row, call: Call::Get }).collect();
                (Kind::View, rows, steps, End::Commit)
            }
            _ => {
                let rows = self.rows();
                let mut steps: Vec<Step> = rows.iter().map(|&row| self.step(row, fresh)).collect();
                for more in 1..=self.below(4) {
                    let row = rows[self.below_len(rows.len())];
                    steps.push(self.step(row, fresh + 16 * more));
                }
                let end = match self.below(8) {
                    0 => End::Abort,
                    1 => End::Panic,
                    _ => End::Commit,
                };
                (Kind::Transaction, rows, steps, end)
            }
        }
    }

    fn step(&mut self, row: Row, fresh: Number) -> Step {
        let call = match self.below(16) {
            0..6 => Call::Get,
            6..8 => Call::Insert(fresh),
            8..10 => Call::Put(fresh),
            10 => Call::Remove,
            11 => Call::Delete,
            12..14 => Call::WithMut(1 + self.below(2)),
            _ => Call::GetOrInsert(fresh),
        };
        Step { row, call }
    }

    /// Two rows or more, in any order.
    fn rows(&mut self) -> Vec<Row> {
        let count = 2 + self.below_len(self.plan.most_rows as usize - 1);
        let mut rows: Vec<Row> = (0..ROWS).collect();
        for at in 0..count {
            let other = at + self.below_len(ROWS - at);
            rows.swap(at, other);
        }
        rows.truncate(count);
        rows
    }

    fn below(&mut self, bound: u32) -> u32 {
        u32::try_from(self.dice.below(bound.into())).expect("less than a u32")
    }

    fn below_len(&mut self, bound: usize) -> usize {
        usize::try_from(self.dice.below(bound as u64)).expect("less than a length")
    }
}
