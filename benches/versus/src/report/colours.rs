//! The colour, the dash and the weight of each system.
//!
//! In a plot, the systems of this library and the two best others are coloured, what others are compared with is in the
//! colour of the text, and all else is grey. A coloured system looks the same in all plots. Where two systems share a
//! colour, the dash differs.

use sharded_bench_common::plot::{COLOURS, Colour, INK, Style, Weight};

const BLUE: Colour = COLOURS[0];
const VERMILION: Colour = COLOURS[1];
const GREEN: Colour = COLOURS[2];
const PURPLE: Colour = COLOURS[3];
const ORANGE: Colour = COLOURS[4];
const SKY: Colour = COLOURS[5];
const OLIVE: Colour = COLOURS[6];
const GREY: Colour = COLOURS[7];

const DASHED: Option<(u32, u32)> = Some((12, 6));
const DOTTED: Option<(u32, u32)> = Some((3, 6));

/// How many of the other systems are coloured in a plot.
const COLOURED: usize = 2;

/// The styles of some systems in one plot, by their names on the command line. The best have the greatest scores. A
/// system without a score is not among them.
pub(super) fn in_plot<'a>(systems: impl IntoIterator<Item = (&'a str, Option<f64>)>) -> Vec<Style> {
    let systems: Vec<(&str, Option<f64>)> = systems.into_iter().collect();
    let mut peers: Vec<(f64, &str)> = systems
        .iter()
        .filter_map(|&(id, score)| Some((score.filter(|_| !is_ours(id) && !is_reference(id))?, id)))
        .collect();
    peers.sort_by(|one, other| other.0.total_cmp(&one.0));
    peers.truncate(COLOURED);
    let style = |&(id, _): &(&str, Option<f64>)| {
        if is_ours(id) || is_reference(id) || peers.iter().any(|&(_, peer)| peer == id) { of(id) } else { faint(id) }
    };
    systems.iter().map(style).collect()
}

/// Whether it is a system of this library.
pub(super) fn is_ours(id: &str) -> bool {
    ["optimistic", "rwlock", "mutex", "rcu", "sharded"].iter().any(|ours| id.starts_with(ours))
}

/// What other systems are compared with.
fn is_reference(id: &str) -> bool {
    matches!(id, "hand" | "belady" | "plain" | "null")
}

fn faint(id: &str) -> Style {
    Style { colour: GREY, dash: of(id).dash, weight: Weight::Faint }
}

/// The style of a system that is not grey.
fn of(id: &str) -> Style {
    let (colour, dash) = match id {
        "sharded-sieve-64" => (BLUE, None),
        "sharded-lru-64" => (SKY, None),
        "sharded-adaptive-64" => (GREEN, None),
        id if id.starts_with("optimistic") || id == "sharded" => (BLUE, dash_of_eviction(id)),
        id if id.starts_with("rwlock") => (SKY, dash_of_eviction(id)),
        id if id.starts_with("rcu") => (BLUE, DASHED),
        id if id.starts_with("mutex") => (GREEN, dash_of_eviction(id)),
        "hand" | "belady" => (INK, DASHED),
        "plain" | "null" => (INK, DOTTED),
        "dashmap" | "moka" => (ORANGE, None),
        "dashmap-64" | "mini-moka" => (ORANGE, DASHED),
        "dashmap-7" | "cached" => (OLIVE, None),
        "scc" | "quick_cache" => (VERMILION, None),
        "hash-index" | "quick_cache-coarse" => (VERMILION, DASHED),
        "papaya" | "foyer" | "foyer-s3fifo" => (PURPLE, None),
        "leapfrog" | "foyer-lfu" => (PURPLE, DASHED),
        "one-lock" => (OLIVE, DASHED),
        _ => (OLIVE, DOTTED),
    };
    Style { colour, dash, weight: if is_ours(id) { Weight::Bold } else { Weight::Normal } }
}

fn dash_of_eviction(id: &str) -> Option<(u32, u32)> {
    match id.split_once('-') {
        Some((_, "lru")) => DOTTED,
        Some((_, "sieve")) => DASHED,
        _ => None,
    }
}
