//! What is stored under a key: a value with its version, or the lease of the caller that loads it.
//!
//! | bytes | a value | a lease |
//! |---|---|---|
//! | 0 | `C1`, which begins no `MessagePack` | `C1` |
//! | 1 | 1 | 2 |
//! | 2 to 5 | the version of the schema, the high byte first | 16 random bytes |
//! | from 6 | the value as `MessagePack` | |

use super::{error::TierError, key};
use rmp_serde::{Deserializer, Serializer, decode};
use serde::{Serialize, de::DeserializeOwned};
use std::{
    error::Error,
    hash::{BuildHasher, RandomState},
    sync::Arc,
};

const MARK: u8 = 0xC1;
const VALUE: u8 = 1;
const LEASE: u8 = 2;
const HEAD: usize = 6;

/// What begins every lease. The scripts know it too.
pub(super) const LEASE_HEAD: [u8; 2] = [MARK, LEASE];

/// What is stored under a key that is there.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Stored<V> {
    Value(V),
    /// Somebody loads the value.
    Lease,
}

/// A value in the form in which it is stored. Structs have the names of their fields, as in a snapshot.
pub(super) fn write<V: Serialize>(value: &V, schema: u32) -> Result<Vec<u8>, TierError> {
    let mut bytes = vec![MARK, VALUE];
    bytes.extend(schema.to_be_bytes());
    let mut serializer = Serializer::new(&mut bytes).with_struct_map().with_human_readable();
    value.serialize(&mut serializer).map_err(TierError::encode)?;
    Ok(bytes)
}

/// Reads what is stored under a key of a field with this version.
pub(super) fn read<V: DeserializeOwned>(name: &[u8], bytes: &[u8], schema: u32) -> Result<Stored<V>, TierError> {
    let error = |found, source: Box<dyn Error + Send + Sync>| TierError::Decode {
        key: key::shown(name),
        found,
        expected: schema,
        source: Arc::from(source),
    };
    match *bytes {
        [MARK, LEASE, ..] => Ok(Stored::Lease),
        [MARK, VALUE, a, b, c, d, ..] => {
            let found = u32::from_be_bytes([a, b, c, d]);
            if found != schema {
                return Err(error(Some(found), "another version of the schema".into()));
            }
            let value = unpacked(&bytes[HEAD..]);
            value.map(Stored::Value).map_err(|source| error(Some(found), source.into()))
        }
        _ => Err(error(None, "it does not begin as a value of this library does".into())),
    }
}

/// The error for a key under which the server has a list, a hash or the like.
pub(super) fn wrong_type(name: &[u8], schema: u32) -> TierError {
    TierError::Decode {
        key: key::shown(name),
        found: None,
        expected: schema,
        source: Arc::from(Box::<dyn Error + Send + Sync>::from("the server has another type of data under this key")),
    }
}

fn unpacked<V: DeserializeOwned>(bytes: &[u8]) -> Result<V, decode::Error> {
    let mut rest = bytes;
    let value = V::deserialize(&mut Deserializer::new(&mut rest).with_human_readable())?;
    match rest.len() {
        0 => Ok(value),
        more => Err(decode::Error::Uncategorized(format!("{more} bytes follow the value"))),
    }
}

/// A lease that no other one equals.
pub(super) fn new_lease() -> Vec<u8> {
    let mut bytes = LEASE_HEAD.to_vec();
    // std keys its `RandomState` from the system's random source, and no two states of a process are equal.
    for number in 0..2 {
        bytes.extend(RandomState::new().hash_one(number).to_be_bytes());
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    #[derive(Serialize, Deserialize, PartialEq, Eq, Debug)]
    struct Profile {
        name: String,
        visits: u32,
    }

    fn ada() -> Profile {
        Profile { name: "ada".to_owned(), visits: 3 }
    }

    #[test]
    fn a_value_reads_back() {
        let bytes = write(&ada(), 7).unwrap();
        assert_eq!(bytes[..6], [0xC1, 1, 0, 0, 0, 7]);
        assert_eq!(read::<Profile>(b"k", &bytes, 7).unwrap(), Stored::Value(ada()));
    }

    #[test]
    fn another_version_is_an_error_that_names_both() {
        let error = read::<Profile>(b"shop:names:7", &write(&ada(), 1).unwrap(), 2).unwrap_err();
        let message = "the value of `shop:names:7` has version 1 of the schema, and this field has version 2";
        assert_eq!(error.to_string(), message);
    }

    #[test]
    fn what_is_no_value_is_an_error() {
        for foreign in [&b""[..], b"hello", &[0xC1], &[0xC1, 1, 0, 0, 0], &[0xC1, 3, 0, 0, 0, 0, 1]] {
            let error = read::<u32>(b"k", foreign, 0).unwrap_err();
            assert!(matches!(error, TierError::Decode { found: None, .. }), "{foreign:?}: {error}");
        }
        let mut bytes = write(&7_u32, 0).unwrap();
        assert!(read::<String>(b"k", &bytes, 0).is_err(), "another type");
        bytes.push(0);
        assert!(read::<u32>(b"k", &bytes, 0).unwrap_err().source().unwrap().to_string().contains("1 bytes follow"));
        for end in 0..bytes.len() - 2 {
            assert!(read::<u32>(b"k", &bytes[..end], 0).is_err());
        }
    }

    #[test]
    fn leases_differ() {
        let (one, other) = (new_lease(), new_lease());
        assert_ne!(one, other);
        assert_eq!(one.len(), 18);
        assert_eq!(read::<u32>(b"k", &one, 0).unwrap(), Stored::Lease);
    }
}
