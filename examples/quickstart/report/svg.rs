//! A chart as inline SVG: two axes, and curves between them.

use super::words;
use std::fmt::{Display, Write as _};

const HEIGHT: f64 = 190.0;
/// Room for the labels of the axes.
const LEFT: f64 = 44.0;
const RIGHT: f64 = 24.0;
const TOP: f64 = 12.0;
const BOTTOM: f64 = 22.0;

/// Text that shows as it is between tags and in attributes.
pub(super) fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// What values there are in one direction, and which of them are labelled.
pub(super) struct Axis {
    from: f64,
    to: f64,
    ticks: Vec<(f64, String)>,
}

impl Axis {
    /// From one value to another, with these labels.
    pub(super) fn new(from: f64, to: f64, ticks: Vec<(f64, String)>) -> Self {
        Axis { from, to: if to > from { to } else { from + 1.0 }, ticks }
    }

    /// From zero to at least a value, labelled at some round numbers.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "small and not negative")]
    pub(super) fn up_to(most: f64) -> Self {
        let most = most.max(1.0);
        let magnitude = 10_f64.powf((most / 4.0).log10().floor());
        let step = [1.0, 2.0, 2.5, 5.0, 10.0].map(|step| (step * magnitude).max(1.0)).into_iter();
        let step = step.filter(|step| step.fract() == 0.0).find(|step| step * 4.0 >= most).unwrap_or(most);
        let ticks = (0..=(most / step).ceil() as u32).map(|tick| {
            let value = f64::from(tick) * step;
            (value, words::count(value as u64))
        });
        let ticks: Vec<_> = ticks.collect();
        let to = ticks.last().map_or(most, |&(value, _)| value);
        Axis { from: 0.0, to, ticks }
    }

    /// Where a value lies, from 0 to 1.
    fn place(&self, value: f64) -> f64 {
        ((value - self.from) / (self.to - self.from)).clamp(0.0, 1.0)
    }
}

/// Where a name stands.
#[derive(Clone, Copy)]
pub(super) enum Side {
    Above,
    Below,
}

pub(super) struct Chart {
    width: f64,
    x: Axis,
    y: Axis,
    body: String,
}

impl Chart {
    pub(super) fn new(x: Axis, y: Axis) -> Self {
        Self::of_width(320.0, x, y)
    }

    /// A chart as wide as two, and the gap between them.
    pub(super) fn wide(x: Axis, y: Axis) -> Self {
        Self::of_width(660.0, x, y)
    }

    fn of_width(width: f64, x: Axis, y: Axis) -> Self {
        let mut chart = Chart { width, x, y, body: String::new() };
        for (value, label) in std::mem::take(&mut chart.y.ticks) {
            let y = chart.y(value);
            chart.draw(format_args!(
                r#"<line class="grid" x1="{LEFT}" x2="{}" y1="{y:.1}" y2="{y:.1}"/>"#,
                width - RIGHT
            ));
            chart.draw(format_args!(
                r#"<text text-anchor="end" x="{}" y="{:.1}">{}</text>"#,
                LEFT - 6.0,
                y + 4.0,
                escape(&label)
            ));
        }
        for (value, label) in std::mem::take(&mut chart.x.ticks) {
            let x = chart.x(value);
            chart.draw(format_args!(
                r#"<text text-anchor="middle" x="{x:.1}" y="{}">{}</text>"#,
                HEIGHT - 5.0,
                escape(&label)
            ));
        }
        chart
    }

    fn x(&self, value: f64) -> f64 {
        LEFT + self.x.place(value) * (self.width - LEFT - RIGHT)
    }

    fn y(&self, value: f64) -> f64 {
        HEIGHT - BOTTOM - self.y.place(value) * (HEIGHT - BOTTOM - TOP)
    }

    fn draw(&mut self, element: impl Display) {
        writeln!(self.body, "{element}").expect("a string takes all that is written");
    }

    pub(super) fn line(&mut self, series: &str, points: impl IntoIterator<Item = (f64, f64)>) {
        let mut path = String::new();
        for (x, y) in points {
            let command = if path.is_empty() { 'M' } else { 'L' };
            write!(path, "{command}{:.1} {:.1}", self.x(x), self.y(y)).expect("a string takes all that is written");
        }
        self.draw(format_args!(r#"<path class="line {series}" d="{path}"/>"#));
    }

    /// A point with a name, and more about it for who points at it.
    pub(super) fn dot(&mut self, series: &str, (x, y): (f64, f64), (name, side): (&str, Side), tip: &str) {
        let (x, y) = (self.x(x), self.y(y));
        let (name, tip) = (escape(name), escape(tip));
        let name_y = match side {
            Side::Above => y - 10.0,
            Side::Below => y + 18.0,
        };
        self.draw(format_args!(
            r#"<circle class="dot {series}" cx="{x:.1}" cy="{y:.1}" r="4.5"><title>{tip}</title></circle>"#
        ));
        self.draw(format_args!(r#"<text class="name" text-anchor="middle" x="{x:.1}" y="{name_y:.1}">{name}</text>"#));
    }

    /// A bar between two values of each axis.
    pub(super) fn bar(&mut self, series: &str, (from_x, to_x): (f64, f64), (from_y, to_y): (f64, f64), tip: &str) {
        let gap = if self.x(to_x) - self.x(from_x) > 6.0 { 2.0 } else { 0.5 };
        let (x, width) = (self.x(from_x), self.x(to_x) - self.x(from_x) - gap);
        let (y, height) = (self.y(to_y), self.y(from_y) - self.y(to_y));
        let tip = escape(tip);
        self.draw(format_args!(
            r#"<rect class="bar {series}" x="{x:.1}" y="{y:.1}" width="{width:.1}" height="{height:.1}"><title>{tip}</title></rect>"#
        ));
    }

    /// A named limit.
    pub(super) fn limit(&mut self, value: f64, name: &str) {
        let y = self.y(value);
        let to = self.width - RIGHT;
        self.draw(format_args!(r#"<line class="limit" x1="{LEFT}" x2="{to}" y1="{y:.1}" y2="{y:.1}"/>"#));
        self.draw(format_args!(r#"<text text-anchor="end" x="{to}" y="{:.1}">{}</text>"#, y - 5.0, escape(name)));
    }

    /// The chart, described in words for who can't see it.
    pub(super) fn finish(self, description: &str) -> String {
        format!(
            "<svg viewBox=\"0 0 {} {HEIGHT}\" role=\"img\" aria-label=\"{}\">\n{}</svg>\n",
            self.width,
            escape(description),
            self.body
        )
    }
}
