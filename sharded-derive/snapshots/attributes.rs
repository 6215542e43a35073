/// A store of which not everything is always there.
#[sharded(ttl = "1m")]
#[cfg(feature = "state")]
#[allow(clippy::module_name_repetitions)]
#[expect(dead_code)]
#[non_exhaustive]
pub struct State {
    /// Documented.
    ///
    /// In two paragraphs.
    #[cfg(feature = "names")]
    pub names: HashMap<u32, String>,
    #[cfg(not(feature = "names"))]
    #[shard(capacity = 10)]
    pub names: HashMap<u32, ()>,
    #[expect(dead_code, reason = "for a debugger")]
    #[warn(missing_docs)]
    last: HashMap<u32, String>,
    #[deprecated(note = "use `names`")]
    #[doc(hidden)]
    pub(crate) r#type: HashMap<u32, u8>,
}
