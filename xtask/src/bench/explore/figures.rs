//! How figures are written in the tables.

pub(super) fn or_dash(text: Option<String>) -> String {
    text.unwrap_or_else(|| String::from("-"))
}

pub(super) fn yes_or_no(yes: bool) -> String {
    String::from(if yes { "yes" } else { "no" })
}

/// A rate, to three figures: more would be noise.
pub(super) fn thousands(rate: f64) -> String {
    let unit = 10f64.powf(rate.max(1.0).log10().floor() - 2.0).max(1.0);
    digits(((rate / unit).round() * unit) as u64)
}

/// A number with its digits in groups of three.
pub(super) fn digits(number: u64) -> String {
    let text = number.to_string();
    let mut grouped = String::new();
    for (place, digit) in text.chars().enumerate() {
        if place > 0 && (text.len() - place).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

pub(super) fn duration(seconds: f64) -> String {
    match seconds {
        ..0.0995 => format!("{:.1} ms", seconds * 1e3),
        ..0.9995 => format!("{:.0} ms", seconds * 1e3),
        _ => format!("{seconds:.1} s"),
    }
}

pub(super) fn microseconds(seconds: f64) -> String {
    format!("{:.1} us", seconds * 1e6)
}

pub(super) fn mebibytes(bytes: u64) -> String {
    format!("{:.1} MiB", bytes as f64 / f64::from(1 << 20))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_short() {
        let rates = [4.2, 999.6, 12_345.0, 1_234_567.0].map(thousands);
        assert_eq!(rates, ["4", "1,000", "12,300", "1,230,000"]);
        assert_eq!([0.0012, 0.25, 12.34].map(duration), ["1.2 ms", "250 ms", "12.3 s"]);
    }
}
