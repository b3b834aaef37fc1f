//! A table: columns as wide as their widest cell.

/// The rows, aligned, below their heading.
pub fn table<const N: usize>(heading: [&str; N], rows: &[[String; N]]) -> String {
    let heading = heading.map(str::to_owned);
    let mut widths = [0; N];
    for row in rows.iter().chain([&heading]) {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let line = |row: &[String; N]| {
        let mut line = String::new();
        for (width, cell) in widths.iter().zip(row) {
            line.push_str(cell);
            let room = width - cell.chars().count() + 2;
            line.extend(std::iter::repeat_n(' ', room));
        }
        line.trim_end().to_owned()
    };
    let lines: Vec<String> = std::iter::once(&heading).chain(rows).map(line).collect();
    lines.join("\n")
}

#[cfg(test)]
#[allow(non_snake_case)]
mod tests {
    use super::*;

    #[test]
    fn table__cells_of_different_width__aligned() {
        let rows = [["a".to_owned(), "bcd".to_owned()], ["\u{fc}ber".to_owned(), "e".to_owned()]];
        assert_eq!(table(["X", "YY"], &rows), "X     YY\na     bcd\n\u{fc}ber  e");
    }
}
