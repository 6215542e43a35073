//! What is printed.

use crate::stats::Sorted;
use std::fmt;

/// The result of one measurement: a line per system.
#[derive(Debug)]
pub(crate) struct Table {
    pub(crate) title: String,
    pub(crate) columns: &'static [&'static str],
    pub(crate) rows: Vec<Row>,
    /// What a reader must know of it.
    pub(crate) notes: Vec<String>,
}

#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) system: &'static str,
    pub(crate) cells: Vec<Cell>,
}

/// A figure with the number of decimals that mean something.
#[derive(Debug)]
pub(crate) enum Cell {
    Number(f64, usize),
    Range((f64, f64), usize),
    /// Not measured, or without meaning here.
    Empty,
}

impl Cell {
    pub(crate) fn median(values: &Sorted, decimals: usize) -> Self {
        Cell::Number(values.median(), decimals)
    }
}

impl fmt::Display for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Cell::Number(number, decimals) => write!(f, "{number:.decimals$}"),
            Cell::Range((low, high), decimals) => write!(f, "{low:.decimals$}..{high:.decimals$}"),
            Cell::Empty => f.write_str("-"),
        }
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let texts: Vec<Vec<String>> =
            self.rows.iter().map(|row| row.cells.iter().map(Cell::to_string).collect()).collect();
        let name = self.rows.iter().map(|row| row.system.len()).max().unwrap_or(0);
        let width = |column: usize| {
            let cells = texts.iter().filter_map(|row| row.get(column)).map(String::len);
            cells.chain([self.columns[column].len()]).max().unwrap_or(0)
        };
        let widths: Vec<usize> = (0..self.columns.len()).map(width).collect();

        writeln!(f, "{}", self.title)?;
        write!(f, "  {:name$}", "")?;
        for (column, width) in self.columns.iter().zip(&widths) {
            write!(f, "  {column:>width$}")?;
        }
        writeln!(f)?;
        for (row, texts) in self.rows.iter().zip(&texts) {
            write!(f, "  {:name$}", row.system)?;
            for (text, width) in texts.iter().zip(&widths) {
                write!(f, "  {text:>width$}")?;
            }
            writeln!(f)?;
        }
        for note in &self.notes {
            writeln!(f, "  {note}")?;
        }
        Ok(())
    }
}
