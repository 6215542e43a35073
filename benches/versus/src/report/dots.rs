//! A plot of dots: a row for each system, and in it a dot for each of a few values.

use super::{
    colours,
    lines::{Scale, draw, escape},
};

const LEFT: f64 = 170.0;
const RIGHT: f64 = 30.0;
const TOP: f64 = 58.0;
const BOTTOM: f64 = 26.0;
const ROW: f64 = 20.0;
const WIDTH: f64 = 760.0;

/// At most this many values; a mark of its own for each: filled, empty, a square, a cross.
const MARKS: usize = 4;

#[derive(Clone, Debug)]
pub(super) struct Dots {
    pub(super) title: String,
    pub(super) scale: Scale,
    /// What each mark means; at most four.
    pub(super) marks: Vec<String>,
    pub(super) rows: Vec<Row>,
    pub(super) unit: fn(f64) -> String,
}

#[derive(Clone, Debug)]
pub(super) struct Row {
    pub(super) id: String,
    pub(super) name: String,
    /// One for each mark; none where there is no such value.
    pub(super) values: Vec<Option<f64>>,
}

impl Dots {
    /// The whole picture, an `svg` element.
    pub(super) fn svg(&self) -> String {
        #[allow(clippy::cast_precision_loss, reason = "a few")]
        let height = TOP + ROW * self.rows.len() as f64 + BOTTOM;
        let mut body = String::new();
        let title = escape(&self.title);
        draw(&mut body, format_args!(r#"<text class="title" x="4" y="16">{title}</text>"#));
        let mut x = LEFT;
        for (index, mark) in self.marks.iter().take(MARKS).enumerate() {
            draw(&mut body, format_args!("{}", shape(index, x, 34.0, "currentColor")));
            draw(&mut body, format_args!(r#"<text class="name" x="{}" y="38">{}</text>"#, x + 9.0, escape(mark)));
            #[allow(clippy::cast_precision_loss, reason = "a few")]
            let width = 7.0 * mark.len() as f64;
            x += 30.0 + width;
        }
        for value in self.ticks() {
            let x = self.x(value);
            draw(&mut body, format_args!(r#"<path class="grid" d="M{x:.1} {}V{}"/>"#, TOP - 8.0, height - BOTTOM));
            let text = (self.unit)(value);
            draw(&mut body, format_args!(r#"<text class="middle" x="{x:.1}" y="{}">{text}</text>"#, height - 8.0));
        }
        for (index, row) in self.rows.iter().enumerate() {
            #[allow(clippy::cast_precision_loss, reason = "a few")]
            let y = TOP + ROW * index as f64 + 4.0;
            self.row(row, y, &mut body);
        }
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" role=\"img\" aria-label=\"{title}\">\n{body}</svg>\n"
        )
    }

    fn row(&self, row: &Row, y: f64, body: &mut String) {
        let style = colours::of(&row.id);
        let class = if style.is_ours { "end name ours" } else { "end name" };
        let name = escape(&row.name);
        draw(
            body,
            format_args!(
                r#"<text class="{class}" style="fill:{}" x="{}" y="{}">{name}</text>"#,
                style.colour,
                LEFT - 12.0,
                y + 4.0
            ),
        );
        let places: Vec<f64> = row.values.iter().flatten().map(|&value| self.x(value)).collect();
        let (from, to) = (places.iter().copied().fold(f64::MAX, f64::min), places.iter().copied().fold(0.0, f64::max));
        if from < to {
            draw(body, format_args!(r#"<path class="leader" stroke="{}" d="M{from:.1} {y}H{to:.1}"/>"#, style.colour));
        }
        for (index, value) in row.values.iter().take(MARKS).enumerate() {
            if let Some(value) = value {
                draw(body, format_args!("{}", shape(index, self.x(*value), y, style.colour)));
            }
        }
    }

    fn values(&self) -> impl Iterator<Item = f64> {
        self.rows.iter().flat_map(|row| row.values.iter().flatten().copied()).filter(|value| value.is_finite())
    }

    fn bounds(&self) -> (f64, f64) {
        let highest = self.values().fold(0.0, f64::max).max(1e-6);
        match self.scale {
            Scale::Linear => (0.0, highest),
            Scale::Log => {
                let lowest = self.values().filter(|value| *value > 0.0).fold(highest, f64::min);
                (10_f64.powf(lowest.log10().floor()), 10_f64.powf((highest * 1.001).log10().ceil()))
            }
        }
    }

    fn ticks(&self) -> Vec<f64> {
        let (low, high) = self.bounds();
        match self.scale {
            Scale::Linear => {
                let step = super::lines::step(high);
                std::iter::successors(Some(0.0), |value| Some(value + step))
                    .take_while(|value| *value <= high)
                    .collect()
            }
            Scale::Log => std::iter::successors(Some(low), |value| Some(value * 10.0))
                .take_while(|value| *value <= high * 1.0001)
                .collect(),
        }
    }

    fn x(&self, value: f64) -> f64 {
        let (low, high) = self.bounds();
        let share = match self.scale {
            Scale::Linear => (value - low) / (high - low),
            Scale::Log => (value.max(low).log10() - low.log10()) / (high.log10() - low.log10()),
        };
        LEFT + share * (WIDTH - LEFT - RIGHT)
    }
}

/// The mark of a value: filled, empty, a square, a cross.
fn shape(index: usize, x: f64, y: f64, colour: &str) -> String {
    match index {
        0 => format!(r#"<circle cx="{x:.1}" cy="{y}" r="4" fill="{colour}"/>"#),
        1 => format!(r#"<circle class="hollow" cx="{x:.1}" cy="{y}" r="4" stroke="{colour}"/>"#),
        2 => {
            let (left, top) = (x - 3.5, y - 3.5);
            format!(r#"<rect class="hollow" x="{left:.1}" y="{top}" width="7" height="7" stroke="{colour}"/>"#)
        }
        _ => {
            let (left, top) = (x - 4.0, y - 4.0);
            format!(r#"<path class="hollow" stroke="{colour}" d="M{left:.1} {top}l8 8m0 -8l-8 8"/>"#)
        }
    }
}
