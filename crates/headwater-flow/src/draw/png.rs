//! SVG to pixels.

use std::sync::Arc;

use resvg::tiny_skia::{Pixmap, Transform};
use resvg::usvg::{Options, Tree, fontdb};

/// Most pixels of a picture: 400 MB while it is drawn.
const MOST: f64 = 1e8;

/// Why there is no PNG.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum PngError {
    /// The system has no fonts, so that the picture would have no text.
    #[error(
        "no fonts are installed, so that a PNG would be without text: install one, such as DejaVu, or write SVG"
    )]
    NoFonts,
    /// The picture is empty or has too many pixels at this scale.
    #[error("{width} × {height} pixels at scale {scale}; expected 1 to 10^8 in all: choose another scale")]
    Size {
        /// Pixels across, at scale one.
        width: f32,
        /// Pixels down, at scale one.
        height: f32,
        /// The scale.
        scale: f32,
    },
    /// The text is no SVG, or its pixels cannot be written.
    #[error("cannot draw the picture: {0}")]
    Broken(String),
}

/// The pixels of an SVG in the light theme, `scale` of them for each of its own, as a PNG file. Text is set in the
/// fonts of the system, which are read anew at each call.
///
/// # Errors
/// If there are no fonts, the picture has too many pixels, or the text is no SVG.
pub fn png(svg: &str, scale: f32) -> Result<Vec<u8>, PngError> {
    let options = Options { fontdb: Arc::new(fonts()?), ..Options::default() };
    let broken = |error: &dyn std::fmt::Display| PngError::Broken(error.to_string());
    let tree = Tree::from_str(svg, &options).map_err(|e| broken(&e))?;
    let size = tree.size();
    let [width, height] = [size.width(), size.height()].map(|side| (side * scale).ceil());
    let good = width >= 1.0 && height >= 1.0 && f64::from(width) * f64::from(height) <= MOST;
    let pixmap = good.then(|| Pixmap::new(width as u32, height as u32)).flatten();
    let Some(mut pixmap) = pixmap else {
        return Err(PngError::Size { width: size.width(), height: size.height(), scale });
    };
    resvg::render(&tree, Transform::from_scale(scale, scale), &mut pixmap.as_mut());
    pixmap.encode_png().map_err(|e| broken(&e))
}

/// The system's fonts, where `sans-serif` is one that exists.
fn fonts() -> Result<fontdb::Database, PngError> {
    const USUAL: [&str; 7] =
        ["Noto Sans", "Liberation Sans", "DejaVu Sans", "Arial", "Helvetica", "Helvetica Neue", "Segoe UI"];
    let mut fonts = fontdb::Database::new();
    fonts.load_system_fonts();
    let has = |name: &str| fonts.faces().any(|face| face.families.iter().any(|(family, _)| family == name));
    let any = fonts.faces().find_map(|face| face.families.first().map(|(family, _)| family.clone()));
    let usual = USUAL.into_iter().find(|name| has(name)).map(str::to_owned);
    let family = usual.or(any).ok_or(PngError::NoFonts)?;
    // The last resort of text in an unknown font is the serif one.
    fonts.set_serif_family(family.clone());
    fonts.set_sans_serif_family(family);
    Ok(fonts)
}
