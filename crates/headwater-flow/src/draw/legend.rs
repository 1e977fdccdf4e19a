//! What the marks of a picture mean, those that it has.

use super::Picture;
use super::bands::{HAIR, NONE};
use super::colour::shade;
use super::layout::{Layout, Point, Rect};
use super::svg::{BAND, HAIRLINE, LESS, SMALL, SOFT, Svg, fill, longest};
use super::text::{number, per_cent, width};

/// Height of a line of the legend, and the room between its items.
const LINE: f64 = 20.0;
const GAP: f64 = 22.0;

/// A legend; its origin is the upper left corner.
pub(super) struct Legend {
    pub svg: String,
    pub height: f64,
}

/// A sample of a mark.
enum Sample {
    Shades,
    Band,
    Hair,
    None,
    More,
    Less,
    Bar,
}

impl Sample {
    fn width(&self) -> f64 {
        match self {
            Self::Shades => 72.0,
            _ => 26.0,
        }
    }

    /// Draws the sample from a point on, on the middle of its line.
    fn draw(&self, svg: &mut Svg, [x, y]: Point) {
        const STEPS: usize = 12;
        let mut line = |class: &str, colour: &str, thick: f64| {
            svg.push(format_args!(
                "<path class=\"{class}\" d=\"M{x:.1} {y:.1}h26\" stroke=\"{colour}\" stroke-width=\"{thick}\"/>\n"
            ));
        };
        match self {
            Self::Band => line("band", BAND, 9.0),
            Self::Hair => line("hair", HAIRLINE, HAIR),
            Self::None => line("none", "#c4c4c4", NONE),
            Self::More => {
                line("more", "#ee9f45", 11.0);
                line("band", BAND, 5.0);
            }
            Self::Less => {
                line("less", LESS, 11.0);
                line("band", BAND, 5.0);
            }
            Self::Bar => svg.bar([x, y], 9.0, 26.0, 18.0),
            Self::Shades => {
                for i in 0..STEPS {
                    let paint = shade((i as f64 / (STEPS - 1) as f64).powi(2));
                    let w = self.width() / STEPS as f64;
                    let step = Rect { x: x + i as f64 * w, y: y - 5.0, w: w + 0.2, h: 10.0 };
                    svg.rect(step, &fill("shade", paint.light, paint.dark));
                }
            }
        }
    }
}

/// The legend of a picture, in lines of at most this width.
pub(super) fn legend(picture: &Picture<'_>, layout: &Layout, most: f64) -> Legend {
    let mut svg = Svg(String::new());
    let (mut x, mut y) = (0.0, 1.8 * LINE);
    for (sample, text) in items(picture, layout) {
        let w = sample.width() + 8.0 + width(&text, SMALL);
        if x > 0.0 && x + w > most {
            (x, y) = (0.0, y + LINE);
        }
        sample.draw(&mut svg, [x, y]);
        svg.text([x + sample.width() + 8.0, y], SMALL, SOFT, &text);
        x += w + GAP;
    }
    Legend { svg: svg.0, height: y + LINE / 2.0 }
}

/// What there is to explain.
fn items(picture: &Picture<'_>, layout: &Layout) -> Vec<(Sample, String)> {
    let bands = &layout.bands;
    let any = |is: &dyn Fn(f64) -> bool| bands.edge.iter().any(|&w| is(w));
    let idle = picture.flow.state.contains(&f64::NEG_INFINITY) || any(&|w| w < HAIR);
    let mut items = vec![
        (Sample::Shades, "node: flow through it, from 0 to Z".to_owned()),
        (Sample::Band, "edge: width and number are its flow".to_owned()),
    ];
    if !layout.style.labels {
        items[1].1 = "edge: width is its flow".to_owned();
    }
    if any(&|w| w == HAIR) {
        let least = per_cent((HAIR / layout.style.unit).ln());
        items.push((Sample::Hair, format!("below {least} of Z")));
    }
    if idle {
        items.push((Sample::None, "no flow".to_owned()));
    }
    if let Some(learned) = &bands.learned {
        let differs =
            |is: &dyn Fn(f64, f64) -> bool| learned.iter().zip(&bands.edge).any(|(l, e)| is(*l, *e));
        if differs(&|l, e| l > e + 0.5) {
            items.push((Sample::More, "learned flow is larger".to_owned()));
        }
        if differs(&|l, e| l < e - 0.5) {
            items.push((Sample::Less, "learned flow is smaller".to_owned()));
        }
    }
    let longest = number(longest(picture).ln(), 3);
    items.push((Sample::Bar, format!("outline R/Z, filling p(x), longest {longest}; number: reward R")));
    items
}
