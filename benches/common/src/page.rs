//! Pages that load nothing from elsewhere, and tables as text.

use std::fmt::Write;

/// The text, escaped for HTML and for attributes in double quotes.
///
/// # Examples
///
/// ```
/// assert_eq!(sharded_bench_common::page::escape("a<b & \"c\""), "a&lt;b &amp; &quot;c&quot;");
/// ```
#[must_use]
pub fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

const STYLE: &str = "\
body { font: 15px/1.5 system-ui, 'Segoe UI', sans-serif; max-width: 62rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.15rem; margin-top: 2.5rem; } p, dd { max-width: 46rem; }
svg { width: 100%; height: auto; display: block; margin: 1rem 0; } pre { overflow: auto; }
.scroll { overflow-x: auto; } table { border-collapse: collapse; font-size: 0.85rem; font-variant-numeric: tabular-nums; margin: 0.3rem 0 1.2rem; }
th, td { padding: 0.15rem 0.7rem; text-align: right; white-space: nowrap; border-bottom: 1px solid; }
th { font-weight: 500; } th:first-child, td:first-child { text-align: left; }
tr.ours td:first-child { font-weight: 700; } caption { text-align: left; font-weight: 600; padding-bottom: 0.2rem; }
.note, summary { font-size: 0.85rem; } code { font-size: 0.85em; overflow-wrap: anywhere; } summary { cursor: pointer; }
";

/// The colours by day and by night. They stand in each rule, because not every viewer of an SVG file knows variables.
fn colours(root: &str) -> String {
    let coloured = |ink: &str, soft: &str, rule: &str, paper: &str| {
        format!(
            "{root} {{ color: {ink}; background: {paper}; }} th, .note, summary {{ color: {soft}; }} \
             th, td {{ border-color: {rule}; }}"
        )
    };
    let (day, night) =
        (coloured("#1c1b19", "#66645e", "#e4e2dc", "#fff"), coloured("#eceae4", "#a5a29a", "#373631", "#1d1d1b"));
    format!("{day}\n@media (prefers-color-scheme: dark) {{ {night} }}\n")
}

/// A page with this title and this body, which is HTML.
///
/// # Examples
///
/// ```
/// let page = sharded_bench_common::page::page("a title", "<p>text</p>");
/// assert!(page.contains("<h1>a title</h1>") && page.contains("<p>text</p>"));
/// ```
#[must_use]
pub fn page(title: &str, body: &str) -> String {
    let (title, colours) = (escape(title), colours(":root"));
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width\">\n\
         <title>{title}</title>\n<style>\n{STYLE}{colours}</style>\n<h1>{title}</h1>\n{body}</html>\n"
    )
}

/// An `svg` element as a file of its own.
///
/// # Examples
///
/// ```
/// let file = sharded_bench_common::page::svg_file("<svg viewBox=\"0 0 1 1\">\n</svg>\n");
/// assert!(file.starts_with("<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 1 1\">\n<style>"));
/// ```
#[must_use]
pub fn svg_file(svg: &str) -> String {
    let svg = svg.replacen("<svg", "<svg xmlns=\"http://www.w3.org/2000/svg\"", 1);
    svg.replacen(">\n", &format!(">\n<style>\n{}</style>\n", colours("svg")), 1)
}

/// A table as text: a title, a line of columns, and a line for each row, which begins with its name.
///
/// # Panics
///
/// Never: a string takes all that is written.
///
/// # Examples
///
/// ```
/// use sharded_bench_common::page::text_table;
///
/// let columns = ["M/s".to_owned(), "range".to_owned()];
/// let rows = [("a map", vec!["12.5".to_owned(), "11..13".to_owned()])];
/// assert_eq!(text_table("hits", &columns, &rows), "hits\n          M/s   range\n  a map  12.5  11..13\n");
/// ```
#[must_use]
pub fn text_table(title: &str, columns: &[String], rows: &[(&str, Vec<String>)]) -> String {
    // Characters, not bytes: there are dashes and micros.
    let width = |text: &str| text.chars().count();
    let name_width = rows.iter().map(|(name, _)| width(name)).max().unwrap_or(0);
    let widths: Vec<usize> = columns
        .iter()
        .enumerate()
        .map(|(at, column)| {
            let cells = rows.iter().filter_map(|(_, cells)| cells.get(at));
            cells.chain([column]).map(|cell| width(cell)).max().unwrap_or(0)
        })
        .collect();
    let mut table = title.to_owned();
    for (name, cells) in [("", columns)].into_iter().chain(rows.iter().map(|(name, cells)| (*name, &cells[..]))) {
        let mut line = format!("\n  {name:name_width$}");
        for (cell, width) in cells.iter().zip(&widths) {
            write!(line, "  {cell:>width$}").expect("a string takes all that is written");
        }
        table += line.trim_end();
    }
    table + "\n"
}
