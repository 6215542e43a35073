//! dashmap's next major version, as far as it is released.

use super::{Access, Hasher};
use crate::entries::Entry;
use dashmap_7::DashMap;

type Map<E> = DashMap<<E as Entry>::Key, <E as Entry>::Value, Hasher>;

pub(crate) fn new<E: Entry>() -> Map<E> {
    DashMap::with_hasher(Hasher::default())
}

super::dashmap::access!(DashMap);
