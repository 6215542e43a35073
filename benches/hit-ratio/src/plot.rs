//! What is drawn: the hit ratio over the capacity, one SVG per trace that needs nothing but itself.

use crate::{
    measure::Point,
    systems::{Kind, System},
    trace::Trace,
};
use std::fmt::{Display, Write as _};

const WIDTH: f64 = 860.0;
const HEIGHT: f64 = 520.0;
const LEFT: f64 = 56.0;
/// Room for the names.
const RIGHT: f64 = 210.0;
const TOP: f64 = 48.0;
const BOTTOM: f64 = 48.0;
/// Between two names.
const LINE: f64 = 17.0;

const STYLE: &str = "\
svg { --page: #fff; --ink: #1c1b19; --soft: #6b6963; --rule: #e4e2dc; background: var(--page); }
@media (prefers-color-scheme: dark) { svg { --page: #1f1f1d; --ink: #eceae4; --soft: #a09d95; --rule: #34332f; } }
text { fill: var(--soft); font: 12px system-ui, sans-serif; }
text.title { fill: var(--ink); font-size: 15px; font-weight: 600; }
text.name { fill: var(--ink); }
.grid { stroke: var(--rule); }
.line { fill: none; stroke-linejoin: round; stroke-width: 1.5; }
.optimum { stroke-dasharray: 2 3; }
.model { stroke-dasharray: 7 4; }
.sharded { stroke-width: 3; }
";

struct Plot {
    /// The logarithms of the least capacity and of the greatest.
    from: f64,
    to: f64,
    body: String,
}

/// The plot of one trace.
pub(crate) fn of_trace(trace: &Trace, points: &[Point], systems: &[System]) -> String {
    let logarithms = || points.iter().map(|point| point.percent.ln());
    let (from, to) = (logarithms().fold(f64::INFINITY, f64::min), logarithms().fold(f64::NEG_INFINITY, f64::max));
    let mut plot = Plot { from, to, body: String::new() };
    plot.axes(trace, points);
    // The names stand in the order in which the lines end.
    let mut order: Vec<usize> = (0..systems.len()).collect();
    let last = |index: &usize| points.last().map_or(0.0, |point| point.ratios[*index]);
    order.sort_by(|one, other| last(other).total_cmp(&last(one)));
    for (place, &index) in order.iter().enumerate() {
        plot.series(points, systems, index, place);
    }
    let (name, body) = (escape(&trace.name), plot.body);
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" \
         aria-label=\"Hit ratio over capacity: {name}\">\n<style>\n{STYLE}</style>\n{body}</svg>\n"
    )
}

impl Plot {
    fn x(&self, percent: f64) -> f64 {
        let span = if self.to > self.from { self.to - self.from } else { 1.0 };
        LEFT + (percent.ln() - self.from) / span * (WIDTH - LEFT - RIGHT)
    }

    fn y(ratio: f64) -> f64 {
        HEIGHT - BOTTOM - ratio / 100.0 * (HEIGHT - BOTTOM - TOP)
    }

    fn draw(&mut self, element: impl Display) {
        writeln!(self.body, "{element}").expect("a string takes all that is written");
    }

    fn axes(&mut self, trace: &Trace, points: &[Point]) {
        self.draw(format_args!(
            r#"<text class="title" x="{LEFT}" y="26">{}: {} requests for {} keys</text>"#,
            escape(&trace.name),
            trace.keys.len(),
            trace.unique
        ));
        for ratio in (0..=100_u32).step_by(20).map(f64::from) {
            let y = Self::y(ratio);
            self.draw(format_args!(
                r#"<line class="grid" x1="{LEFT}" x2="{}" y1="{y:.1}" y2="{y:.1}"/>"#,
                WIDTH - RIGHT
            ));
            self.draw(format_args!(
                r#"<text text-anchor="end" x="{}" y="{:.1}">{ratio} %</text>"#,
                LEFT - 8.0,
                y + 4.0
            ));
        }
        for point in points {
            let x = self.x(point.percent);
            self.draw(format_args!(
                r#"<text text-anchor="middle" x="{x:.1}" y="{}">{} %</text>"#,
                HEIGHT - BOTTOM + 18.0,
                point.percent
            ));
        }
        self.draw(format_args!(
            r#"<text x="{LEFT}" y="{}">capacity in per cent of the keys; upwards, the requests that hit</text>"#,
            HEIGHT - 10.0
        ));
    }

    /// A line, and its name in this place of the column beside the plot.
    fn series(&mut self, points: &[Point], systems: &[System], index: usize, place: usize) {
        let system = &systems[index];
        let class = match system.kind {
            Kind::Optimum => "optimum",
            Kind::Library => "library",
            Kind::Model => "model",
            Kind::Sharded => "sharded",
        };
        // Hues far from each other for neighbours in the list, none for the optimum.
        let hue = index * 137 % 360;
        let stroke = if system.kind == Kind::Optimum { "var(--ink)".to_owned() } else { format!("hsl({hue} 65% 48%)") };
        let name = escape(&system.name);

        let mut path = String::new();
        for point in points {
            let command = if path.is_empty() { 'M' } else { 'L' };
            let (x, y) = (self.x(point.percent), Self::y(point.ratios[index]));
            write!(path, "{command}{x:.1} {y:.1}").expect("a string takes all that is written");
        }
        self.draw(format_args!(
            r#"<path class="line {class}" stroke="{stroke}" d="{path}"><title>{name}</title></path>"#
        ));
        let (x, y) = (WIDTH - RIGHT + 16.0, TOP + LINE * place as f64);
        self.draw(format_args!(r#"<path class="line {class}" stroke="{stroke}" d="M{x} {y}h28"/>"#));
        let last = points.last().map_or(0.0, |point| point.ratios[index]);
        self.draw(format_args!(r#"<text class="name" x="{}" y="{}">{name} {last:.1}</text>"#, x + 36.0, y + 4.0));
    }
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
