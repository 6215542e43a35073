//! Damaged and foreign files: each gives an error and changes nothing.

use crate::common::threads::Dice;
use sharded::{
    Store, sharded,
    snapshot::{FORMAT_VERSION, RestoreError, Snapshot},
};
use std::{
    collections::{BTreeSet, HashMap, HashSet},
    io::{self, Read},
};

#[sharded(snapshot, ttl = "1h", shards = 4)]
struct Shop {
    carts: HashMap<u32, String>,
    #[shard(lock = Optimistic)]
    prices: HashMap<u16, f32>,
    #[shard(idle = "5m")]
    online: HashSet<String>,
}

fn shop() -> Shop {
    let shop = Shop::new();
    shop.carts().extend((0..4).map(|key| (key, format!("cart {key}"))));
    shop.prices().extend([(1, 0.5), (2, 1.5)]);
    shop.online().insert("ada".to_owned());
    shop
}

fn file() -> Vec<u8> {
    let mut file = Vec::new();
    assert_eq!(shop().save(&mut file).unwrap(), 7);
    file
}

/// Another store, with an entry that none of the files has, and one that they have.
struct Victim(Shop);

impl Victim {
    fn new() -> Self {
        let shop = Shop::new();
        shop.carts().extend([(0, "its own".to_owned()), (77, "its own".to_owned())]);
        Victim(shop)
    }

    /// Has it load this, which must fail.
    #[track_caller]
    fn refuses(&self, file: impl Read) -> RestoreError {
        let error = self.0.restore(file).expect_err("this is not what was saved");
        let carts: BTreeSet<_> = self.0.carts().to_vec().into_iter().collect();
        assert_eq!(carts, [(0, "its own".to_owned()), (77, "its own".to_owned())].into());
        assert_eq!((self.0.prices().len(), self.0.online().len()), (0, 0));
        assert!(!error.to_string().is_empty());
        error
    }
}

#[test]
fn every_bit_counts() {
    let (file, victim) = (file(), Victim::new());
    for at in 0..file.len() {
        for bit in 0..8 {
            let mut damaged = file.clone();
            damaged[at] ^= 1 << bit;
            let error = victim.refuses(&damaged[..]);
            let is_named = match at {
                0..8 => matches!(error, RestoreError::NotASnapshot),
                8..12 => matches!(error, RestoreError::NewerVersion { .. } | RestoreError::Damaged { .. }),
                _ => matches!(error, RestoreError::Damaged { .. } | RestoreError::Truncated),
            };
            assert!(is_named, "bit {bit} of byte {at}: {error:?}");
        }
        let mut damaged = file.clone();
        damaged.remove(at);
        victim.refuses(&damaged[..]);
        damaged.insert(at, file[at].wrapping_add(1));
        victim.refuses(&damaged[..]);
    }
}

#[test]
fn every_truncation_is_found() {
    let (file, victim) = (file(), Victim::new());
    for length in 0..file.len() {
        let error = victim.refuses(&file[..length]);
        let is_named = if length < 12 {
            matches!(error, RestoreError::NotASnapshot)
        } else {
            matches!(error, RestoreError::Truncated)
        };
        assert!(is_named, "{length}: {error:?}");
    }
}

#[test]
fn what_follows_is_found() {
    let (file, victim) = (file(), Victim::new());
    for more in [&[0][..], b"\n", &[0; 8], &file] {
        let error = victim.refuses(&[&file, more].concat()[..]);
        assert!(matches!(error, RestoreError::Damaged { .. }), "{more:?}: {error:?}");
    }
}

/// The file of two frames and more.
#[test]
fn a_large_file_is_looked_through() {
    let shop = Shop::new();
    shop.carts().extend((0..3000).map(|key| (key, "x".repeat(100))));
    let mut file = Vec::new();
    shop.save(&mut file).unwrap();
    assert!(file.len() > 200_000);
    let (victim, mut dice) = (Victim::new(), Dice::new(1));
    for _ in 0..300 {
        let at = usize::try_from(dice.below(file.len() as u64)).unwrap();
        let bit = 1 << dice.below(8);
        file[at] ^= bit;
        victim.refuses(&file[..]);
        file[at] ^= bit;
        victim.refuses(&file[..at]);
    }
    assert_eq!(Shop::new().restore(&file[..]).unwrap().entries, 3000);
}

#[test]
fn garbage_is_no_snapshot() {
    let (file, victim, mut dice) = (file(), Victim::new(), Dice::new(2));
    for round in 0..2000 {
        // With nothing right, with the right beginning, and with a right frame's length after that.
        let right = [0, 8, 12, 16][round % 4];
        let length = dice.below(200);
        let garbage = (0..length).map(|_| u8::try_from(dice.below(256)).unwrap());
        let bytes: Vec<u8> = file[..right].iter().copied().chain(garbage).collect();
        victim.refuses(&bytes[..]);
    }
    assert!(matches!(victim.refuses(io::empty()), RestoreError::NotASnapshot));
    assert!(matches!(victim.refuses(&b"{\"carts\": {\"1\": \"apple\"}}"[..]), RestoreError::NotASnapshot));
}

