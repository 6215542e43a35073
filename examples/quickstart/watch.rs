//! Samples of the store's statistics while it serves.

use crate::{Shop, day::Day};
use indicatif::{ProgressBar, ProgressStyle};
use sharded::{Stats, Store as _};
use std::time::Duration;

/// The store at some moment.
#[derive(Debug)]
pub(crate) struct Sample {
    /// Hours of the shop's day that have gone by.
    pub(crate) hours: f64,
    /// In the order of declaration.
    pub(crate) fields: Vec<FieldSample>,
}

/// A field at some moment.
#[derive(Debug)]
pub(crate) struct FieldSample {
    pub(crate) name: &'static str,
    pub(crate) len: usize,
    pub(crate) capacity: Option<usize>,
    /// What has happened in it so far.
    pub(crate) stats: Stats,
}

/// Takes samples, and shows on a terminal how far the day is.
pub(crate) struct Watch {
    day: Day,
    bar: ProgressBar,
    samples: Vec<Sample>,
}

impl Watch {
    pub(crate) fn new(day: Day, requests: usize) -> Self {
        // It shows nothing where standard error is not a terminal.
        let bar = ProgressBar::new(requests as u64);
        if let Ok(style) = ProgressStyle::with_template("{msg} {wide_bar} {human_pos} of {human_len} requests") {
            bar.set_style(style);
        }
        Watch { day, bar, samples: Vec::new() }
    }

    pub(crate) fn look(&mut self, shop: &Shop, elapsed: Duration) {
        let sample = Sample::take(shop, self.day.hours(elapsed));
        let clock = Duration::from_secs_f64(sample.hours * 3600.0).as_secs() / 60;
        self.bar.set_message(format!("{:02}:{:02}", clock / 60, clock % 60));
        // Every request counts one view.
        let views = shop.views().stats();
        self.bar.set_position(views.hits + views.misses);
        self.samples.push(sample);
    }

    /// Takes the last sample, and hands out all of them.
    pub(crate) fn end(mut self, shop: &Shop, elapsed: Duration) -> Vec<Sample> {
        self.look(shop, elapsed);
        self.bar.finish_and_clear();
        self.samples
    }
}

impl Sample {
    fn take(shop: &Shop, hours: f64) -> Self {
        let mut fields = Vec::new();
        shop.visit(&mut |field| {
            fields.push(FieldSample {
                name: field.name(),
                len: field.len(),
                capacity: field.capacity(),
                stats: field.stats(),
            });
        });
        Sample { hours, fields }
    }
}
