use std::{fmt, marker::PhantomData};

/// The proof that keys and values are `Copy`, so that readers may copy them without a lock.
pub struct Copies<K, V>(PhantomData<fn() -> (K, V)>);

impl<K: Copy, V: Copy> Copies<K, V> {
    pub(super) const PROOF: Self = Copies(PhantomData);
}

impl<K, V> Clone for Copies<K, V> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<K, V> Copy for Copies<K, V> {}

impl<K, V> fmt::Debug for Copies<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Copies")
    }
}
