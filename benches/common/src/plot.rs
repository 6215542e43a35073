//! Plots as SVG, drawn by `plotters`.
//!
//! `plotters` rounds positions to whole pixels, so a plot is drawn at twice the size at which pages show it. It knows
//! fixed colours only, so [`INK`] becomes `currentColor`, and a page can have a dark theme.

use plotters::{
    coord::{
        Shift,
        ranged1d::{KeyPointHint, NoDefaultFormatting, ValueFormatter},
    },
    element::DashedPathElement,
    prelude::*,
    style::text_anchor::{HPos, Pos, VPos},
};
use std::ops::Range;

pub use plotters::style::RGBColor as Colour;

/// The colour of the page's text.
pub const INK: Colour = Colour(0, 0, 0);

/// Pixels of one plot of lines.
const SIZE: (u32, u32) = (980, 690);
const LEFT: i32 = 110;
/// Room for the names.
const RIGHT: i32 = 320;
const TOP: i32 = 60;
const BOTTOM: i32 = 76;
/// Between two names.
const LINE: i32 = 27;
/// Between the end of a line and its name.
const LEADER: i32 = 26;

const DOTS_WIDTH: u32 = 1520;
const DOTS_LEFT: i32 = 360;
const ROW: i32 = 40;

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;
type Drawn = Result<(), DrawingAreaErrorKind<std::io::Error>>;

/// How values are mapped to positions.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Scale {
    /// From zero.
    Linear,
    /// By the logarithm.
    Log,
}

/// How a series is drawn.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Style {
    /// The colour of lines, marks and names.
    pub colour: Colour,
    /// Lengths of strokes and gaps, or `None` for an unbroken line.
    pub dash: Option<(u32, u32)>,
    /// Whether it stands out.
    pub is_bold: bool,
}

/// Colours that all kinds of colour-blind eyes tell apart (Okabe and Ito, <https://jfly.uni-koeln.de/color/>), darkened
/// where they would be faint on white.
pub const COLOURS: [Colour; 8] = [
    Colour(0x00, 0x72, 0xb2),
    Colour(0xd5, 0x5e, 0x00),
    Colour(0x00, 0x87, 0x5f),
    Colour(0xb5, 0x62, 0x8f),
    Colour(0xc9, 0x85, 0x00),
    Colour(0x3a, 0x9b, 0xd1),
    Colour(0x8a, 0x7f, 0x00),
    Colour(0x8a, 0x88, 0x80),
];

/// A plot of lines. Each line has its name at its end.
///
/// # Examples
///
/// ```
/// use sharded_bench_common::plot::{COLOURS, Lines, Scale, Series, Style, grid};
///
/// let style = Style { colour: COLOURS[0], dash: None, is_bold: false };
/// let plot = Lines {
///     title: "Throughput".to_owned(),
///     axes: "threads; million operations per second".to_owned(),
///     scale: Scale::Linear,
///     places: vec![(0.0, "1".to_owned()), (1.0, "2".to_owned())],
///     series: vec![Series { name: "a map".to_owned(), style, points: vec![(0.0, 10.0), (1.0, 19.0)], ring: None }],
///     unit: |value| format!("{value} M/s"),
/// };
/// assert!(grid(&[plot], 1).contains("a map"));
/// ```
#[derive(Clone, Debug)]
pub struct Lines {
    /// The title.
    pub title: String,
    /// What the axes show.
    pub axes: String,
    /// The scale of the values.
    pub scale: Scale,
    /// The labels of the horizontal axis, with their positions in ascending order.
    pub places: Vec<(f64, String)>,
    /// The lines.
    pub series: Vec<Series>,
    /// How a value is written at its grid line.
    pub unit: fn(f64) -> String,
}

