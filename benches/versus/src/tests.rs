//! Every system answers correctly. The figures of one that does not mean nothing.

use crate::{
    banks::{self, BALANCE, Kind, Orders},
    caches::{self, Lifetime},
    entries::{Entry, Integers, Strings},
    mix::{EXCHANGE, Mix, Operation, RAPID_GROW, READ_HEAVY},
    script::{BATCH, Group, Requests, Script},
    systems::{self, Role},
    turns::{self, End},
};
use std::{
    collections::HashSet,
    time::{Duration, Instant},
};

const ENTRIES: u64 = 1 << 12;

/// Every system, except the one that is not a map, does a few times as many operations as it has entries.
fn check<E: Entry>(prefilled: u64, script: &Script) {
    for contender in systems::all::<E>().into_iter().filter(|contender| contender.role != Role::Floor) {
        let system = (contender.build)();
        system.insert(0..prefilled);
        let mut script = script.clone();
        let wrong: u64 = (0..4 * ENTRIES / BATCH).map(|_| system.batch(&mut script)).sum();
        assert_eq!(wrong, 0, "{}: {script:?}", contender.name);
    }
}

fn check_all<E: Entry>() {
    let scripts = [Script::hits, Script::half_increments, Script::increments];
    for script in scripts {
        check::<E>(ENTRIES, &script(1, ENTRIES)[0]);
    }
    for group in [Group::Get, Group::Insert, Group::Exchange] {
        for is_one_call in [false, true] {
            check::<E>(ENTRIES, &Script::groups(group, is_one_call, 1, ENTRIES)[0]);
        }
    }
    for shares in [READ_HEAVY, EXCHANGE] {
        check::<E>(ENTRIES / 4 * 3, &Script::mixes(shares, 1, ENTRIES)[0]);
    }
    // Its keys last for as many operations as the table is to have entries.
    check::<E>(0, &Script::mixes(RAPID_GROW, 1, 4 * ENTRIES)[0]);
}

#[test]
fn every_system_answers_as_it_must_with_integers() {
    check_all::<Integers>();
}

#[test]
fn every_system_answers_as_it_must_with_strings() {
    check_all::<Strings>();
}

#[test]
fn no_bank_loses_money() {
    for contender in banks::all().into_iter().filter(|contender| contender.role != Role::Floor) {
        let bank = (contender.build)(ENTRIES);
        assert_eq!(bank.total(), ENTRIES * BALANCE, "{}", contender.name);
        let mut orders = Orders::for_threads(Kind::Transfer, 4, ENTRIES);
        let turn = turns::take(&mut orders, End::Done(4 * ENTRIES), |orders| bank.batch(orders));
        assert_eq!((turn.noted, bank.total()), (0, ENTRIES * BALANCE), "{}", contender.name);
        let mut orders = Orders::for_threads(Kind::Deposit, 1, ENTRIES).remove(0);
        assert_eq!(bank.batch(&mut orders), 0, "{}", contender.name);
        assert_eq!(bank.total(), ENTRIES * BALANCE + BATCH, "{}", contender.name);
        for kind in [Kind::Read, Kind::Store] {
            let mut orders = Orders::for_threads(kind, 1, ENTRIES).remove(0);
            assert_eq!(bank.batch(&mut orders), 0, "{}", contender.name);
        }
    }
}

#[test]
fn a_wrong_answer_is_counted() {
    let system = (systems::all::<Integers>()[1].build)();
    let mut script = Script::hits(1, ENTRIES).remove(0);
    assert_eq!(system.batch(&mut script), BATCH, "nothing is there");
}

#[test]
fn a_mix_knows_what_is_there() {
    for shares in [READ_HEAVY, EXCHANGE, RAPID_GROW] {
        for mut mix in Mix::for_threads(shares, 4, ENTRIES) {
            let mut there: HashSet<u64> = mix.prefilled().collect();
            for _ in 0..ENTRIES / 4 {
                let step = mix.step();
                let answer = match step.operation {
                    Operation::Insert => there.insert(step.number),
                    Operation::Remove => there.remove(&step.number),
                    Operation::Read | Operation::Update => there.contains(&step.number),
                };
                assert_eq!(answer, step.expected, "{shares:?}, {step:?}");
            }
        }
    }
}

#[test]
fn no_two_threads_of_a_mix_share_a_key() {
    let mixes = Mix::for_threads(EXCHANGE, 3, ENTRIES);
    let numbers: Vec<HashSet<u64>> =
        mixes.into_iter().map(|mut mix| (0..4 * ENTRIES).map(|_| mix.step().number).collect()).collect();
    assert!(numbers[0].is_disjoint(&numbers[1]) && numbers[1].is_disjoint(&numbers[2]));
    assert!(numbers[0].is_disjoint(&numbers[2]));
}

#[test]
fn every_cache_keeps_what_fits_and_no_more_than_that() {
    fn check<E: Entry>() {
        let all = Lifetime::ALL.into_iter().flat_map(caches::all::<E>);
        for contender in all.filter(|contender| contender.role != Role::Floor) {
            let cache = (contender.build)(4 * usize::try_from(ENTRIES).expect("fits"));
            let mut missing = 0;
            let mut first = Requests::among(ENTRIES);
            let mut again = first.clone();
            for _ in 0..ENTRIES / BATCH {
                missing += cache.batch(&mut first);
            }
            assert!(missing > ENTRIES / 2, "{}: {missing} of {ENTRIES} were missing", contender.name);
            for _ in 0..ENTRIES / BATCH {
                missing = cache.batch(&mut again);
                assert_eq!(missing, 0, "{}: all that was put in fits", contender.name);
            }

            let small = (contender.build)(1000);
            let requests: u64 = (0..20).map(|_| small.batch(&mut Requests::Fresh(0))).sum();
            assert_eq!(requests, BATCH, "{}: each key is missing once", contender.name);
            let (mut fresh, mut again) = (Requests::Fresh(1 << 40), Requests::Fresh(1 << 40));
            let fresh: u64 = (0..10 * ENTRIES / BATCH).map(|_| small.batch(&mut fresh)).sum();
            assert_eq!(fresh, 10 * ENTRIES / BATCH * BATCH, "{}: none was there", contender.name);
            let again: u64 = (0..10 * ENTRIES / BATCH).map(|_| small.batch(&mut again)).sum();
            assert!(again > 9 * ENTRIES, "{}: {again} of {} were gone", contender.name, 10 * ENTRIES);
        }
    }
    check::<Integers>();
    check::<Strings>();
}

#[test]
fn what_has_a_deadline_of_its_own_is_not_read_after_it() {
    for system in caches::storming().into_iter().filter(|system| system.id != "null") {
        let cache = (system.build)();
        cache.put(1, Instant::now() + caches::LONG);
        let until = Instant::now() + Duration::from_millis(50);
        cache.put(2, until);
        assert!(cache.get(1), "{}", system.name);
        std::thread::sleep(until.saturating_duration_since(Instant::now()) + Duration::from_millis(20));
        assert!(cache.get(1) && !cache.get(2), "{}", system.name);
        cache.upkeep();
        assert!(cache.len() >= 1, "{}", system.name);
    }
}
