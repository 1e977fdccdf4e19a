//! A picture with what is said of it, as SVG and as CSV.

use crate::plot::{Bars, Chart, Heat, Scatter};

/// What is drawn.
#[derive(Clone, Debug)]
pub enum Plot {
    /// Lines over a common axis.
    Lines(Chart),
    /// Objects by log R and log p.
    Scatter(Scatter),
    /// Two distributions over bins.
    Bars(Bars),
    /// Two distributions over a grid.
    Heat(Heat),
}

/// A picture with its name and what is said of it.
#[derive(Clone, Debug)]
pub struct Figure {
    /// Its name: that of its files, and of its place in the page. Letters, digits and hyphens.
    pub id: String,
    /// What is said of it.
    pub caption: String,
    /// The picture.
    pub plot: Plot,
}

impl Figure {
    /// A figure; characters that a name of a file cannot have become hyphens.
    pub fn new(id: impl Into<String>, caption: impl Into<String>, plot: Plot) -> Self {
        let ok = |c: char| if c.is_ascii_alphanumeric() { c } else { '-' };
        let id: String = id.into().chars().map(ok).collect();
        Self { id, caption: caption.into(), plot }
    }

    /// The picture as a file of its own.
    pub fn svg(&self) -> String {
        self.draw(true)
    }

    /// The picture as an element of a page, which has the style sheet of pictures once.
    pub(crate) fn inline(&self) -> String {
        self.draw(false)
    }

    fn draw(&self, alone: bool) -> String {
        match &self.plot {
            Plot::Lines(p) => p.draw(&self.id, alone),
            Plot::Scatter(p) => p.draw(&self.id, alone),
            Plot::Bars(p) => p.draw(&self.id, alone),
            Plot::Heat(p) => p.draw(&self.id, alone),
        }
    }

    /// What was drawn, as numbers.
    pub fn csv(&self) -> String {
        match &self.plot {
            Plot::Lines(p) => p.csv(),
            Plot::Scatter(p) => p.csv(),
            Plot::Bars(p) => p.csv(),
            Plot::Heat(p) => p.csv(),
        }
    }

    /// The kind of the picture, for scripts.
    pub(crate) fn kind(&self) -> &'static str {
        match &self.plot {
            Plot::Lines(_) => "lines",
            Plot::Scatter(_) => "scatter",
            Plot::Bars(_) | Plot::Heat(_) => "marks",
        }
    }
}
