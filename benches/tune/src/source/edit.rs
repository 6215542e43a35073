//! Changing options in a source text.

use super::{
    SourceError,
    find::{Found, find},
};
use std::fmt::Write;

/// The source text with other values for some options of a field. Every other byte stays.
///
/// The value of an option is replaced if the field has the option. Otherwise the option is added behind the last one. A
/// field without an attribute gets one.
///
/// # Errors
///
/// [`SourceError`], if the text is not Rust, has no such field or more than one, or has the attribute in a form that
/// can't be changed.
///
/// # Examples
///
/// ```
/// use sharded_tune::source::edited;
///
/// let text = "#[sharded] struct Shop { #[shard(ttl = \"1h\" /* of the law */, lock = Mutex)] carts: HashMap<u64, u32> }";
/// let new = edited(text, "Shop", "carts", &[("lock", "RwLock".to_owned()), ("shards", "16".to_owned())])?;
/// assert_eq!(new, text.replace("lock = Mutex", "lock = RwLock, shards = 16"));
/// # Ok::<(), sharded_tune::source::SourceError>(())
/// ```
pub fn edited(text: &str, store: &str, field: &str, changes: &[(&str, String)]) -> Result<String, SourceError> {
    // The tokens begin behind what may come before all code.
    let begin = preamble(text);
    let code = &text[begin..];
    let mut found = find(code, store, field)?;
    match (found.pop(), found.is_empty()) {
        (None, _) => Err(SourceError::Missing(format!("{store}.{field}"))),
        (Some(_), false) => Err(SourceError::Unclear(format!("there is more than one `{store}.{field}` in one file"))),
        (Some(found), true) => {
            let mut new = code.to_owned();
            // From the back, so that what is before stays where it is.
            let mut edits = edits(code, &found, changes);
            edits.sort_by_key(|edit| std::cmp::Reverse(edit.0.start));
            for (range, written) in edits {
                new.replace_range(range, &written);
            }
            Ok(text[..begin].to_owned() + &new)
        }
    }
}

/// The byte order mark and the line for the shell.
fn preamble(text: &str) -> usize {
    let mark = if text.starts_with('\u{FEFF}') { '\u{FEFF}'.len_utf8() } else { 0 };
    let code = &text[mark..];
    if code.starts_with("#!") && !code[2..].trim_start().starts_with('[') {
        mark + code.find('\n').unwrap_or(code.len())
    } else {
        mark
    }
}

type Edit = (std::ops::Range<usize>, String);

fn edits(code: &str, found: &Found, changes: &[(&str, String)]) -> Vec<Edit> {
    let Some(options) = &found.options else {
        let written: Vec<String> = changes.iter().map(|(name, value)| format!("{name} = {value}")).collect();
        if written.is_empty() {
            return Vec::new();
        }
        let attribute = format!("#[shard({})]{}", written.join(", "), before(code, found.field));
        return vec![(found.field..found.field, attribute)];
    };
    let mut edits = Vec::new();
    let mut added = String::new();
    for (name, value) in changes {
        match options.values.iter().find(|option| option.0 == *name) {
            Some((_, range)) => edits.push((range.clone(), value.clone())),
            None if options.is_empty && added.is_empty() => added = format!("{name} = {value}"),
            None if options.comma => _ = write!(added, " {name} = {value},"),
            None => _ = write!(added, ", {name} = {value}"),
        }
    }
    if !added.is_empty() {
        edits.push((options.end..options.end, added));
    }
    edits
}

/// The text between the beginning of the line and the field, with the line's ending, or a space if other code is before
/// it.
fn before(code: &str, field: usize) -> String {
    let line = code[..field].rfind('\n').map_or(0, |end| end + 1);
    let indent = &code[line..field];
    if !indent.trim().is_empty() || line == 0 {
        return " ".to_owned();
    }
    let ending = if code[..line].ends_with("\r\n") { "\r\n" } else { "\n" };
    format!("{ending}{indent}")
}
