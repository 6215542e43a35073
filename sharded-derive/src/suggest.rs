//! Suggestions for misspelt words.

/// The candidate that is nearest to `word`, if it is near enough to be what was meant.
///
/// Near is an edit distance of at most a third of the word's length, or that one is the beginning of the other. Case is
/// ignored.
pub(crate) fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let word = word.to_lowercase();
    let limit = (word.chars().count() / 3).max(1);
    candidates
        .into_iter()
        .filter_map(|candidate| {
            let lower = candidate.to_lowercase();
            let begins = word.len().min(lower.len()) >= 3 && (word.starts_with(&lower) || lower.starts_with(&word));
            let distance = distance(&word, &lower);
            (distance <= limit || begins).then_some((distance, candidate))
        })
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// `a`, `b` and `c`, each in backticks.
pub(crate) fn list<S: AsRef<str>>(words: impl IntoIterator<Item = S>, and: &str) -> String {
    let quoted: Vec<String> = words.into_iter().map(|word| format!("`{}`", word.as_ref())).collect();
    match quoted.as_slice() {
        [] => String::new(),
        [only] => only.clone(),
        [first @ .., last] => format!("{} {and} {last}", first.join(", ")),
    }
}

/// The optimal string alignment distance: the fewest insertions, deletions, substitutions and swaps of neighbours that
/// turn `a` into `b` while no letter is edited twice.
fn distance(a: &str, b: &str) -> usize {
    let a: Vec<char> = a.chars().collect();
    let b: Vec<char> = b.chars().collect();
    let mut rows: Vec<Vec<usize>> = vec![(0..=b.len()).collect()];
    for i in 1..=a.len() {
        let mut row = vec![i];
        for j in 1..=b.len() {
            let substituted = rows[i - 1][j - 1] + usize::from(a[i - 1] != b[j - 1]);
            let mut fewest = substituted.min(rows[i - 1][j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                fewest = fewest.min(rows[i - 2][j - 2] + 1);
            }
            row.push(fewest);
        }
        rows.push(row);
    }
    rows[a.len()][b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances() {
        for (a, b, expected) in [
            ("", "", 0),
            ("", "ttl", 3),
            ("ttl", "ttl", 0),
            ("tll", "ttl", 1),
            ("tlt", "ttl", 1),
            ("kitten", "sitting", 3),
        ] {
            assert_eq!(distance(a, b), expected, "{a} {b}");
            assert_eq!(distance(b, a), expected, "{b} {a}");
        }
    }

    #[test]
    fn nearest_word() {
        let options = ["shards", "lock", "ttl", "idle", "capacity", "evict"];
        for (written, meant) in [
            ("shard", Some("shards")),
            ("Shards", Some("shards")),
            ("tll", Some("ttl")),
            ("lcok", Some("lock")),
            ("capcity", Some("capacity")),
            ("cap", Some("capacity")),
            ("eviction", Some("evict")),
            ("evicts", Some("evict")),
            ("colour", None),
            ("x", None),
        ] {
            assert_eq!(nearest(written, options), meant, "{written}");
        }
    }

    #[test]
    fn lists() {
        assert_eq!(list::<&str>([], "and"), "");
        assert_eq!(list(["a"], "and"), "`a`");
        assert_eq!(list(["a", "b"], "or"), "`a` or `b`");
        assert_eq!(list(["a", "b", "c"], "and"), "`a`, `b` and `c`");
    }
}
