use super::traits::{Eviction, MakesRoom};

/// Evicts nothing: the eviction of a field without a `capacity`.
#[derive(Debug, Default)]
pub struct Unbounded;

impl MakesRoom for Unbounded {}

impl Eviction for Unbounded {
    const BOUNDED: bool = false;
    const EVICTS: bool = false;

    #[inline]
    fn inserted(&mut self, _: u32) {}
    #[inline]
    fn removed(&mut self, _: u32) {}
    #[inline]
    fn moved(&mut self, _: u32, _: u32) {}
    #[inline]
    fn victim(&mut self) -> Option<u32> {
        None
    }
}