/// A line.
#[derive(Clone, Debug)]
pub struct Series {
    /// The name.
    pub name: String,
    /// How it is drawn.
    pub style: Style,
    /// Positions on the horizontal axis in ascending order, and values.
    pub points: Vec<(f64, f64)>,
    /// A point with a ring around it, and what the ring means.
    pub ring: Option<((f64, f64), String)>,
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

/// Plots side by side, in so many columns, as one `svg` element.
///
/// # Panics
///
/// Never: a string takes all that is written.
///
/// # Examples
///
/// See [`Lines`].
#[must_use]
pub fn grid(plots: &[Lines], columns: usize) -> String {
    let rows = plots.len().div_ceil(columns);
    let [wide, high] = [columns, rows].map(|count| u32::try_from(count).expect("a few plots"));
    let titles: Vec<&str> = plots.iter().map(|plot| plot.title.as_str()).collect();
    document((wide * SIZE.0, high * SIZE.1), &titles.join("; "), |area| {
        area.split_evenly((rows, columns)).iter().zip(plots).try_for_each(|(area, plot)| plot.draw(area))
    })
}

/// An `svg` element that `draw` draws.
fn document(size: (u32, u32), description: &str, draw: impl FnOnce(&Area<'_>) -> Drawn) -> String {
    let mut svg = String::new();
    let area = SVGBackend::with_string(&mut svg, size).into_drawing_area();
    draw(&area).and_then(|()| area.present()).expect("a string takes all that is written");
    drop(area);
    let (width, height) = size;
    let view = format!("viewBox=\"0 0 {width} {height}\"");
    // Without a size of its own, it fills the page. Within HTML it needs no namespace, see `page::svg_file`.
    let fixed = format!("<svg width=\"{width}\" height=\"{height}\" {view} xmlns=\"http://www.w3.org/2000/svg\"");
    let free = format!("<svg role=\"img\" aria-label=\"{}\" {view}", crate::page::escape(description));
    svg.replacen(&fixed, &free, 1).replace("\"#000000\"", "\"currentColor\"")
}

fn text(size: i32, colour: &impl Color, horizontal: HPos, vertical: VPos) -> TextStyle<'static> {
    let font = ("system-ui, sans-serif", size).into_font();
    TextStyle { font, color: colour.to_backend_color(), pos: Pos::new(horizontal, vertical) }
}

fn title() -> TextStyle<'static> {
    let text = text(32, &INK, HPos::Left, VPos::Top);
    TextStyle { font: text.font.style(FontStyle::Bold), ..text }
}

fn soft() -> RGBAColor {
    INK.mix(0.65)
}

fn rule() -> RGBAColor {
    INK.mix(0.14)
}

/// The position of a value on its axis.
fn position(scale: Scale, value: f64) -> f64 {
    match scale {
        Scale::Linear => value,
        Scale::Log => value.max(1e-9).log10(),
    }
}

/// An axis with its labels.
struct Axis {
    range: Range<f64>,
    ticks: Vec<(f64, String)>,
}

