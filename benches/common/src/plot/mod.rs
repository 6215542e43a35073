//! Plots as SVG, drawn by `plotters`.
//!
//! `plotters` rounds positions to whole pixels, so a plot is drawn at twice the size at which pages show it. It knows
//! fixed colours only, so [`INK`] becomes `currentColor`, and a page can have a dark theme.

mod axis;
mod dots;
mod lines;

pub use axis::{Scale, plain, time};
pub use dots::{Dots, Row};
pub use lines::{Lines, Series, grid};
pub use plotters::style::RGBColor as Colour;

use plotters::{
    coord::Shift,
    prelude::*,
    style::text_anchor::{HPos, Pos, VPos},
};

/// The colour of the page's text.
pub const INK: Colour = Colour(0, 0, 0);

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;
type Drawn = Result<(), DrawingAreaErrorKind<std::io::Error>>;

/// How a series is drawn.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Style {
    /// The colour of lines, marks and names.
    pub colour: Colour,
    /// Lengths of strokes and gaps, or `None` for an unbroken line.
    pub dash: Option<(u32, u32)>,
    /// How much it stands out.
    pub weight: Weight,
}

/// How much a series stands out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Weight {
    /// A thin line behind the others, with a small name.
    Faint,
    /// A line of medium width.
    Normal,
    /// A wide line before the others, with a bold name.
    Bold,
}

impl Weight {
    /// The width of a line.
    fn stroke(self) -> u32 {
        match self {
            Weight::Faint => 2,
            Weight::Normal => 4,
            Weight::Bold => 6,
        }
    }
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

fn name(area: &Area<'_>, name: &str, place: (i32, i32), style: Style, horizontal: HPos) -> Drawn {
    let size = if style.weight == Weight::Faint { 22 } else { 26 };
    let font = ("system-ui, sans-serif", size).into_font();
    let font = if style.weight == Weight::Bold { font.style(FontStyle::Bold) } else { font };
    area.draw(&Text::new(name, place, font.color(&style.colour).pos(Pos::new(horizontal, VPos::Center))))
}
