//! Curves in a picture.

use std::fmt::Write;

/// One curve.
pub(super) struct Curve {
    pub(super) name: String,
    /// From left to right.
    pub(super) points: Vec<(f64, f64)>,
    /// A point with a ring around it, and what it is.
    pub(super) mark: Option<((f64, f64), String)>,
}

/// A picture: steps on the x axis are doublings.
pub(super) struct Picture<'a> {
    pub(super) title: &'a str,
    pub(super) x: &'a str,
    pub(super) y: &'a str,
    /// Whether steps on the y axis are of tenfold.
    pub(super) logarithmic: bool,
    pub(super) curves: &'a [Curve],
}

const WIDTH: f64 = 560.0;
const HEIGHT: f64 = 300.0;
const LEFT: f64 = 64.0;
const BOTTOM: f64 = 44.0;
const TOP: f64 = 30.0;
const RIGHT: f64 = 110.0;
/// Told apart by those who see red and green alike too (Okabe and Ito).
const COLOURS: [&str; 5] = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00"];

/// The picture as an element of a page. Empty where there is no point to be drawn.
pub(super) fn draw(picture: &Picture<'_>) -> String {
    let points =
        || picture.curves.iter().flat_map(|curve| &curve.points).filter(|point| point.0 > 0.0 && point.1 >= 0.0);
    let (left, right) = range(points().map(|point| point.0.log2()));
    let height = |y: f64| if picture.logarithmic { y.max(1.0).log10() } else { y };
    let (_, top) = range(points().map(|point| height(point.1)));
    if points().next().is_none() || top <= 0.0 {
        return String::new();
    }
    let x_of = |x: f64| LEFT + (x.log2() - left) / (right - left).max(1e-9) * (WIDTH - LEFT - RIGHT);
    let y_of = |y: f64| HEIGHT - BOTTOM - height(y) / top * (HEIGHT - BOTTOM - TOP);
    let mut svg = format!("<svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" aria-label=\"{}\">", picture.title);
    let _ = write!(svg, "<text x=\"{LEFT}\" y=\"16\" class=\"title\">{}</text>", picture.title);
    let floor = HEIGHT - BOTTOM;
    let _ = write!(svg, "<path class=\"axis\" d=\"M{LEFT} {TOP}V{floor}H{}\"/>", WIDTH - RIGHT);
    let mut steps: Vec<f64> = points().map(|point| point.0).collect();
    steps.sort_by(f64::total_cmp);
    steps.dedup();
    for step in steps {
        let label = if step >= 10_000.0 { format!("{:.0}k", step / 1000.0) } else { format!("{step:.0}") };
        let _ = write!(svg, "<text x=\"{:.1}\" y=\"{}\" class=\"x\">{label}</text>", x_of(step), floor + 16.0);
    }
    for part in [0.0, 0.25, 0.5, 0.75, 1.0] {
        let value = if picture.logarithmic { 10_f64.powf(top * part) } else { top * part };
        let decimals = if picture.logarithmic { 0 } else { usize::from(top < 20.0) + usize::from(top < 2.0) };
        let y = y_of(value);
        let _ = write!(svg, "<text x=\"{}\" y=\"{:.1}\" class=\"y\">{value:.decimals$}</text>", LEFT - 6.0, y + 4.0);
    }
    let middle = f64::midpoint(LEFT, WIDTH - RIGHT);
    let _ = write!(svg, "<text x=\"{middle}\" y=\"{}\" class=\"x\">{}</text>", HEIGHT - 8.0, picture.x);
    let _ = write!(svg, "<text x=\"{}\" y=\"{}\" class=\"y\">{}</text>", LEFT - 6.0, TOP - 6.0, picture.y);
    for (index, (curve, colour)) in picture.curves.iter().zip(COLOURS.iter().cycle()).enumerate() {
        let line: Vec<String> = curve.points.iter().map(|&(x, y)| format!("{:.1},{:.1}", x_of(x), y_of(y))).collect();
        let _ = write!(svg, "<polyline points=\"{}\" stroke=\"{colour}\"/>", line.join(" "));
        for &(x, y) in &curve.points {
            let _ = write!(svg, "<circle cx=\"{:.1}\" cy=\"{:.1}\" r=\"2.5\" fill=\"{colour}\"/>", x_of(x), y_of(y));
        }
        if let Some(((x, y), name)) = &curve.mark {
            let (x, y) = (x_of(*x), y_of(*y));
            let _ = write!(svg, "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"7\" class=\"ring\" stroke=\"{colour}\"/>");
            let _ = write!(svg, "<text x=\"{x:.1}\" y=\"{:.1}\" class=\"mark\">{name}</text>", y + 20.0);
        }
        let at = TOP + 16.0 * index as f64 + 8.0;
        let _ = write!(svg, "<text x=\"{}\" y=\"{at}\" fill=\"{colour}\">{}</text>", WIDTH - RIGHT + 10.0, curve.name);
    }
    svg + "</svg>"
}

fn range(values: impl Iterator<Item = f64>) -> (f64, f64) {
    values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| (low.min(value), high.max(value)))
}
