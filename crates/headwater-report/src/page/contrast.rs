//! Colours of pictures and of the page against their grounds, as WCAG 2 asks.

#![allow(clippy::unwrap_used)]

use headwater_core::picture::PALETTE;

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
    let of = |class: &str| {
        let (_, light, dark) = PALETTE.iter().find(|(name, ..)| *name == class).unwrap();
        [light, dark]
    };
    // WCAG 2 AA: 4.5 for text. Categories have text in the colour of the ground on them; what is faint means nothing by
    // itself, but there is text on it.
    let texts = PALETTE.iter().map(|(class, ..)| (*class, "hw-ground"));
    let texts = texts.filter(|(class, _)| !["hw-ground", "hw-faint"].contains(class));
    for (text, ground) in texts.chain([("hw-soft", "hw-faint"), ("hw-ink", "hw-faint")]) {
        for (text, ground) in of(text).into_iter().zip(of(ground)) {
            let is = contrast(text, ground);
            assert!(is >= 4.5, "{text} on {ground} has {is:.2}");
        }
    }
}

/// The colours of the page itself, from its style sheet: text, soft text, links and marks on their grounds.
#[test]
fn the_page_is_readable_in_both_modes() {
    let css = super::FIGURES_CSS;
    let (light, dark) = css.split_once("prefers-color-scheme: dark").unwrap();
    for part in [light, dark] {
        let of = |name: &str| {
            let at = part.find(&format!("--{name}: #")).unwrap_or_else(|| panic!("{name}")) + name.len() + 4;
            &part[at..at + 7]
        };
        for text in ["text", "soft", "link", "good", "warn", "bad"] {
            for ground in ["ground", "card"] {
                let is = contrast(of(text), of(ground));
                assert!(is >= 4.5, "{text} {} on {ground} {} has {is:.2}", of(text), of(ground));
            }
        }
        assert!(contrast(of("focus"), of("ground")) >= 3.0);
    }
}
