use sharded::{Field, FieldInfo, Stats, placement::FieldPlacement};

struct Own;

impl Field for Own {
    fn name(&self) -> &'static str {
        "own"
    }
    fn len(&self) -> usize {
        0
    }
    fn capacity(&self) -> Option<usize> {
        None
    }
    fn shard_count(&self) -> usize {
        1
    }
    fn info(&self) -> FieldInfo {
        unimplemented!()
    }
    fn stats(&self) -> Stats {
        Stats::default()
    }
    fn sweep(&self) -> usize {
        0
    }
    fn clear(&self) {}
    fn placement(&self) -> FieldPlacement {
        unimplemented!()
    }
}

fn main() {}
