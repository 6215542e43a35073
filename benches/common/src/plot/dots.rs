//! Plots of dots.

use super::{
    Area, Colour, Drawn, INK, Style,
    axis::{Axis, Scale, position},
    document, name, rule, soft, text, title,
};
use plotters::{
    prelude::*,
    style::text_anchor::{HPos, VPos},
};

const WIDTH: u32 = 1520;
const LEFT: i32 = 360;
const ROW: i32 = 40;
/// Room for the name of the axis and the conditions.
const BOTTOM: i32 = 70;

/// A plot with a row for each system, and a mark for each of up to four values in the row.
///
/// # Examples
///
/// ```
/// use sharded_bench_common::plot::{COLOURS, Dots, Row, Scale, Style, Weight};
///
/// let style = Style { colour: COLOURS[0], dash: None, weight: Weight::Normal };
/// let plot = Dots {
///     title: "Memory".to_owned(),
///     across: "bytes per entry".to_owned(),
///     conditions: "10M entries".to_owned(),
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
    /// The name of the axis, with its unit.
    pub across: String,
    /// The conditions of the measurement. May be empty.
    pub conditions: String,
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
        let height = 110 + ROW * rows + 60 + BOTTOM;
        document((WIDTH, height.cast_unsigned()), &self.title, |area| self.draw(area, rows))
    }

    fn draw(&self, area: &Area<'_>, rows: i32) -> Drawn {
        area.draw(&Text::new(self.title.as_str(), (8, 8), title()))?;
        let mut x = LEFT;
        for (index, mark) in self.marks.iter().enumerate() {
            draw_mark(area, index, (x, 70), INK)?;
            area.draw(&Text::new(mark.as_str(), (x + 18, 70), text(27, &INK, HPos::Left, VPos::Center)))?;
            x += 60 + 14 * i32::try_from(mark.len()).unwrap_or(0);
        }
        let values = self.rows.iter().flat_map(|row| row.values.iter().flatten().copied());
        let mut chart = ChartBuilder::on(area)
            .margin_top(100)
            .margin_left(LEFT)
            .margin_right(60)
            .margin_bottom(10 + BOTTOM)
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
        let (width, height) = area.dim_in_pixel();
        let (width, height) = (width.cast_signed(), height.cast_signed());
        let across = text(25, &soft(), HPos::Center, VPos::Bottom);
        area.draw(&Text::new(self.across.as_str(), ((LEFT + width - 60) / 2, height - 46), across))?;
        let conditions = text(21, &soft(), HPos::Left, VPos::Bottom);
        area.draw(&Text::new(self.conditions.as_str(), (8, height - 14), conditions))?;
        for (row, y) in self.rows.iter().zip(0..) {
            let middle = 110 + ROW * y + ROW / 2;
            name(area, &row.name, (LEFT - 20, middle), row.style, HPos::Right)?;
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
