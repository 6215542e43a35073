//! Jobs sent to a node run there, in order, and their results reach the sender.

mod common;
#[path = "node_pool/deadlock.rs"]
mod deadlock;
#[path = "node_pool/ending.rs"]
mod ending;
#[path = "node_pool/futures.rs"]
mod futures;
#[path = "node_pool/jobs.rs"]
mod jobs;
#[path = "node_pool/nesting.rs"]
mod nesting;
#[path = "node_pool/placing.rs"]
mod placing;

use sharded::{
    node::{At, Builder, Pool, Task},
    topology::{Node, NodeId, Topology},
};
use std::{
    sync::mpsc::{Receiver, Sender, channel},
    thread,
};

const A: NodeId = NodeId::new(0);
const B: NodeId = NodeId::new(1);

/// Two nodes that share all CPUs.
fn two_nodes() -> Topology {
    let cpus: Vec<u32> = Topology::current().nodes().iter().flat_map(|node| node.cpus().to_vec()).collect();
    Topology::new([A, B].map(|id| Node::new(id, cpus.iter().copied(), 1 << 30)))
}

/// Two nodes with a thread and room for a job each, which is as little as there can be.
fn small() -> Builder {
    Pool::builder().topology(two_nodes()).threads_per_node(1).queue(1)
}

/// Holds a worker until it is opened.
struct Gate {
    open: Sender<()>,
    passed: Task<()>,
}

impl Gate {
    /// Returns when the worker is held.
    fn close(at: At<'_>) -> Self {
        let (gate, began) = Self::queue(at);
        began.recv().expect("the job begins");
        gate
    }

    /// The worker will be held when it gets there, and says so.
    fn queue(at: At<'_>) -> (Self, Receiver<()>) {
        let (open, opened) = channel();
        let (say, began) = channel();
        let job = move || {
            say.send(()).expect("someone waits for it");
            // A test that failed opens it by dropping it.
            let _ = opened.recv();
        };
        let passed = at.try_run(job).expect("there is room for the job");
        (Self { open, passed }, began)
    }

    fn open(self) {
        self.open.send(()).expect("the job waits");
        self.passed.wait().expect("the job ends");
    }
}

/// The name of the thread, which says its node.
fn thread_name() -> String {
    thread::current().name().unwrap_or_default().to_owned()
}
