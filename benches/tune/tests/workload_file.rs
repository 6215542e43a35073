//! A workload file that is damaged, foreign, or of another version is refused.

use proptest::prelude::{any, prop_assert, prop_assert_eq, proptest};
use sharded_tune::workload::{Declared, FieldWorkload, Mix, Seen, Synthetic, Trace, Workload, WorkloadError};

fn workload(keys: u64, hot: f64) -> Workload {
    let field = Synthetic { keys, hot, ..Synthetic::default() }.workload().expect("possible");
    let seen = Seen { ms: 10_000, shards: vec![1, 2], ..Seen::default() };
    let traced =
        FieldWorkload { trace: Some(Trace { one_in: 8, keys: vec![7, u32::MAX] }), seen: Some(seen), ..field.clone() };
    Workload { cpus: 16, fields: vec![field, traced] }
}

#[test]
fn another_kind_of_file_is_foreign() {
    for text in ["", "[]", "{\"name\": 1}", "{\"format\":\"har\",\"version\":1,\"body\":{}}", "\u{0}\u{1}"] {
        assert!(matches!(Workload::parse(text), Err(WorkloadError::Foreign(_))), "{text}");
    }
}

#[test]
fn a_later_version_is_named() {
    let text = workload(10, 0.0).to_text().replace("\"version\":1", "\"version\":7");
    let error = Workload::parse(&text).expect_err("a later version");
    assert_eq!(error.to_string(), "a workload file of version 7; this program reads version 1");
}

#[test]
fn what_can_not_be_is_refused() {
    type Damage = fn(&mut FieldWorkload);
    let damages: [Damage; 13] = [
        |workload| workload.threads = 0,
        |workload| workload.mix = Mix::default(),
        |workload| workload.mix.get = u64::MAX,
        |workload| workload.keys.curve.clear(),
        |workload| workload.keys.curve.reverse(),
        |workload| workload.keys.curve[0].1 = 0,
        |workload| workload.declared.shards = Some(48),
        |workload| workload.declared.capacity = Some(0),
        |workload| workload.declared.ttl_ms = Some(0),
        |workload| workload.value_bytes = u64::MAX,
        |workload| workload.hold_ns = u64::MAX,
        |workload| workload.store = "Shop { }".to_owned(),
        |workload| workload.trace = Some(Trace { one_in: 0, keys: vec![1] }),
    ];
    for (number, damage) in damages.iter().enumerate() {
        let mut workload = workload(10, 0.0);
        damage(&mut workload.fields[0]);
        assert!(matches!(Workload::parse(&workload.to_text()), Err(WorkloadError::Impossible(_))), "{number}");
    }
}

#[test]
fn a_file_written_by_hand_needs_no_checksum() {
    let text = workload(10, 0.0).to_text();
    let body = text.split_once("\"body\":").expect("a body").1;
    let by_hand = format!("{{ \"format\": \"sharded-load\", \"version\": 1,\n \"body\": {body}");
    assert_eq!(Workload::parse(&by_hand).expect("whole"), workload(10, 0.0));
}

proptest! {
    #[test]
    fn what_is_written_is_read(keys in 1..1_000_000_u64, hot in 0.0..0.99_f64, ttl in any::<Option<u32>>()) {
        let mut workload = workload(keys, hot);
        workload.fields[0].declared = Declared { ttl_ms: ttl.map(|ttl| u64::from(ttl) + 1), ..Declared::default() };
        prop_assert_eq!(Workload::parse(&workload.to_text()).expect("whole"), workload);
    }

    #[test]
    fn one_changed_byte_is_noticed(at in any::<proptest::sample::Index>(), byte in any::<u8>()) {
        let mut bytes = workload(100, 0.1).to_text().trim_end().to_owned().into_bytes();
        let at = at.index(bytes.len());
        let was = std::mem::replace(&mut bytes[at], byte);
        let parsed = String::from_utf8(bytes).ok().and_then(|text| Workload::parse(&text).ok());
        prop_assert!(parsed.is_none() || was == byte, "byte {} was {} and is {}", at, was, byte);
    }

    #[test]
    fn a_file_that_ends_early_is_refused(at in any::<proptest::sample::Index>()) {
        let text = workload(100, 0.1).to_text();
        let text = text.trim_end();
        prop_assert!(Workload::parse(&text[..at.index(text.len())]).is_err());
    }
}
