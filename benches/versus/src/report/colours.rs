//! Which line is whose: one colour and one dash for each system in all plots.
//!
//! The colours are those that Okabe and Ito chose to be told apart by all kinds of colour-blind eyes
//! (<https://jfly.uni-koeln.de/color/>), darkened where they would be faint on white. Where two systems must share one, the dash differs, and
//! every line has its name at its end.

/// How a system is drawn.
#[derive(Clone, Copy, Debug)]
pub(super) struct Style {
    pub(super) colour: &'static str,
    /// Lengths of strokes and gaps, or none for an unbroken line.
    pub(super) dash: &'static str,
    pub(super) is_ours: bool,
}

const BLUE: &str = "#0072b2";
const GREEN: &str = "#00875f";
const SKY: &str = "#3a9bd1";
const ORANGE: &str = "#c98500";
const VERMILION: &str = "#d55e00";
const PURPLE: &str = "#b5628f";
const OLIVE: &str = "#8a7f00";
const GREY: &str = "#8a8880";
const INK: &str = "currentColor";

/// The style of a system, by the name that the command line has for it.
pub(super) fn of(id: &str) -> Style {
    let (colour, dash, is_ours) = match id {
        id if id.starts_with("optimistic") || id == "sharded" => (BLUE, dash_of_eviction(id), true),
        id if id.starts_with("rwlock") => (SKY, dash_of_eviction(id), true),
        id if id.starts_with("mutex") => (GREEN, dash_of_eviction(id), true),
        "sharded-sieve-64" => (BLUE, "", true),
        "sharded-lru-64" => (SKY, "", true),
        "sharded-adaptive-64" => (GREEN, "", true),
        "hand" | "belady" => (INK, "", false),
        "plain" | "null" => (INK, "1 3", false),
        "one-lock" => (GREY, "6 3", false),
        "dashmap" | "moka" => (ORANGE, "", false),
        "dashmap-64" | "mini-moka" => (ORANGE, "6 3", false),
        "dashmap-7" | "cached" => (OLIVE, "", false),
        "scc" | "quick_cache" => (VERMILION, "", false),
        "hash-index" => (VERMILION, "6 3", false),
        "papaya" | "foyer" | "foyer-s3fifo" => (PURPLE, "", false),
        "leapfrog" | "foyer-lfu" => (PURPLE, "6 3", false),
        _ => (GREY, "", false),
    };
    Style { colour, dash, is_ours }
}

fn dash_of_eviction(id: &str) -> &'static str {
    match id.split_once('-') {
        Some((_, "lru")) => "6 3",
        Some((_, "adaptive")) => "2 3",
        _ => "",
    }
}
