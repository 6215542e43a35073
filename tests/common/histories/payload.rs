//! Keys and values that detect when they are torn, and that yield to other threads at awkward moments.

use super::register::Number;
use crate::common::threads::Dice;
use std::{
    cell::RefCell,
    fmt::Debug,
    hash::{Hash, Hasher},
    thread,
};

thread_local! {
    static DICE: RefCell<Option<Dice>> = const { RefCell::new(None) };
}

/// Gives the processor away, now and then: what runs in the middle of a call stays there for a while.
pub(crate) fn stumble() {
    let gives_way = DICE.with_borrow_mut(|dice| {
        let seed = || Dice::new(std::hash::BuildHasher::hash_one(&std::hash::RandomState::new(), 0));
        dice.get_or_insert_with(seed).below(24) == 0
    });
    if gives_way {
        thread::yield_now();
    }
}

/// A key that is made of a number.
pub(crate) trait Name: Eq + Hash + Clone + Debug + Send + Sync + 'static {
    fn of(number: u32) -> Self;
    fn number(&self) -> u32;
}

/// The first two are those that an engine might use as marks: all ones, and zero.
impl Name for u64 {
    fn of(number: u32) -> Self {
        u64::from(number).wrapping_sub(1)
    }
    fn number(&self) -> u32 {
        u32::try_from(self.wrapping_add(1)).expect("a key that was put in")
    }
}

impl Name for u16 {
    fn of(number: u32) -> Self {
        u16::try_from(number).expect("a small key").wrapping_sub(1)
    }
    fn number(&self) -> u32 {
        self.wrapping_add(1).into()
    }
}

/// A key of several words, whose comparison lets others in.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wide([u64; 3]);

impl Name for Wide {
    fn of(number: u32) -> Self {
        let number = u64::from(number);
        Wide([number, !number, number << 32])
    }
    fn number(&self) -> u32 {
        let Wide([number, complement, shifted]) = *self;
        assert!(complement == !number && shifted == number << 32, "a key is torn: {self:?}");
        u32::try_from(number).expect("a key that was put in")
    }
}
impl PartialEq for Wide {
    fn eq(&self, other: &Self) -> bool {
        stumble();
        self.number() == other.number()
    }
}
impl Eq for Wide {}
impl Hash for Wide {
    fn hash<H: Hasher>(&self, state: &mut H) {
        stumble();
        self.number().hash(state);
    }
}

impl Name for String {
    fn of(number: u32) -> Self {
        format!("a key that is longer than three words: {number}")
    }
    fn number(&self) -> u32 {
        self.rsplit(' ').next().expect("a last part").parse().expect("a key that was put in")
    }
}

/// A value that is made of a number.
pub(crate) trait Payload: Clone + Debug + Send + Sync + 'static {
    fn of(number: Number) -> Self;
    /// `None` where its parts do not belong together.
    fn number(&self) -> Option<Number>;
    /// Becomes another number in place, part by part.
    fn set(&mut self, number: Number) {
        *self = Self::of(number);
    }
}

impl Payload for Number {
    fn of(number: Number) -> Self {
        number
    }
    fn number(&self) -> Option<Number> {
        Some(*self)
    }
}

/// A value of several words.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Words([u64; 5]);

impl Words {
    fn word(number: Number, at: usize) -> u64 {
        u64::from(number).rotate_left(8 * u32::try_from(at).expect("a few words"))
    }
}
impl Payload for Words {
    fn of(number: Number) -> Self {
        Words(std::array::from_fn(|at| Words::word(number, at)))
    }
    fn number(&self) -> Option<Number> {
        let number = Number::try_from(self.0[0]).ok()?;
        self.0.iter().enumerate().all(|(at, &word)| word == Words::word(number, at)).then_some(number)
    }
    fn set(&mut self, number: Number) {
        for (at, word) in self.0.iter_mut().enumerate() {
            stumble();
            *word = Words::word(number, at);
        }
    }
}

/// A value with padding, whose bytes mean nothing, in the middle and at the end; and with bytes that not every pattern
/// is valid for.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub(crate) struct Padded {
    is_even: bool,
    number: u64,
    half: Option<char>,
    low: u8,
}

impl Payload for Padded {
    fn of(number: Number) -> Self {
        Padded {
            is_even: number.is_multiple_of(2),
            number: number.into(),
            half: char::from_u32(number >> 16),
            low: number.to_le_bytes()[0],
        }
    }
    fn number(&self) -> Option<Number> {
        let number = Number::try_from(self.number).ok()?;
        let Padded { is_even, half, low, .. } = Padded::of(number);
        (self.is_even == is_even && self.half == half && self.low == low).then_some(number)
    }
    fn set(&mut self, number: Number) {
        let Padded { is_even, number, half, low } = Padded::of(number);
        self.is_even = is_even;
        stumble();
        self.number = number;
        stumble();
        self.half = half;
        self.low = low;
    }
}

/// A value on the heap, whose copy lets others in.
#[derive(Debug)]
pub(crate) struct Boxed(String);

impl Clone for Boxed {
    fn clone(&self) -> Self {
        stumble();
        Boxed(self.0.clone())
    }
}
impl Payload for Boxed {
    fn of(number: Number) -> Self {
        Boxed(format!("{number} {number}"))
    }
    fn number(&self) -> Option<Number> {
        let (first, second) = self.0.split_once(' ')?;
        (first == second).then(|| first.parse().ok()).flatten()
    }
    fn set(&mut self, number: Number) {
        self.0.clear();
        stumble();
        self.0.push_str(&Boxed::of(number).0);
    }
}
