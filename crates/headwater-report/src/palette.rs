//! Colours on light and on dark ground, as attributes of shapes and as one style sheet that changes them in the dark.

use std::fmt::Write;

/// What something is painted with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ink {
    /// Text.
    Text,
    /// Text of less weight.
    Soft,
    /// Lines of a grid.
    Grid,
    /// The ground.
    Ground,
    /// One of the eight colours; numbers beyond begin anew.
    Series(usize),
}

/// Name, colour on light ground, colour on dark ground.
const INKS: [(&str, &str, &str); 12] = [
    ("hwp-text", "#1b1f24", "#e6e9ed"),
    ("hwp-soft", "#565e6a", "#a6aeb9"),
    ("hwp-grid", "#dde1e7", "#323a45"),
    ("hwp-ground", "#ffffff", "#12161c"),
    ("hwp-0", "#0068a5", "#4ea8de"),
    ("hwp-1", "#c44601", "#f28a45"),
    ("hwp-2", "#00785a", "#3dc79a"),
    ("hwp-3", "#b0508a", "#e59ac6"),
    ("hwp-4", "#8a6500", "#e6b422"),
    ("hwp-5", "#2a83b8", "#9ad8f8"),
    ("hwp-6", "#6a4590", "#b79ae0"),
    ("hwp-7", "#5f6670", "#b4bac3"),
];

impl Ink {
    fn parts(self) -> (&'static str, &'static str, &'static str) {
        INKS[match self {
            Self::Text => 0,
            Self::Soft => 1,
            Self::Grid => 2,
            Self::Ground => 3,
            Self::Series(i) => 4 + i % 8,
        }]
    }

    /// Attributes of a filled shape.
    pub fn fill(self) -> String {
        let (name, light, _) = self.parts();
        format!("class=\"{name}\" fill=\"{light}\"")
    }

    /// Attributes of a line.
    pub fn stroke(self) -> String {
        let (name, light, _) = self.parts();
        format!("class=\"{name}-line\" stroke=\"{light}\"")
    }
}

/// The style sheet of pictures: what dark ground changes, on screens only.
pub fn style() -> String {
    let mut out = "@media screen and (prefers-color-scheme: dark) {\n".to_owned();
    for (name, _, dark) in INKS {
        writeln!(out, ".{name} {{ fill: {dark} }} .{name}-line {{ stroke: {dark} }}")
            .expect("a string takes any text");
    }
    out + "}\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Relative luminance of `#rrggbb` as WCAG 2 defines it.
    fn luminance(colour: &str) -> f64 {
        let channel = |i: usize| {
            let c = f64::from(u8::from_str_radix(&colour[i..i + 2], 16).unwrap()) / 255.0;
            if c <= 0.04045 { c / 12.92 } else { ((c + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * channel(1) + 0.7152 * channel(3) + 0.0722 * channel(5)
    }

    fn contrast(a: &str, b: &str) -> f64 {
        let (a, b) = (luminance(a), luminance(b));
        (a.max(b) + 0.05) / (a.min(b) + 0.05)
    }

    #[test]
    fn text_and_lines_stand_out_from_light_and_dark_ground() {
        assert!((contrast("#000000", "#ffffff") - 21.0).abs() < 1e-9);
        let (_, light, dark) = Ink::Ground.parts();
        for (name, on_light, on_dark) in INKS {
            let least = match name {
                // WCAG 2 AA: 4.5 for text, 3 for what a picture means something by; grids mean nothing.
                "hwp-text" | "hwp-soft" => 4.5,
                "hwp-grid" | "hwp-ground" => 1.0,
                _ => 3.0,
            };
            for (colour, ground) in [(on_light, light), (on_dark, dark)] {
                let is = contrast(colour, ground);
                assert!(is >= least, "{name}: {colour} on {ground} has {is:.2}");
            }
        }
    }

    /// The colours of the page itself, from its style sheet: text, soft text, links and marks on their grounds.
    #[test]
    fn the_page_is_readable_in_both_modes() {
        let css = crate::page::CSS;
        let (light, dark) = css.split_once("prefers-color-scheme: dark").unwrap();
        for part in [light, dark] {
            let of = |name: &str| {
                let at =
                    part.find(&format!("--{name}: #")).unwrap_or_else(|| panic!("{name}")) + name.len() + 4;
                &part[at..at + 7]
            };
            for text in ["text", "soft", "link", "good", "bad"] {
                for ground in ["ground", "card"] {
                    let is = contrast(of(text), of(ground));
                    assert!(is >= 4.5, "{text} {} on {ground} {} has {is:.2}", of(text), of(ground));
                }
            }
            assert!(contrast(of("focus"), of("ground")) >= 3.0);
        }
    }
}