impl Axis {
    /// The axis of these values.
    fn of(scale: Scale, unit: fn(f64) -> String, values: impl Iterator<Item = f64>) -> Self {
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

/// Where names stand: beside these heights, or as near to them as the other names allow.
fn label_heights(ends: &[i32], top: i32, bottom: i32) -> Vec<i32> {
    let mut order: Vec<usize> = (0..ends.len()).collect();
    order.sort_by_key(|&index| ends[index]);
    let mut heights = vec![0; ends.len()];
    let mut free = top;
    for &index in &order {
        heights[index] = ends[index].max(free);
        free = heights[index] + LINE;
    }
    // A name below the bottom goes up again, and moves those above it.
    let mut free = bottom;
    for &index in order.iter().rev() {
        heights[index] = heights[index].min(free);
        free = heights[index] - LINE;
    }
    heights
}

impl Lines {
    fn draw(&self, area: &Area<'_>) -> Drawn {
        let values = self.series.iter().flat_map(|series| series.points.iter().map(|point| point.1));
        let upwards = Axis::of(self.scale, self.unit, values);
        let lowest = upwards.range.start;
        let places = self.places.iter().map(|place| place.0);
        let (first, last) = places.fold((f64::MAX, f64::MIN), |(a, b), place| (a.min(place), b.max(place)));
        let span = if last > first { last - first } else { 1.0 };

        let (width, height) = area.dim_in_pixel();
        let (width, height) = (width.cast_signed(), height.cast_signed());
        area.draw(&Text::new(self.title.as_str(), (8, 8), title()))?;
        area.draw(&Text::new(self.axes.as_str(), (8, height - 38), text(27, &soft(), HPos::Left, VPos::Bottom)))?;
        let mut chart = ChartBuilder::on(area)
            .margin_top(TOP)
            .margin_right(RIGHT)
            .margin_bottom(BOTTOM)
            .set_label_area_size(LabelAreaPosition::Left, LEFT)
            .set_label_area_size(LabelAreaPosition::Bottom, 40)
            .build_cartesian_2d(
                Axis { range: first - 0.03 * span..first + span, ticks: self.places.clone() },
                upwards,
            )?;
        chart
            .configure_mesh()
            .disable_x_mesh()
            .axis_style(TRANSPARENT)
            .light_line_style(TRANSPARENT)
            .bold_line_style(rule())
            .label_style(text(27, &soft(), HPos::Left, VPos::Top))
            .draw()?;

        let mut ends = Vec::new();
        for series in &self.series {
            let points: Vec<_> = series.points.iter().map(|&(x, y)| (x, position(self.scale, y))).collect();
            let line = series.style.colour.stroke_width(if series.style.is_bold { 6 } else { 3 });
            match series.style.dash {
                None => chart.draw_series([PathElement::new(points.clone(), line)])?,
                Some((stroke, gap)) => {
                    chart.draw_series([DashedPathElement::new(points.clone(), stroke, gap, line)])?
                }
            };
            if points.len() < 8 {
                let dot = |&point| Circle::new(point, 4, series.style.colour.filled());
                chart.draw_series(points.iter().map(dot))?;
            }
            if let Some(((x, y), name)) = &series.ring {
                let point = (*x, position(self.scale, *y));
                chart.draw_series([Circle::new(point, 14, series.style.colour.stroke_width(3))])?;
                let (x, y) = chart.backend_coord(&point);
                let (left, top) = area.get_base_pixel();
                let style = text(27, &soft(), HPos::Center, VPos::Top);
                area.draw(&Text::new(name.as_str(), (x - left, y - top + 18), style))?;
            }
            ends.push(chart.backend_coord(points.last().unwrap_or(&(first, lowest))));
        }
        let (left, top) = area.get_base_pixel();
        let ends: Vec<(i32, i32)> = ends.into_iter().map(|(x, y)| (x - left, y - top)).collect();
        let heights: Vec<i32> = ends.iter().map(|end| end.1).collect();
        let heights = label_heights(&heights, TOP - 16, height - BOTTOM - 20);
        for ((series, end), label) in self.series.iter().zip(ends).zip(heights) {
            let start = width - RIGHT + LEADER;
            let leader = series.style.colour.mix(0.5);
            area.draw(&PathElement::new(vec![(end.0 + 6, end.1), (start, label)], leader))?;
            name(area, &series.name, (start + 6, label), series.style, HPos::Left)?;
        }
        Ok(())
    }
}

fn name(area: &Area<'_>, name: &str, place: (i32, i32), style: Style, horizontal: HPos) -> Drawn {
    let font = ("system-ui, sans-serif", 27).into_font();
    let font = if style.is_bold { font.style(FontStyle::Bold) } else { font };
    area.draw(&Text::new(name, place, font.color(&style.colour).pos(Pos::new(horizontal, VPos::Center))))
}

/// A plot with a row for each system, and a mark for each of up to four values in the row.
///
/// # Examples
///
/// ```
/// use sharded_bench_common::plot::{COLOURS, Dots, Row, Scale, Style};
///
/// let style = Style { colour: COLOURS[0], dash: None, is_bold: false };
/// let plot = Dots {
///     title: "Bytes per entry".to_owned(),
///     scale: Scale::Log,
///     marks: vec!["grown".to_owned()],
///     rows: vec![Row { name: "a map".to_owned(), style, values: vec![Some(20.5)] }],
///     unit: |value| value.to_string(),
/// };
/// assert!(plot.svg().contains("a map"));
/// ```
#[derive(Clone, Debug)]
pub struct Dots {
    /// The title.
    pub title: String,
    /// The scale of the values.
    pub scale: Scale,
    /// What each mark means.
    pub marks: Vec<String>,
    /// The rows.
    pub rows: Vec<Row>,
    /// How a value is written at its grid line.
    pub unit: fn(f64) -> String,
}

/// A system's row.
#[derive(Clone, Debug)]
pub struct Row {
    /// The system's name.
    pub name: String,
    /// How it is drawn.
    pub style: Style,
    /// A value for each mark, if there is one.
    pub values: Vec<Option<f64>>,
}

impl Dots {
    /// The plot as an `svg` element.
    ///
    /// # Panics
    ///
    /// Never: a string takes all that is written.
    ///
    /// # Examples
    ///
    /// See [`Dots`].
    #[must_use]
    pub fn svg(&self) -> String {
        let rows = i32::try_from(self.rows.len()).expect("a few rows");
        let height = 110 + ROW * rows + 60;
        document((DOTS_WIDTH, height.cast_unsigned()), &self.title, |area| self.draw(area, rows))
    }

    fn draw(&self, area: &Area<'_>, rows: i32) -> Drawn {
        area.draw(&Text::new(self.title.as_str(), (8, 8), title()))?;
        let mut x = DOTS_LEFT;
        for (index, mark) in self.marks.iter().enumerate() {
            draw_mark(area, index, (x, 70), INK)?;
            area.draw(&Text::new(mark.as_str(), (x + 18, 70), text(27, &INK, HPos::Left, VPos::Center)))?;
            x += 60 + 14 * i32::try_from(mark.len()).unwrap_or(0);
        }
        let values = self.rows.iter().flat_map(|row| row.values.iter().flatten().copied());
        let mut chart = ChartBuilder::on(area)
            .margin_top(100)
            .margin_left(DOTS_LEFT)
            .margin_right(60)
            .margin_bottom(10)
            .set_label_area_size(LabelAreaPosition::Bottom, 50)
            .build_cartesian_2d(Axis::of(self.scale, self.unit, values), rows..0)?;
        chart
            .configure_mesh()
            .disable_y_mesh()
            .axis_style(TRANSPARENT)
            .light_line_style(TRANSPARENT)
            .bold_line_style(rule())
            .label_style(text(27, &soft(), HPos::Left, VPos::Top))
            .draw()?;
        for (row, y) in self.rows.iter().zip(0..) {
            let middle = 110 + ROW * y + ROW / 2;
            name(area, &row.name, (DOTS_LEFT - 20, middle), row.style, HPos::Right)?;
            let x = |value: f64| chart.backend_coord(&(position(self.scale, value), 0)).0;
            let places: Vec<Option<i32>> = row.values.iter().map(|value| value.map(x)).collect();
            if let (Some(from), Some(to)) = (places.iter().flatten().min(), places.iter().flatten().max()) {
                area.draw(&PathElement::new(vec![(*from, middle), (*to, middle)], row.style.colour.mix(0.5)))?;
            }
            for (index, place) in places.into_iter().enumerate() {
                if let Some(x) = place {
                    draw_mark(area, index, (x, middle), row.style.colour)?;
                }
            }
        }
        Ok(())
    }
}

/// The mark of a value: a disc, a circle, a square, a cross.
fn draw_mark(area: &Area<'_>, index: usize, (x, y): (i32, i32), colour: Colour) -> Drawn {
    let line = colour.stroke_width(3);
    match index {
        0 => area.draw(&Circle::new((x, y), 8, colour.filled())),
        1 => area.draw(&Circle::new((x, y), 8, line)),
        2 => area.draw(&Rectangle::new([(x - 7, y - 7), (x + 7, y + 7)], line)),
        _ => area.draw(&Cross::new((x, y), 7, line)),
    }
}

#[cfg(test)]
mod tests {
    use super::{Lines, Scale, grid, label_heights, ticks};

    #[test]
    fn a_plot_fills_its_page_and_names_no_other_place() {
        let unit = |value: f64| value.to_string();
        let (title, axes) = ("a < b".to_owned(), String::new());
        let plot =
            Lines { title, axes, scale: Scale::Linear, places: vec![(0.0, "1".to_owned())], series: vec![], unit };
        let svg = grid(&[plot], 1);
        assert!(svg.starts_with("<svg role=\"img\" aria-label=\"a &lt; b\" viewBox="), "{svg}");
        assert!(!svg.contains("http") && svg.contains("currentColor"), "{svg}");
    }

    #[test]
    fn ticks_enclose_the_values() {
        assert_eq!(ticks(Scale::Linear, [3.0, 47.0].into_iter()), [0.0, 10.0, 20.0, 30.0, 40.0, 50.0]);
        assert_eq!(ticks(Scale::Log, [3.0, 470.0].into_iter()), [1.0, 10.0, 100.0, 1000.0]);
        assert_eq!(ticks(Scale::Linear, std::iter::empty()), [0.0, 1.0]);
    }

    #[test]
    fn names_keep_their_distance_and_stay_inside() {
        let heights = label_heights(&[300, 295, 10], 20, 300);
        assert_eq!(heights, [300, 273, 20]);
    }
}
