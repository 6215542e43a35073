use super::{Arena, Home, Shape};

const SHAPE: Shape = Shape { bucket: 256, classes: 4, chunk: 4096 };

#[test]
fn blocks_are_disjoint_and_come_back() {
    let arena = Arena::new(SHAPE, Home::anywhere(false));
    let mut blocks = Vec::new();
    for round in 0..200_u32 {
        let class = round % 5;
        let block = arena.take(class).expect("memory");
        let (begin, end) = (block.addr().get(), block.addr().get() + (256 << class));
        assert!(begin.is_multiple_of(256));
        assert!(blocks.iter().all(|&(_, _, b, e)| end <= b || e <= begin), "{begin:x}..{end:x} is in use");
        blocks.push((block, class, begin, end));
        if round % 3 == 0 {
            let (block, class, ..) = blocks.swap_remove(round as usize % blocks.len());
            // SAFETY: it is a block of this class; nothing was written.
            unsafe { arena.give(block, class) }
        }
    }
    let sum: usize = blocks.iter().map(|(_, class, ..)| 256 << class).sum();
    assert_eq!(arena.usage().0, sum);
    for (block, class, ..) in blocks {
        // SAFETY: as above.
        unsafe { arena.give(block, class) }
    }
    assert_eq!(arena.usage(), (0, 200));
    // The halves have been put together again: as many whole chunks are free as were ever made.
    assert!(arena.blocks.is_whole());
}

#[test]
fn what_is_free_is_taken_again() {
    let arena = Arena::new(SHAPE, Home::anywhere(false));
    let mut addresses = std::collections::BTreeSet::new();
    for _ in 0..1000 {
        let blocks: Vec<_> = (0..20).map(|_| arena.take(4).expect("memory")).collect();
        addresses.extend(blocks.iter().map(|block| block.addr()));
        for block in blocks {
            // SAFETY: it is a chunk; nothing was written.
            unsafe { arena.give(block, 4) }
        }
    }
    assert!(addresses.len() <= 40, "{} chunks for 20", addresses.len());
}

#[test]
fn a_discarded_chunk_is_zero() {
    let arena = Arena::new(SHAPE, Home::anywhere(false));
    for _ in 0..3 {
        let blocks: Vec<_> = (0..100).map(|_| arena.take(4).expect("memory")).collect();
        for block in &blocks {
            // The header of a bucket must be zero, the rest may be anything.
            for bucket in 0..16 {
                // SAFETY: the header lies in the block, which nobody else has.
                let header = unsafe { block.add(bucket * 256).cast::<u128>().read() };
                assert_eq!(header, 0);
                // SAFETY: as above.
                unsafe { block.add(bucket * 256 + 16).write(7) }
            }
        }
        for block in blocks {
            // SAFETY: it is a chunk, with zeros in its headers.
            unsafe { arena.give(block, 4) }
        }
    }
}

#[cfg(loom)]
mod models {
    use super::{Arena, Home, SHAPE};
    use loom::{sync::Arc, thread};

    /// Blocks that two threads have at the same time are not the same, and all of them come back.
    #[test]
    fn two_threads_take_and_give() {
        loom::model(|| {
            let arena = Arc::new(Arena::new(SHAPE, Home::anywhere(false)));
            let threads: Vec<_> = [3_u32, 4]
                .into_iter()
                .map(|class| {
                    let arena = Arc::clone(&arena);
                    thread::spawn(move || {
                        let block = arena.take(class).expect("memory");
                        // SAFETY: the block is this thread's alone, else one of the writes would be lost.
                        unsafe {
                            block.cast::<u32>().write(class);
                            thread::yield_now();
                            assert_eq!(block.cast::<u32>().read(), class);
                            arena.give(block, class);
                        }
                    })
                })
                .collect();
            for thread in threads {
                thread.join().unwrap();
            }
            assert_eq!(arena.usage(), (0, 2));
        });
    }
}
