//! Scales, and axes with their labels.

use plotters::coord::ranged1d::{KeyPointHint, NoDefaultFormatting, Ranged, ValueFormatter};
use std::ops::Range;

/// How values are mapped to positions.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Scale {
    /// From zero.
    Linear,
    /// By the logarithm.
    Log,
}

/// A number without the rounding errors of a sum of steps.
///
/// # Examples
///
/// ```
/// assert_eq!(sharded_bench_common::plot::plain(0.1 + 0.2), "0.3");
/// ```
#[must_use]
pub fn plain(value: f64) -> String {
    ((value * 1e6).round() / 1e6).to_string()
}

/// A time, given in nanoseconds.
///
/// # Examples
///
/// ```
/// assert_eq!(sharded_bench_common::plot::time(20_000.0), "20 µs");
/// ```
#[must_use]
pub fn time(nanoseconds: f64) -> String {
    match nanoseconds {
        n if n < 1e3 => format!("{n} ns"),
        n if n < 1e6 => format!("{} µs", n / 1e3),
        n if n < 1e9 => format!("{} ms", n / 1e6),
        n => format!("{} s", n / 1e9),
    }
}

/// The position of a value on its axis.
pub(super) fn position(scale: Scale, value: f64) -> f64 {
    match scale {
        Scale::Linear => value,
        Scale::Log => value.max(1e-9).log10(),
    }
}

/// An axis with its labels.
pub(super) struct Axis {
    pub(super) range: Range<f64>,
    pub(super) ticks: Vec<(f64, String)>,
}

impl Axis {
    /// The axis of these values.
    pub(super) fn of(scale: Scale, unit: fn(f64) -> String, values: impl Iterator<Item = f64>) -> Self {
        let ticks: Vec<f64> = ticks(scale, values);
        let ticks: Vec<_> = ticks.into_iter().map(|value| (position(scale, value), unit(value))).collect();
        Axis { range: ticks[0].0..ticks[ticks.len() - 1].0, ticks }
    }
}

impl Ranged for Axis {
    type FormatOption = NoDefaultFormatting;
    type ValueType = f64;

    fn map(&self, value: &f64, (from, to): (i32, i32)) -> i32 {
        let share = (value - self.range.start) / (self.range.end - self.range.start);
        #[allow(clippy::cast_possible_truncation, reason = "a pixel")]
        let offset = (f64::from(to - from) * share).round() as i32;
        from + offset
    }
    fn key_points<Hint: KeyPointHint>(&self, _: Hint) -> Vec<f64> {
        self.ticks.iter().map(|tick| tick.0).collect()
    }
    fn range(&self) -> Range<f64> {
        self.range.clone()
    }
}

impl ValueFormatter<f64> for Axis {
    fn format_ext(&self, value: &f64) -> String {
        let tick = self.ticks.iter().find(|tick| tick.0.total_cmp(value).is_eq());
        tick.map_or_else(String::new, |tick| tick.1.clone())
    }
}

/// The values of the grid lines, the bounds first and last.
fn ticks(scale: Scale, values: impl Iterator<Item = f64>) -> Vec<f64> {
    let values: Vec<f64> = values.filter(|value| value.is_finite()).collect();
    let highest = values.iter().copied().fold(0.0, f64::max);
    match scale {
        Scale::Linear => {
            let step = step(highest);
            #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "four to eight")]
            let steps = (highest / step).ceil().max(1.0) as u32;
            (0..=steps).map(|number| f64::from(number) * step).collect()
        }
        Scale::Log => {
            let lowest = values.into_iter().filter(|&value| value > 0.0).fold(highest, f64::min).max(1e-9);
            let last = highest.max(lowest * 10.0).log10().ceil();
            let powers = std::iter::successors(Some(lowest.log10().floor()), |power| Some(power + 1.0));
            powers.take_while(|&power| power <= last).map(|power| 10_f64.powf(power)).collect()
        }
    }
}

/// A round number that makes four to eight grid lines.
fn step(highest: f64) -> f64 {
    if highest <= 0.0 {
        return 1.0;
    }
    let rough = highest / 5.0;
    let power = 10_f64.powf(rough.log10().floor());
    [1.0, 2.0, 5.0, 10.0].into_iter().map(|factor| factor * power).find(|step| *step >= rough).unwrap_or(power)
}

#[cfg(test)]
mod tests {
    use super::{Scale, ticks};

    #[test]
    fn ticks_enclose_the_values() {
        assert_eq!(ticks(Scale::Linear, [3.0, 47.0].into_iter()), [0.0, 10.0, 20.0, 30.0, 40.0, 50.0]);
        assert_eq!(ticks(Scale::Log, [3.0, 470.0].into_iter()), [1.0, 10.0, 100.0, 1000.0]);
        assert_eq!(ticks(Scale::Linear, std::iter::empty()), [0.0, 1.0]);
    }
}
