//! The colour and the dash of each system, the same in all plots. Where two systems share a colour, the dash differs.

use sharded_bench_common::plot::{COLOURS, Colour, INK, Style};

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

/// The style of a system, by its name on the command line. The systems of this library are bold.
pub(super) fn of(id: &str) -> Style {
    let (colour, dash, is_bold) = match id {
        id if id.starts_with("optimistic") || id == "sharded" => (BLUE, dash_of_eviction(id), true),
        id if id.starts_with("rwlock") => (SKY, dash_of_eviction(id), true),
        id if id.starts_with("mutex") => (GREEN, dash_of_eviction(id), true),
        "sharded-sieve-64" => (BLUE, None, true),
        "sharded-lru-64" => (SKY, None, true),
        "sharded-adaptive-64" => (GREEN, None, true),
        "hand" | "belady" => (INK, None, false),
        "plain" | "null" => (INK, DOTTED, false),
        "one-lock" => (GREY, DASHED, false),
        "dashmap" | "moka" => (ORANGE, None, false),
        "dashmap-64" | "mini-moka" => (ORANGE, DASHED, false),
        "dashmap-7" | "cached" => (OLIVE, None, false),
        "scc" | "quick_cache" => (VERMILION, None, false),
        "hash-index" => (VERMILION, DASHED, false),
        "papaya" | "foyer" | "foyer-s3fifo" => (PURPLE, None, false),
        "leapfrog" | "foyer-lfu" => (PURPLE, DASHED, false),
        _ => (GREY, None, false),
    };
    Style { colour, dash, is_bold }
}

fn dash_of_eviction(id: &str) -> Option<(u32, u32)> {
    match id.split_once('-') {
        Some((_, "lru")) => DASHED,
        Some((_, "adaptive")) => DOTTED,
        _ => None,
    }
}
