//! The results of a measurement, for the terminal and for the report.

use crate::stats::Sorted;
use serde::{Deserialize, Serialize};
use sharded_bench_common::page;
use std::fmt;

/// The result of one measurement: a line per system.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Table {
    pub(crate) title: String,
    pub(crate) about: About,
    pub(crate) columns: Vec<String>,
    pub(crate) rows: Vec<Row>,
    /// Notes for readers.
    pub(crate) notes: Vec<String>,
}

/// What was measured.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct About {
    /// The name on the command line.
    pub(crate) work: String,
    /// The kind of entry, or the trace.
    pub(crate) subject: String,
    pub(crate) threads: usize,
    pub(crate) entries: u64,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Row {
    /// The system's name on the command line.
    pub(crate) id: String,
    /// The system's name in tables.
    pub(crate) system: String,
    pub(crate) cells: Vec<Cell>,
    /// Points of a curve, which is drawn but not printed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) curve: Vec<(f64, f64)>,
}

/// A figure with its number of significant decimals.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub(crate) enum Cell {
    Number(f64, usize),
    Range((f64, f64), usize),
    Text(String),
    /// Not measured, or without meaning here.
    Empty,
}

impl Table {
    /// The first column of this name.
    pub(crate) fn column(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|column| column == name)
    }

    /// A system's number in a column.
    pub(crate) fn number(&self, id: &str, column: &str) -> Option<f64> {
        let column = self.column(column)?;
        self.rows.iter().find(|row| row.id == id)?.cells.get(column)?.number()
    }
}

impl Row {
    pub(crate) fn new(id: &str, system: &str, cells: Vec<Cell>) -> Self {
        Row { id: id.to_owned(), system: system.to_owned(), cells, curve: Vec::new() }
    }
}

impl Cell {
    /// An empty cell if it is not a number.
    pub(crate) fn of(number: f64, decimals: usize) -> Self {
        if number.is_finite() { Cell::Number(rounded(number, decimals), decimals) } else { Cell::Empty }
    }

    pub(crate) fn median(values: &Sorted, decimals: usize) -> Self {
        Cell::of(values.median(), decimals)
    }

    pub(crate) fn range((low, high): (f64, f64), decimals: usize) -> Self {
        if low.is_finite() && high.is_finite() {
            Cell::Range((rounded(low, decimals), rounded(high, decimals)), decimals)
        } else {
            Cell::Empty
        }
    }

    pub(crate) fn number(&self) -> Option<f64> {
        match *self {
            Cell::Number(number, _) => Some(number),
            _ => None,
        }
    }
}

/// Rounds to two more decimals than are shown.
fn rounded(number: f64, decimals: usize) -> f64 {
    let unit = 10_f64.powi(i32::try_from(decimals + 2).unwrap_or(2));
    (number * unit).round() / unit
}

impl fmt::Display for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Cell::Number(number, decimals) => write!(f, "{number:.decimals$}"),
            Cell::Range((low, high), decimals) => write!(f, "{low:.decimals$}..{high:.decimals$}"),
            Cell::Text(text) => f.write_str(text),
            Cell::Empty => f.write_str("-"),
        }
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let row = |row: &Row| row.cells.iter().map(Cell::to_string).collect();
        let rows: Vec<(&str, Vec<String>)> = self.rows.iter().map(|it| (it.system.as_str(), row(it))).collect();
        f.write_str(&page::text_table(&self.title, &self.columns, &rows))?;
        for note in &self.notes {
            writeln!(f, "  {note}")?;
        }
        Ok(())
    }
}
