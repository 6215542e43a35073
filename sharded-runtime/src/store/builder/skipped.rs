//! The values of skipped fields, which the user passes to a builder.

/// A skipped field that has no value yet.
///
/// # Examples
///
/// See [`Supplied`].
#[derive(Debug)]
pub struct Missing;

/// The value of a skipped field, as passed to the builder.
///
/// # Examples
///
/// See [`Supplied`].
#[derive(Debug)]
pub struct Given<T>(pub T);

/// A skipped field that has its value, so that the store can be built.
///
/// It can't be implemented for other types.
///
/// # Examples
///
/// ```
/// use sharded::builder::{Given, Supplied};
///
/// fn build(config: impl Supplied<u32>) -> u32 {
///     config.value()
/// }
/// assert_eq!(build(Given(7)), 7);
/// ```
///
/// ```compile_fail
/// # use sharded::builder::{Missing, Supplied};
/// # fn build(config: impl Supplied<u32>) -> u32 {
/// #     config.value()
/// # }
/// build(Missing);
/// ```
#[diagnostic::on_unimplemented(
    message = "a skipped field of type `{T}` has no value yet",
    label = "call the builder's method of that field's name first",
    note = "fields marked `#[shard(skip)]` are given to the builder, each by the method of its name"
)]
pub trait Supplied<T>: sealed::Sealed {
    /// The value.
    fn value(self) -> T;
}

#[diagnostic::do_not_recommend]
impl<T> Supplied<T> for Given<T> {
    fn value(self) -> T {
        self.0
    }
}

mod sealed {
    /// A skipped field that has its value.
    #[diagnostic::on_unimplemented(
        message = "`{Self}` can't stand for the value of a skipped field",
        label = "not a `Given`",
        note = "the builder of a store makes a `Given` of the value that it is given"
    )]
    pub trait Sealed {}
    impl<T> Sealed for super::Given<T> {}
}
