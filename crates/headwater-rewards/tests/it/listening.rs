//! A listener that remembers.

use std::ops::Range;

use headwater_rewards::Listener;

/// Told which ranges were answered so far.
pub type AtPause<'a> = dyn Fn(&[Range<usize>]) + 'a;

/// What a listener has heard.
#[derive(Default)]
pub struct Heard<'a> {
    pub calls: usize,
    /// What was reported, in order.
    pub places: Vec<Range<usize>>,
    pub scores: Vec<f64>,
    pub voids: usize,
    /// Is told of the places at every pause.
    pub at_pause: Option<&'a AtPause<'a>>,
}

impl Listener for Heard<'_> {
    fn called(&mut self, n: usize) {
        self.calls += n;
    }

    fn scored(&mut self, places: Range<usize>, scores: &[f64]) {
        assert_eq!(places.len(), scores.len());
        self.places.push(places);
        self.scores.extend(scores);
    }

    fn pause(&mut self) {
        self.at_pause.iter().for_each(|f| f(&self.places));
    }

    fn void(&mut self) {
        self.voids += 1;
    }

    fn may_repeat(&mut self) -> bool {
        true
    }
}
