//! Plots of lines.

use super::{
    Area, Drawn, Style, Weight,
    axis::{Axis, Scale, position},
    document, name, rule, soft, text, title,
};
use plotters::{
    element::DashedPathElement,
    prelude::*,
    style::text_anchor::{HPos, VPos},
};

/// Pixels of one plot of lines.
const SIZE: (u32, u32) = (980, 790);
const LEFT: i32 = 130;
/// Room for the names.
const RIGHT: i32 = 330;
/// Room for the title and the name of the vertical axis.
const TOP: i32 = 100;
/// Room for the name of the horizontal axis and the conditions.
const BOTTOM: i32 = 116;
/// Between two names.
const LINE: i32 = 27;
/// Between the end of a line and its name.
const LEADER: i32 = 26;

/// A plot of lines. Each line has its name at its end.
///
/// # Examples
///
/// ```
/// use sharded_bench_common::plot::{COLOURS, Lines, Scale, Series, Style, Weight, grid};
///
/// let style = Style { colour: COLOURS[0], dash: None, weight: Weight::Normal };
/// let plot = Lines {
///     title: "Throughput".to_owned(),
///     across: "threads".to_owned(),
///     up: "million operations per second".to_owned(),
///     conditions: "1M entries, 9 rounds".to_owned(),
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
    /// The name of the horizontal axis, with its unit.
    pub across: String,
    /// The name of the vertical axis, with its unit.
    pub up: String,
    /// The conditions of the measurement. May be empty.
    pub conditions: String,
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
        area.draw(&Text::new(self.up.as_str(), (8, 54), text(25, &soft(), HPos::Left, VPos::Top)))?;
        let middle = (LEFT + width - RIGHT) / 2;
        let across = text(25, &soft(), HPos::Center, VPos::Bottom);
        area.draw(&Text::new(self.across.as_str(), (middle, height - 78), across))?;
        let conditions = text(21, &soft(), HPos::Left, VPos::Bottom);
        area.draw(&Text::new(self.conditions.as_str(), (8, height - 44), conditions))?;
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

        // The names come in the order of the lines, so that the wide lines and their names lie before the faint ones.
        let mut drawn: Vec<&Series> = self.series.iter().collect();
        drawn.sort_by_key(|series| series.style.weight);
        let mut ends = Vec::new();
        for series in &drawn {
            let points: Vec<_> = series.points.iter().map(|&(x, y)| (x, position(self.scale, y))).collect();
            let line = series.style.colour.stroke_width(series.style.weight.stroke());
            match series.style.dash {
                None => chart.draw_series([PathElement::new(points.clone(), line)])?,
                Some((stroke, gap)) => {
                    chart.draw_series([DashedPathElement::new(points.clone(), stroke, gap, line)])?
                }
            };
            if points.len() < 8 && series.style.weight > Weight::Faint {
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
        for ((series, end), label) in drawn.into_iter().zip(ends).zip(heights) {
            let start = width - RIGHT + LEADER;
            let leader = series.style.colour.mix(0.5);
            area.draw(&PathElement::new(vec![(end.0 + 6, end.1), (start, label)], leader))?;
            name(area, &series.name, (start + 6, label), series.style, HPos::Left)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{Lines, grid, label_heights};
    use crate::plot::Scale;

    #[test]
    fn a_plot_fills_its_page_and_names_no_other_place() {
        let unit = |value: f64| value.to_string();
        let [title, across, up, conditions] = ["a < b", "threads", "M/s", "on 2 cores"].map(str::to_owned);
        let plot = Lines {
            title,
            across,
            up,
            conditions,
            scale: Scale::Linear,
            places: vec![(0.0, "1".to_owned())],
            series: vec![],
            unit,
        };
        let svg = grid(&[plot], 1);
        assert!(svg.starts_with("<svg role=\"img\" aria-label=\"a &lt; b\" viewBox="), "{svg}");
        assert!(!svg.contains("http") && svg.contains("currentColor"), "{svg}");
        assert!(["threads", "M/s", "on 2 cores"].iter().all(|text| svg.contains(text)), "{svg}");
    }

    #[test]
    fn names_keep_their_distance_and_stay_inside() {
        let heights = label_heights(&[300, 295, 10], 20, 300);
        assert_eq!(heights, [300, 273, 20]);
    }
}
