//! Colours of a picture: one hue from pale to deep in equal steps for the eye, and ink that can be read on it.

use std::fmt;

/// A colour of the screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Rgb(pub [u8; 3]);

impl fmt::Display for Rgb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [r, g, b] = self.0;
        write!(f, "#{r:02x}{g:02x}{b:02x}")
    }
}

pub(super) const BLACK: Rgb = Rgb([0; 3]);
pub(super) const WHITE: Rgb = Rgb([255; 3]);

/// Something's colour on a light and on a dark background.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Paint {
    pub light: Rgb,
    pub dark: Rgb,
}

/// The shade of a share in [0, 1]: from almost the background to the strongest contrast with it. The square root lets
/// small shares be told apart.
pub(super) fn shade(share: f64) -> Paint {
    let t = share.clamp(0.0, 1.0).sqrt();
    let mix = |from: f64, to: f64| from + t * (to - from);
    // Chroma is largest in the middle, where the screen has most of it.
    let bow = 4.0 * t * (1.0 - t);
    Paint {
        light: oklch(mix(0.965, 0.33), mix(0.012, 0.09) + 0.05 * bow),
        dark: oklch(mix(0.30, 0.92), mix(0.03, 0.04) + 0.07 * bow),
    }
}

/// Black or white, whichever is easier to read on a colour; the contrast is at least 4.58 on any.
pub(super) fn ink(on: Rgb) -> Rgb {
    if contrast(BLACK, on) >= contrast(WHITE, on) { BLACK } else { WHITE }
}

/// Contrast of two colours as accessibility guidelines (WCAG 2) define it: 1 to 21; text wants 4.5.
pub(super) fn contrast(a: Rgb, b: Rgb) -> f64 {
    let (a, b) = (luminance(a), luminance(b));
    (a.max(b) + 0.05) / (a.min(b) + 0.05)
}

fn luminance(Rgb(channels): Rgb) -> f64 {
    let [r, g, b] = channels.map(|c| {
        let c = f64::from(c) / 255.0;
        if c <= 0.04045 { c / 12.92 } else { ((c + 0.055) / 1.055).powf(2.4) }
    });
    0.2126 * r + 0.7152 * g + 0.0722 * b
}

/// A blue by lightness and chroma in Oklab, where equal distances look equal (Ottosson 2020).
fn oklch(lightness: f64, chroma: f64) -> Rgb {
    const HUE: f64 = 256.0;
    let (sin, cos) = HUE.to_radians().sin_cos();
    let (a, b) = (chroma * cos, chroma * sin);
    let l = (lightness + 0.396_337_777_4 * a + 0.215_803_757_3 * b).powi(3);
    let m = (lightness - 0.105_561_345_8 * a - 0.063_854_172_8 * b).powi(3);
    let s = (lightness - 0.089_484_177_5 * a - 1.291_485_548_0 * b).powi(3);
    let linear = [
        4.076_741_662_1 * l - 3.307_711_591_3 * m + 0.230_969_929_2 * s,
        -1.268_438_004_6 * l + 2.609_757_401_1 * m - 0.341_319_396_5 * s,
        -0.004_196_086_3 * l - 0.703_418_614_7 * m + 1.707_614_701_0 * s,
    ];
    Rgb(linear.map(|c| {
        let c = c.clamp(0.0, 1.0);
        let c = if c <= 0.003_130_8 { 12.92 * c } else { 1.055 * c.powf(1.0 / 2.4) - 0.055 };
        (255.0 * c).round() as u8
    }))
}
