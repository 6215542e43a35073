//! The name of a key on the server.

use rmp_serde::{
    Deserializer as Packed, Serializer,
    config::{DefaultConfig, HumanReadableConfig},
    decode::ReadRefReader,
};
use serde::{
    Serialize,
    de::{self, DeserializeOwned, Deserializer, IntoDeserializer, Visitor},
    ser::Error as _,
};
use std::{
    fmt::{self, Write as _},
    str,
};

/// What can go wrong with a key, as both directions report it.
pub(super) type Error = de::value::Error;

/// Appends a key to the prefix of its field: as text if that reads back as an equal key, and else as `MessagePack`.
///
/// [`read`] is a function, so two different keys never get the same name, whatever their `Serialize` does.
pub(super) fn write<K: Serialize + DeserializeOwned + Eq>(prefix: &[u8], key: &K) -> Result<Vec<u8>, Error> {
    let mut name = Vec::with_capacity(prefix.len() + USUAL_LENGTH);
    name.extend_from_slice(prefix);
    if write!(Appended(&mut name), "{}", Text(key)).is_ok() && reads_back(&name[prefix.len()..], key) {
        return Ok(name);
    }
    name.truncate(prefix.len());
    let mut serializer = Serializer::new(&mut name).with_struct_map().with_human_readable();
    key.serialize(&mut serializer).map_err(Error::custom)?;
    if reads_back(&name[prefix.len()..], key) {
        return Ok(name);
    }
    Err(Error::custom("the key does not deserialize to an equal one"))
}

/// The key that this name stands for, without the prefix.
pub(super) fn read<K: DeserializeOwned>(name: &[u8]) -> Result<K, Error> {
    K::deserialize(Name(name))
}

/// Most keys are at most so long as text.
const USUAL_LENGTH: usize = 24;

/// Text at the end of other bytes.
struct Appended<'a>(&'a mut Vec<u8>);

impl fmt::Write for Appended<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0.extend_from_slice(text.as_bytes());
        Ok(())
    }
}

fn reads_back<K: DeserializeOwned + Eq>(name: &[u8], key: &K) -> bool {
    read::<K>(name).is_ok_and(|read| read == *key)
}

/// A name as it is shown in an error.
pub(super) fn shown(name: &[u8]) -> String {
    name.escape_ascii().to_string()
}

/// Writes numbers, texts and unit variants, and newtypes of them. The serializer of a formatter refuses all else.
struct Text<'a, K>(&'a K);

impl<K: Serialize> fmt::Display for Text<'_, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.serialize(f)
    }
}

/// Reads what [`write()`] wrote.
struct Name<'a>(&'a [u8]);

impl<'a> Name<'a> {
    fn text(&self) -> Result<&'a str, Error> {
        str::from_utf8(self.0).map_err(Error::custom)
    }

    fn number<T: str::FromStr<Err: fmt::Display>>(&self) -> Result<T, Error> {
        self.text()?.parse().map_err(Error::custom)
    }

    fn packed<R>(
        self,
        read: impl FnOnce(
            &mut Packed<ReadRefReader<'a, [u8]>, HumanReadableConfig<DefaultConfig>>,
        ) -> Result<R, rmp_serde::decode::Error>,
    ) -> Result<R, Error> {
        let mut packed = Packed::from_read_ref(self.0).with_human_readable();
        read(&mut packed).map_err(Error::custom)
    }
}

macro_rules! numbers {
    ($($method:ident $visit:ident $type:ty,)*) => {
        $(fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
            visitor.$visit(self.number::<$type>()?)
        })*
    };
}

macro_rules! packed {
    ($($method:ident($($argument:ident: $type:ty),*),)*) => {
        $(fn $method<V: Visitor<'de>>(self, $($argument: $type,)* visitor: V) -> Result<V::Value, Error> {
            self.packed(|packed| packed.$method($($argument,)* visitor))
        })*
    };
}

