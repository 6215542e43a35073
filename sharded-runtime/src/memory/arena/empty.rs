//! The directory of a table without memory: it has one empty bucket, which nobody writes.

use super::tables::Directory;
use std::{
    ptr::{self, NonNull},
    sync::atomic::{AtomicPtr, AtomicU64},
};

/// The header of the bucket, which lies before its middle. Zeros mean that the bucket is empty.
#[repr(align(16))]
struct Block([AtomicU64; 2]);
static BLOCK: Block = Block([const { AtomicU64::new(0) }; 2]);

static DIRECTORY: AtomicPtr<u8> =
    AtomicPtr::new((&raw const BLOCK.0).cast_mut().cast::<u8>().wrapping_add(size_of::<Block>()));

/// The directory of a table without memory.
pub(crate) const EMPTY: Directory = NonNull::new(ptr::from_ref(&DIRECTORY).cast_mut()).expect("an address of a static");
