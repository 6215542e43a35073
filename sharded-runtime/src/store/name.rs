//! The name of a store.

/// The name of a store's type, without path and parameters.
pub(crate) fn store_name<S: ?Sized>() -> &'static str {
    let path = std::any::type_name::<S>();
    let path = path.split('<').next().unwrap_or(path);
    path.rsplit("::").next().unwrap_or(path)
}

#[cfg(test)]
mod tests {
    use super::store_name;

    struct Shop<T>(T);

    #[test]
    fn has_neither_path_nor_parameters() {
        assert_eq!((store_name::<Shop<Option<u8>>>(), store_name::<u8>()), ("Shop", "u8"));
    }
}
