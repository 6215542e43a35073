//! A plot of lines: a few places from left to right, a value upwards, each line with its name at its end.

use super::colours;
use std::fmt::Write as _;

const LEFT: f64 = 46.0;
/// Room for the names.
const RIGHT: f64 = 158.0;
const TOP: f64 = 34.0;
const BOTTOM: f64 = 40.0;
/// Between two names.
const LINE: f64 = 13.0;

pub(super) const WIDTH: f64 = 470.0;
pub(super) const HEIGHT: f64 = 330.0;

/// How far up a value is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Scale {
    /// From zero.
    Linear,
    /// By its logarithm.
    Log,
}

#[derive(Clone, Debug)]
pub(super) struct Lines {
    pub(super) title: String,
    /// What is told from left to right, and upwards.
    pub(super) axes: String,
    pub(super) scale: Scale,
    /// Places, evenly spaced, by what stands below them.
    pub(super) places: Vec<String>,
    pub(super) series: Vec<Series>,
    /// How a value is written at its grid line.
    pub(super) unit: fn(f64) -> String,
}

/// One system's line.
#[derive(Clone, Debug)]
pub(super) struct Series {
    pub(super) id: String,
    pub(super) name: String,
    /// Where on the axis, as an index of the places or between two, and the value.
    pub(super) points: Vec<(f64, f64)>,
}

impl Lines {
    /// The plot, without the `svg` element around it, [`WIDTH`] by [`HEIGHT`].
    pub(super) fn draw(&self) -> String {
        let mut body = String::new();
        self.axes(&mut body);
        let labels = self.label_heights();
        for (series, label) in self.series.iter().zip(labels) {
            self.line(series, label, &mut body);
        }
        body
    }

    fn values(&self) -> impl Iterator<Item = f64> {
        self.series
            .iter()
            .flat_map(|series| series.points.iter().map(|point| point.1))
            .filter(|value| value.is_finite())
    }

    /// The lowest and the highest value of the axis.
    fn bounds(&self) -> (f64, f64) {
        let highest = self.values().fold(0.0, f64::max);
        match self.scale {
            Scale::Linear => {
                let step = step(highest);
                (0.0, (highest / step).ceil().max(1.0) * step)
            }
            Scale::Log => {
                let lowest = self.values().filter(|&value| value > 0.0).fold(highest, f64::min).max(1e-9);
                (10_f64.powf(lowest.log10().floor()), 10_f64.powf(highest.max(lowest * 10.0).log10().ceil()))
            }
        }
    }

    fn x(&self, place: f64) -> f64 {
        #[allow(clippy::cast_precision_loss, reason = "a few")]
        let last = self.places.len().saturating_sub(1).max(1) as f64;
        LEFT + 8.0 + place / last * (WIDTH - LEFT - RIGHT - 8.0)
    }

    fn y(&self, value: f64) -> f64 {
        let (low, high) = self.bounds();
        let share = match self.scale {
            Scale::Linear => (value - low) / (high - low),
            Scale::Log => (value.max(low).log10() - low.log10()) / (high.log10() - low.log10()),
        };
        HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM)
    }

    fn axes(&self, body: &mut String) {
        draw(body, format_args!(r#"<text class="title" x="4" y="16">{}</text>"#, escape(&self.title)));
        let (low, high) = self.bounds();
        let mut value = low;
        while value <= high * 1.0001 {
            let y = self.y(value);
            draw(body, format_args!(r#"<path class="grid" d="M{LEFT} {y:.1}H{}"/>"#, WIDTH - RIGHT));
            let text = (self.unit)(value);
            draw(body, format_args!(r#"<text class="end" x="{}" y="{:.1}">{text}</text>"#, LEFT - 6.0, y + 4.0));
            value = match self.scale {
                Scale::Linear => value + step(high),
                Scale::Log => value * 10.0,
            };
        }
        for (place, name) in self.places.iter().enumerate() {
            #[allow(clippy::cast_precision_loss, reason = "a few")]
            let x = self.x(place as f64);
            draw(body, format_args!(r#"<text class="middle" x="{x:.1}" y="{}">{name}</text>"#, HEIGHT - BOTTOM + 16.0));
        }
        let axes = escape(&self.axes);
        draw(body, format_args!(r#"<text x="4" y="{}">{axes}</text>"#, HEIGHT - 6.0));
    }

    /// Where each name stands: beside the end of its line, or as near to that as the other names let it.
    fn label_heights(&self) -> Vec<f64> {
        let end = |series: &Series| series.points.last().map_or(HEIGHT - BOTTOM, |point| self.y(point.1));
        let mut order: Vec<usize> = (0..self.series.len()).collect();
        order.sort_by(|&one, &other| end(&self.series[one]).total_cmp(&end(&self.series[other])));
        let mut heights = vec![0.0; self.series.len()];
        let mut free = TOP - 8.0;
        for &index in &order {
            heights[index] = end(&self.series[index]).max(free);
            free = heights[index] + LINE;
        }
        // What was pushed out below goes up again, and pushes in its turn.
        let mut free = HEIGHT - BOTTOM + 6.0;
        for &index in order.iter().rev() {
            heights[index] = heights[index].min(free);
            free = heights[index] - LINE;
        }
        heights
    }

    fn line(&self, series: &Series, label: f64, body: &mut String) {
        let style = colours::of(&series.id);
        let name = escape(&series.name);
        let points: Vec<(f64, f64)> =
            series.points.iter().map(|&(place, value)| (self.x(place), self.y(value))).collect();
        let Some(&(x, y)) = points.last() else { return };
        let path: Vec<String> = points.iter().map(|(x, y)| format!("{x:.1} {y:.1}")).collect();
        let class = if style.is_ours { "line ours" } else { "line" };
        draw(
            body,
            format_args!(
                r#"<path class="{class}" stroke="{}" stroke-dasharray="{}" d="M{}"><title>{name}</title></path>"#,
                style.colour,
                style.dash,
                path.join("L")
            ),
        );
        if points.len() < 8 {
            for (x, y) in &points {
                draw(body, format_args!(r#"<circle cx="{x:.1}" cy="{y:.1}" r="2.2" fill="{}"/>"#, style.colour));
            }
        }
        let start = WIDTH - RIGHT + 14.0;
        draw(
            body,
            format_args!(
                r#"<path class="leader" stroke="{}" d="M{:.1} {y:.1}L{start} {label:.1}"/>"#,
                style.colour,
                x + 3.0
            ),
        );
        let class = if style.is_ours { "name ours" } else { "name" };
        draw(
            body,
            format_args!(
                r#"<text class="{class}" style="fill:{}" x="{}" y="{:.1}">{name}</text>"#,
                style.colour,
                start + 3.0,
                label + 4.0
            ),
        );
    }
}

/// A round number that makes four to eight grid lines.
pub(super) fn step(highest: f64) -> f64 {
    if highest <= 0.0 {
        return 1.0;
    }
    let rough = highest / 5.0;
    let power = 10_f64.powf(rough.log10().floor());
    [1.0, 2.0, 5.0, 10.0].into_iter().map(|factor| factor * power).find(|step| *step >= rough).unwrap_or(power)
}

pub(super) fn draw(body: &mut String, element: std::fmt::Arguments<'_>) {
    writeln!(body, "{element}").expect("a string takes all that is written");
}

pub(super) fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
