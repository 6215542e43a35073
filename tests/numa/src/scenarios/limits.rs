//! A process that may not use every node, or not say which.

use super::{
    Outcome, ensure,
    placement::{census, is_at_home},
};
use crate::{
    kernel::{self, Mapping, PAGE, Source},
    machine::{self, Machine},
    seccomp,
    subject::{Declared, Store},
};
use sharded::placement::{Asked, Binding, FieldPlacement};

/// In a cpuset that leaves out the last node, that node is nobody's home, and nothing is on it.
pub(super) fn cpuset(machine: &Machine) -> Outcome {
    let [allowed @ .., left_out] = &machine.nodes[..] else { return Err("there is no node".into()) };
    ensure!(!allowed.is_empty(), "there is one node only");
    let nodes: Vec<usize> = allowed.iter().map(|node| node.number).collect();
    let cpus: Vec<usize> = allowed.iter().flat_map(|node| node.cpus.iter().copied()).collect();

    let early = Store::filled(Declared::Spread);
    let before = census(&early)?.on(left_out.number);
    machine::enter_cpuset("all-but-one", &cpus, &nodes)?;
    let mems = machine::own_status("Mems_allowed_list")?;
    ensure!(machine::parse_list(&mems)? == nodes, "the cpuset allows nodes {mems}");
    ensure!(kernel::allowed_cpus()? == cpus, "the cpuset allows processors {:?}", kernel::allowed_cpus()?);
    let refused = Mapping::new(PAGE)?.take(Source::Only(left_out.number)).map_err(|error| error.raw_os_error());
    ensure!(refused == Err(Some(libc::EINVAL)), "asking for node {}: {refused:?}", left_out.number);

    let with_cpus: Vec<usize> = allowed.iter().filter(|node| !node.cpus.is_empty()).map(|node| node.number).collect();
    let pages = is_at_home(&Store::filled(Declared::Spread), &with_cpus)?;
    // The kernel takes along what was there before.
    let after = census(&early)?.on(left_out.number);
    ensure!(early.read_all() == early.keys().count(), "what was there before is damaged");
    Ok(format!(
        "{pages} pages at home, none on node {}; {after} of {before} from before are left there",
        left_out.number
    ))
}

/// Without the right to place memory a store works, says so, and does not say that it is where it is not.
pub(super) fn no_right(machine: &Machine) -> Outcome {
    let probe = Mapping::new(PAGE)?;
    seccomp::refuse_placement()?;
    for node in machine.numbers() {
        let bind = probe.take(Source::Rather(node)).map_err(|error| error.raw_os_error());
        ensure!(bind == Err(Some(libc::EPERM)), "mbind: {bind:?}");
        let policy = kernel::set_thread_policy(Source::Rather(node)).map_err(|error| error.raw_os_error());
        ensure!(policy == Err(Some(libc::EPERM)), "set_mempolicy: {policy:?}");
    }
    let look = kernel::nodes_of(&probe.addresses().collect::<Vec<_>>()).map_err(|error| error.raw_os_error());
    ensure!(look == Err(Some(libc::EPERM)), "move_pages: {look:?}");

    // From a thread of one node, so that without binding all is there.
    let first = machine.with_cpus().next().ok_or("no node has processors")?;
    let store = kernel::on(&first.cpus, || Store::filled(Declared::Spread))?;
    ensure!(store.read_all() == store.keys().count(), "{} of the entries are there", store.read_all());
    let placement = store.placement();
    if machine.nodes.len() == 1 {
        let needless = placement.fields().iter().all(|field| field.binding() == Binding::Needless);
        ensure!(needless, "there is one node only, and yet:\n{placement}");
        return Ok("works, and had nothing to ask for".to_owned());
    }
    for field in placement.fields() {
        ensure!(matches!(field.binding(), Binding::Refused(_)), "{}: {:?}", field.name(), field.binding());
        // Page by page the kernel may not be asked either, but it tells of mappings.
        ensure!(field.asked() == Asked::Mappings, "{}: {:?}", field.name(), field.asked());
    }
    let shards = || placement.fields().iter().flat_map(FieldPlacement::shards);
    let elsewhere = shards().filter(|shard| shard.per_cent().is_some_and(|per_cent| per_cent < 100.0)).count();
    ensure!(elsewhere > 0, "it says that all is where it was declared to be:\n{placement}");
    ensure!(placement.to_string().contains("the system refused to bind memory"), "{placement}");
    Ok(format!("works; says that {elsewhere} of {} shards are elsewhere", shards().count()))
}