/// As many bytes as anyone wants, of lengths that are as large as can be.
#[test]
fn an_endless_file_ends() {
    let head = &file()[..12];
    let error = Victim::new().refuses(head.chain(io::repeat(0xff)));
    assert!(matches!(error, RestoreError::Damaged { at: 12 }), "{error:?}");
    let error = Victim::new().refuses(io::repeat(0));
    assert!(matches!(error, RestoreError::NotASnapshot), "{error:?}");
}

#[test]
fn a_later_version_is_named() {
    let mut file = file();
    file[8..12].copy_from_slice(&(FORMAT_VERSION + 1).to_le_bytes());
    let error = Victim::new().refuses(&file[..]);
    assert!(matches!(error, RestoreError::NewerVersion { version } if version == FORMAT_VERSION + 1), "{error:?}");
}

#[test]
fn another_store_is_refused() {
    #[sharded(snapshot, ttl = "1h")]
    struct Library {
        books: HashMap<u32, String>,
    }
    /// The names fit, the types don't.
    #[sharded(snapshot, ttl = "1h")]
    struct Types {
        carts: HashMap<String, u64>,
    }
    #[sharded(snapshot, ttl = "1h")]
    struct Values {
        prices: HashMap<u16, [String; 2]>,
    }
    /// What comes before is right.
    #[sharded(snapshot, ttl = "1h")]
    struct Narrow {
        carts: HashMap<u32, String>,
        prices: HashMap<u32, f32>,
        online: HashMap<u8, u8>,
    }

    fn save(store: &impl Snapshot) -> Vec<u8> {
        let mut file = Vec::new();
        store.save(&mut file).unwrap();
        file
    }
    let victim = Victim::new();

    let library = Library::new();
    library.books().insert(1, "a book".to_owned());
    let error = victim.refuses(&save(&library)[..]);
    assert!(matches!(&error, RestoreError::UnknownField { field } if field == "books"), "{error:?}");
    assert!(error.to_string().contains("`books`"));

    let types = Types::new();
    types.carts().insert("ada".to_owned(), 1);
    let error = victim.refuses(&save(&types)[..]);
    assert!(matches!(error, RestoreError::Entry { field: "carts", .. }), "{error:?}");

    let values = Values::new();
    values.prices().insert(1, ["x".to_owned(), "y".to_owned()]);
    let error = victim.refuses(&save(&values)[..]);
    assert!(matches!(error, RestoreError::Entry { field: "prices", .. }), "{error:?}");

    let narrow = Narrow::new();
    narrow.carts().insert(1, "right".to_owned());
    narrow.prices().insert(70_000, 1.0);
    let error = victim.refuses(&save(&narrow)[..]);
    assert!(matches!(error, RestoreError::Entry { field: "prices", .. }), "{error:?}");
    narrow.prices().clear();
    narrow.online().insert(1, 1);
    let error = victim.refuses(&save(&narrow)[..]);
    assert!(matches!(error, RestoreError::Entry { field: "online", .. }), "{error:?}");
    assert!(std::error::Error::source(&error).is_some());
}

/// A reader that fails when it has given so many bytes.
struct Failing<'a>(&'a [u8]);

impl Read for Failing<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if self.0.is_empty() {
            return Err(io::ErrorKind::ConnectionReset.into());
        }
        // A few at a time.
        let few = into.len().min(3);
        self.0.read(&mut into[..few])
    }
}

#[test]
fn a_reader_that_fails_changes_nothing() {
    let (file, victim) = (file(), Victim::new());
    for length in 0..=file.len() {
        let error = victim.refuses(Failing(&file[..length]));
        assert!(
            matches!(&error, RestoreError::Io(error) if error.kind() == io::ErrorKind::ConnectionReset),
            "{error:?}"
        );
    }
}

/// And the file itself is right.
#[test]
fn the_file_as_it_was_saved_is_loaded() {
    let victim = Victim::new();
    assert_eq!(victim.0.restore(&file()[..]).unwrap().entries, 7);
    assert_eq!(victim.0.carts().get(&0), Some("cart 0".to_owned()), "replaced");
    assert_eq!(victim.0.carts().get(&77), Some("its own".to_owned()), "what is not in the file stays");
    let mut fields = Vec::new();
    victim.0.visit(&mut |field| fields.push(field.len()));
    assert_eq!(fields, [5, 2, 1]);
}