impl<'de> Deserializer<'de> for Name<'de> {
    type Error = Error;

    numbers! {
        deserialize_bool visit_bool bool,
        deserialize_i8 visit_i8 i8,
        deserialize_i16 visit_i16 i16,
        deserialize_i32 visit_i32 i32,
        deserialize_i64 visit_i64 i64,
        deserialize_i128 visit_i128 i128,
        deserialize_u8 visit_u8 u8,
        deserialize_u16 visit_u16 u16,
        deserialize_u32 visit_u32 u32,
        deserialize_u64 visit_u64 u64,
        deserialize_u128 visit_u128 u128,
        deserialize_f32 visit_f32 f32,
        deserialize_f64 visit_f64 f64,
        deserialize_char visit_char char,
    }

    packed! {
        deserialize_any(),
        deserialize_bytes(),
        deserialize_byte_buf(),
        deserialize_option(),
        deserialize_unit(),
        deserialize_unit_struct(name: &'static str),
        deserialize_seq(),
        deserialize_tuple(len: usize),
        deserialize_tuple_struct(name: &'static str, len: usize),
        deserialize_map(),
        deserialize_struct(name: &'static str, fields: &'static [&'static str]),
        deserialize_ignored_any(),
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_borrowed_str(self.text()?)
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_str(visitor)
    }

    fn deserialize_identifier<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_str(visitor)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }

    /// A unit variant is text. A variant with a value is a map in `MessagePack`, whose first byte begins no text.
    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        match self.text() {
            Ok(variant) => visitor.visit_enum(variant.into_deserializer()),
            Err(_) => self.packed(|packed| packed.deserialize_enum(name, variants, visitor)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;
    use std::{collections::BTreeSet, fmt::Debug, net::Ipv4Addr};

    fn name<K: Serialize + DeserializeOwned + Eq + Debug>(key: &K) -> Vec<u8> {
        let name = write(b"p:", key).unwrap();
        let name = name.strip_prefix(b"p:").unwrap().to_vec();
        assert_eq!(&read::<K>(&name).unwrap(), key);
        name
    }

    #[derive(Serialize, Deserialize, Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
    struct Id(u64);

    #[derive(Serialize, Deserialize, Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
    enum Kind {
        Plain,
        Of(u8),
        Pair { left: u8, right: String },
    }

    #[derive(Serialize, Deserialize, Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
    #[serde(untagged)]
    enum Either {
        Number(u64),
        Text(String),
    }

    #[test]
    fn simple_keys_are_text() {
        assert_eq!(name(&7_u64), b"7");
        assert_eq!(name(&-7_i32), b"-7");
        assert_eq!(name(&u128::MAX), u128::MAX.to_string().as_bytes());
        assert_eq!(name(&Id(7)), b"7");
        assert_eq!(name(&"ada:{1}\0é".to_owned()), "ada:{1}\0é".as_bytes());
        assert_eq!(name(&String::new()), b"");
        assert_eq!(name(&'é'), "é".as_bytes());
        assert_eq!(name(&true), b"true");
        assert_eq!(name(&Kind::Plain), b"Plain");
        assert_eq!(name(&Ipv4Addr::LOCALHOST), b"127.0.0.1");
    }

    /// Also where one type writes text for some of its keys, and `MessagePack` or the same text for others.
    #[test]
    fn different_keys_have_different_names() {
        fn differ<K: Serialize + DeserializeOwned + Eq + Debug>(keys: &[K]) {
            let names: BTreeSet<_> = keys.iter().map(name).collect();
            assert_eq!(names.len(), keys.len(), "{keys:?}");
        }
        differ(&[Kind::Plain, Kind::Of(0), Kind::Of(1), Kind::Pair { left: 0, right: "Plain".to_owned() }]);
        differ(&[Either::Number(5), Either::Text("5".to_owned()), Either::Text(String::new())]);
        differ(&[Some(5_u8), None, Some(0)]);
        differ(&[(1_u8, "2".to_owned()), (12, String::new()), (1, "2,".to_owned())]);
        differ(&[vec![1_u64, 2], vec![], vec![12]]);
        differ(&[()]);
    }

    #[test]
    fn a_key_that_does_not_read_back_is_refused() {
        #[derive(Deserialize, PartialEq, Eq, Debug)]
        struct Changes(u64);
        impl Serialize for Changes {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_u64(self.0 + 1)
            }
        }
        assert!(write(b"", &Changes(1)).unwrap_err().to_string().contains("does not deserialize"));
    }

    #[test]
    fn a_foreign_name_is_an_error() {
        assert!(read::<u64>(b"seven").is_err());
        assert!(read::<u64>(b"").is_err());
        assert!(read::<u8>(b"256").is_err());
        assert!(read::<(u8, u8)>(b"\x92\x01").is_err());
        assert!(read::<String>(b"\xff").is_err());
        assert_eq!(shown(b"a:\xff"), "a:\\xff");
    }
}
