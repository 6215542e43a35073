//! Finding the attribute of a map in a source file, and changing only that.
//!
//! A file is read as tokens, not as items. So structs in functions, modules and macros are found as well, and text in a
//! comment or a string is not.

mod edit;
mod find;

pub use edit::edited;

use crate::regular;
use std::{
    error::Error,
    fmt, fs, io,
    path::{Path, PathBuf},
};

/// Larger files are not source files that a person wrote.
const MOST_BYTES: u64 = 16 << 20;

/// Why an attribute can't be changed.
#[derive(Debug)]
#[non_exhaustive]
pub enum SourceError {
    /// A file can't be read or written.
    Io(PathBuf, io::Error),
    /// A file is not Rust.
    NotRust(String),
    /// No struct of this name under `#[sharded]` has such a field.
    Missing(String),
    /// Several structs have it, in these files.
    Several(String, Vec<PathBuf>),
    /// The attribute has a form that can't be changed.
    Unclear(String),
}

impl fmt::Display for SourceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SourceError::Io(path, error) => write!(f, "{}: {error}", path.display()),
            SourceError::NotRust(why) => write!(f, "the file is not Rust: {why}"),
            SourceError::Missing(what) => write!(f, "there is no `{what}` under `#[sharded]`"),
            SourceError::Several(what, paths) => {
                write!(f, "there is more than one `{what}` under `#[sharded]`:")?;
                paths.iter().try_for_each(|path| write!(f, " {}", path.display()))?;
                f.write_str("; name the file")
            }
            SourceError::Unclear(why) => f.write_str(why),
        }
    }
}

impl Error for SourceError {}

/// Changes options of a field in the one file at or below a path that declares it. Returns the file.
///
/// The file is replaced in one step, so it is never half written.
///
/// # Errors
///
/// [`SourceError`]. Then no file has changed.
///
/// # Examples
///
/// ```
/// # let folder = std::env::temp_dir().join(format!("apply-{}", std::process::id()));
/// # std::fs::create_dir_all(&folder)?;
/// # let file = folder.join("state.rs");
/// std::fs::write(&file, "#[sharded(ttl = \"1h\")]\nstruct Shop {\n    carts: HashMap<u64, u32>,\n}\n")?;
/// sharded_tune::source::apply(&folder, "Shop", "carts", &[("lock", "RwLock".to_owned())])?;
/// let text = std::fs::read_to_string(&file)?;
/// assert_eq!(text, "#[sharded(ttl = \"1h\")]\nstruct Shop {\n    #[shard(lock = RwLock)]\n    carts: HashMap<u64, u32>,\n}\n");
/// # std::fs::remove_dir_all(&folder)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn apply(path: &Path, store: &str, field: &str, changes: &[(&str, String)]) -> Result<PathBuf, SourceError> {
    let mut found = Vec::new();
    for file in files(path)? {
        let text = match read(&file) {
            Ok(text) => text,
            // A folder may have other files with the name of a source file.
            Err(_) if path.is_dir() => continue,
            Err(error) => return Err(SourceError::Io(file, error)),
        };
        if !text.contains(store) {
            continue;
        }
        match edited(&text, store, field, changes) {
            Ok(new) => found.push((file, new)),
            Err(SourceError::Missing(_)) => {}
            Err(SourceError::NotRust(_)) if path.is_dir() => {}
            Err(error) => return Err(error),
        }
    }
    let what = || format!("{store}.{field}");
    match found.as_slice() {
        [] => Err(SourceError::Missing(what())),
        [(file, text)] => {
            let io = |error| SourceError::Io(file.clone(), error);
            let beside = file.with_extension("rs.tune");
            fs::write(&beside, text).map_err(io)?;
            let permissions = fs::metadata(file).map_err(io)?.permissions();
            fs::set_permissions(&beside, permissions).and_then(|()| fs::rename(&beside, file)).map_err(io)?;
            Ok(file.clone())
        }
        _ => Err(SourceError::Several(what(), found.into_iter().map(|file| file.0).collect())),
    }
}

fn read(file: &Path) -> io::Result<String> {
    let bytes = regular::read(file, MOST_BYTES)?;
    String::from_utf8(bytes).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))
}

/// All source files at or below a path, except those in build folders and hidden ones.
fn files(path: &Path) -> Result<Vec<PathBuf>, SourceError> {
    if !path.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let mut files = Vec::new();
    let io = |error| SourceError::Io(path.to_owned(), error);
    for entry in fs::read_dir(path).map_err(io)? {
        let entry = entry.map_err(io)?;
        let (path, kind) = (entry.path(), entry.file_type().map_err(io)?);
        let name = entry.file_name();
        if kind.is_dir() && name != "target" && !name.as_encoded_bytes().starts_with(b".") {
            files.extend(self::files(&path)?);
        } else if kind.is_file() && path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    Ok(files)
}
