//! How a tree looks: its root on the left, names on the right, supports at the nodes.

use headwater_core::picture::{Anchor, Paint, Picture};

use super::Tree;

/// Pixels between leaves.
const LINE: f64 = 20.0;
/// Pixels between a node and its children.
const STEP: f64 = 34.0;
/// Pixels of a letter.
const LETTER: f64 = 7.2;
const MARGIN: f64 = 16.0;

impl Tree {
    /// A picture of the tree. Leaves are below each other; a node is as far from the right as its deepest leaf is below it.
    /// Labels of inner nodes stand at their branches.
    pub fn picture(&self) -> Picture {
        let leaves = self.leaves();
        let letters = leaves.iter().map(|name| name.chars().count()).max().unwrap_or(0);
        let right = MARGIN + STEP * self.height() as f64;
        let width = right + 8.0 + LETTER * letters as f64 + MARGIN;
        let mut picture = Picture::new(width, 2.0 * MARGIN + LINE * leaves.len() as f64);
        let mut row = 0;
        self.draw(&mut picture, right, &mut row);
        picture
    }

    /// Edges to the deepest leaf.
    fn height(&self) -> usize {
        self.children.iter().map(|child| 1 + child.height()).max().unwrap_or(0)
    }

    /// Draws what is below a node, and returns where the node is.
    fn draw(&self, picture: &mut Picture, right: f64, row: &mut usize) -> [f64; 2] {
        let x = right - STEP * self.height() as f64;
        if self.is_leaf() {
            let y = MARGIN + LINE * (*row as f64 + 0.5);
            *row += 1;
            picture.text([right + 8.0, y], 13.0, Anchor::Start, Paint::Ink, &self.label);
            return [x, y];
        }
        let places: Vec<[f64; 2]> =
            self.children.iter().map(|child| child.draw(picture, right, row)).collect();
        let (first, last) = (places[0][1], places[places.len() - 1][1]);
        picture.line(&[[x, first], [x, last]], 1.5, Paint::Ink);
        for (child, place) in self.children.iter().zip(&places) {
            picture.line(&[[x - 0.75, place[1]], *place], 1.5, Paint::Ink);
            if !child.is_leaf() && !child.label.is_empty() {
                picture.text(
                    [place[0] - 4.0, place[1] - 7.0],
                    10.0,
                    Anchor::End,
                    Paint::Category(0),
                    &child.label,
                );
            }
        }
        [x, (first + last) / 2.0]
    }
}
