use super::{Arena, BlockShape, MemoryNode};
#[cfg(all(target_os = "linux", not(loom)))]
use crate::memory::sys::page;
#[cfg(all(target_os = "linux", not(loom)))]
use std::ptr::NonNull;

const SHAPE: BlockShape = BlockShape { bucket: 256, classes: 4, chunk: 4096, populated: 4096, is_racy: true };

#[test]
fn blocks_are_disjoint_and_come_back() {
    let arena = Arena::new(SHAPE, MemoryNode::anywhere(false));
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
    // The halves have been merged: as many whole chunks are free as were ever allocated.
    assert!(arena.blocks.is_whole());
}

#[test]
fn free_memory_is_reused() {
    let arena = Arena::new(SHAPE, MemoryNode::anywhere(false));
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
    let arena = Arena::new(SHAPE, MemoryNode::anywhere(false));
    for _ in 0..3 {
        let blocks: Vec<_> = (0..100).map(|_| arena.take(4).expect("memory")).collect();
        for block in &blocks {
            // Headers of buckets must be zero. The other bytes may have any value.
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

/// Discarding a chunk changes no other chunk, also if chunks are not whole pages.
#[test]
fn discarding_a_chunk_changes_no_other() {
    for (bucket, classes, chunk) in [(64, 6, 4096), (1136, 4, 20 << 10), (1136, 5, 36 << 10)] {
        let arena = Arena::new(
            BlockShape { bucket, classes, chunk, populated: chunk, is_racy: true },
            MemoryNode::anywhere(false),
        );
        let (mut taken, mut dice) = (Vec::new(), 7_u64);
        let words = chunk / 8;
        for round in 0..20_u64 {
            for _ in 0..100 {
                dice = dice.wrapping_mul(0x5851_F42D_4C95_7F2D).wrapping_add(round);
                let block = arena.take(classes).expect("memory").cast::<u64>();
                // SAFETY: the chunk has this many words, and nobody else has it.
                (0..words).for_each(|word| unsafe { block.add(word).write(dice) });
                taken.push((block, dice));
            }
            // Random ones, then the first ones, then nearly all.
            let mut index = 0;
            taken.retain(|&(block, written)| {
                index += 1;
                let stays = match round % 4 {
                    0 => written >> 60 < 8,
                    1 => index > 70,
                    2 => written >> 60 < 1,
                    _ => true,
                };
                if !stays {
                    // SAFETY: it is a chunk that was taken and is not used after this.
                    unsafe { arena.give(block.cast(), classes) }
                }
                stays
            });
            for &(block, written) in &taken {
                // SAFETY: as above.
                let is_whole = (0..words).all(|word| unsafe { block.add(word).read() } == written);
                assert!(is_whole, "a chunk of {chunk} bytes that is in use was changed, in round {round}");
            }
        }
    }
}

/// A reader without a lock may read up to a chunk's length beyond a block. No memory of another arena lies there.
#[test]
fn no_other_arena_lies_beside_a_block() {
    for chunk in [4096, 20 << 10] {
        let shape = BlockShape { bucket: chunk, classes: 0, chunk, populated: chunk, is_racy: true };
        let arenas: Vec<_> = (0..4).map(|_| Arena::new(shape, MemoryNode::anywhere(false))).collect();
        let mut blocks = Vec::new();
        for _ in 0..200 {
            for (index, arena) in arenas.iter().enumerate() {
                let block = arena.take(0).expect("memory");
                blocks.push((block.addr().get(), index));
                // SAFETY: that much before and behind the block is memory, and nobody writes there.
                unsafe {
                    block.sub(chunk).read_volatile();
                    block.add(2 * chunk - 1).read_volatile();
                }
            }
        }
        blocks.sort_unstable();
        for pair in blocks.windows(2) {
            let ((one, of_one), (next, of_next)) = (pair[0], pair[1]);
            // A chunk behind the one, and a chunk before the next.
            assert!(of_one == of_next || next - one >= 3 * chunk, "{one:x} and {next:x} are of two arenas");
        }
    }
}

/// The pages of free chunks go back for every page size. A page that several chunks share goes back when the last of
/// them is free.
#[cfg(all(target_os = "linux", not(loom)))]
#[test]
fn free_chunks_have_no_pages() {
    for chunk in [4096, 20 << 10, 36 << 10] {
        let arena = Arena::new(
            BlockShape { bucket: chunk, classes: 0, chunk, populated: chunk, is_racy: false },
            MemoryNode::anywhere(false),
        );
        let taken: Vec<_> = (0..800).map(|_| arena.take(0).expect("memory")).collect();
        for &block in &taken {
            // SAFETY: the chunk has this many bytes, and nobody else has it.
            unsafe { block.write_bytes(7, chunk) }
        }
        // The odd ones first, so that each has a neighbour which is in use.
        for &block in taken.iter().skip(1).step_by(2).chain(taken.iter().step_by(2)) {
            // SAFETY: it is a chunk that was taken.
            unsafe { arena.give(block, 0) }
        }
        // SAFETY: the memory stays the arena's, nobody writes to it, and all of it was written.
        let has_pages = |block: &&NonNull<u8>| unsafe { block.add(chunk / 2).read() } == 7;
        let left = taken.iter().filter(has_pages).count() * chunk;
        // One in 32 of the used chunks keeps its pages, those with the lowest numbers.
        let most = 26 * chunk + 2 * page::size();
        assert!(left <= most, "of 800 chunks of {chunk} bytes, {left} bytes have pages");
    }
}

/// Set in the process in which the test runs with little memory.
#[cfg(all(target_os = "linux", not(loom)))]
const LITTLE_MEMORY: &str = "WITH_LITTLE_MEMORY";

/// It must neither search for ever nor use memory that it does not have.
#[cfg(all(target_os = "linux", not(loom)))]
#[test]
fn without_memory_taking_a_block_fails() {
    if std::env::var_os(LITTLE_MEMORY).is_none() {
        let program = std::env::current_exe().expect("the path of this program");
        let mut child = std::process::Command::new("sh");
        child
            .args([
                "-c",
                "ulimit -v 200000 && ulimit -t 60 && exec \"$0\" arena::tests::without_memory_taking_a_block_fails",
            ])
            .arg(program);
        let output = child.envs([(LITTLE_MEMORY, "1"), ("MALLOC_ARENA_MAX", "1")]).output().expect("a shell");
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{said}\n{}", String::from_utf8_lossy(&output.stderr));
        assert!(said.contains("1 passed"), "{said}");
        return;
    }
    for (chunk, is_racy) in [(4096, false), (4096, true), (8192, false), (20 << 10, false), (36 << 10, true)] {
        let arena = Arena::new(
            BlockShape { bucket: chunk, classes: 0, chunk, populated: chunk, is_racy },
            MemoryNode::anywhere(false),
        );
        let taken = std::iter::from_fn(|| arena.take(0)).count();
        assert!(taken > (20 << 20) / chunk, "{taken} chunks of {chunk} bytes");
        assert_eq!(arena.take(0), None);
    }
}

/// Runs these tests again with the page sizes of other machines.
#[cfg(all(target_os = "linux", not(loom)))]
#[test]
fn larger_pages() {
    if page::emulated().is_some() {
        return;
    }
    for size in [16 << 10, 64 << 10] {
        let program = std::env::current_exe().expect("the path of this program");
        let mut child = std::process::Command::new(program);
        child.args(["arena::", "chunked::", "map::", "placement::", "table::", "--skip=map::faults"]);
        let output = child.env("SHARDED_PAGE_SIZE", size.to_string()).output().expect("this program can be started");
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "with pages of {size} bytes: {said}");
        assert!(said.contains("arena::tests::free_chunks_have_no_pages ... ok"), "{said}");
    }
}

#[cfg(loom)]
mod models {
    use super::{Arena, MemoryNode, SHAPE};
    use loom::{sync::Arc, thread};

    /// Two threads never have the same block, and all blocks are merged in the end.
    #[test]
    fn two_threads_take_and_give() {
        loom::model(|| {
            let arena = Arc::new(Arena::new(SHAPE, MemoryNode::anywhere(false)));
            let threads: Vec<_> = [3_u32, 4]
                .into_iter()
                .map(|class| {
                    let arena = Arc::clone(&arena);
                    thread::spawn(move || {
                        let block = arena.take(class).expect("memory");
                        // SAFETY: only this thread has the block. Otherwise one of the writes would be lost.
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
