//! The plot of a trace: the hit ratio over the capacity.

use crate::{
    measure::Point,
    systems::{Kind, System},
    trace::Trace,
};
use sharded_bench_common::{
    page,
    plot::{self, COLOURS, INK, Lines, Scale, Series, Style, Weight},
};

/// The plot of one trace, as an SVG file.
pub(crate) fn of_trace(trace: &Trace, points: &[Point], systems: &[System]) -> String {
    let series = |(index, system): (usize, &System)| {
        let last = points.last().map_or(0.0, |point| point.ratios[index]);
        Series {
            name: format!("{} {last:.1}", system.name),
            style: style(index, system.kind),
            points: points.iter().map(|point| (point.percent.ln(), point.ratios[index])).collect(),
            ring: None,
        }
    };
    let plot = Lines {
        title: format!("{}: {} requests for {} keys", trace.name, trace.keys.len(), trace.unique),
        across: "capacity, % of the keys".to_owned(),
        up: "requests that hit, %".to_owned(),
        conditions: String::new(),
        scale: Scale::Linear,
        places: points.iter().map(|point| (point.percent.ln(), format!("{} %", point.percent))).collect(),
        series: systems.iter().enumerate().map(series).collect(),
        unit: |ratio| format!("{ratio} %"),
    };
    page::svg_file(&plot::grid(&[plot], 1))
}

/// Neighbours in the list of systems have different colours, and kinds have different dashes.
fn style(index: usize, kind: Kind) -> Style {
    let colour = COLOURS[index % COLOURS.len()];
    match kind {
        Kind::Optimum => Style { colour: INK, dash: Some((3, 6)), weight: Weight::Normal },
        Kind::Library => Style { colour, dash: None, weight: Weight::Normal },
        Kind::Model => Style { colour, dash: Some((14, 8)), weight: Weight::Normal },
        Kind::Sharded => Style { colour, dash: None, weight: Weight::Bold },
    }
}
