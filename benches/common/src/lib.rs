//! What the benches share.
//!
//! | file | what is in it |
//! |---|---|
//! | `random.rs` | a seeded generator, and ranks by Zipf's law |
//! | `stats.rs` | medians, quantiles, ratios, confidence intervals, latencies |
//! | `turns.rs` | systems that take turns, and threads that work for one turn |
//! | `plot/` | plots of lines and of dots |
//! | `page.rs` | HTML pages, and tables as text |

pub mod page;
pub mod plot;
pub mod random;
pub mod stats;
pub mod turns;
