//! The picture of the README: a target distribution and what a sampler made of it, cell by cell.

use std::fmt::Write;

use crate::shell::{headwater, output, root, run, scratch, write};
use crate::{Error, Verdict};

const CONFIG: &str = "configs/hypergrid.toml";
const SIDE: usize = 8;
const SETS: &[&str] = &["--set", "env.dim=2", "--set", "env.side=8"];

/// Size of a cell and of the margins around the two grids, in pixels.
const CELL: usize = 34;
const MARGIN: usize = 20;
const TOP: usize = 44;

/// A cell of the grid with its probabilities.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Object {
    cell: [usize; 2],
    target: f64,
    model: f64,
}

type Probability = fn(&Object) -> f64;

/// `cargo xtask figure`: trains, asks for both distributions, and draws them.
pub fn grid() -> Result<Verdict, Error> {
    let program = headwater("release")?;
    let out = scratch("figure")?;
    let out = out.to_string_lossy();
    output(run(&program, &[&["train", CONFIG, "--quiet", "--out", &out], SETS].concat()))?;
    let csv = output(run(&program, &[&["exact", CONFIG, "-o", "-", "--run", &out], SETS].concat()))?;
    let objects = csv.lines().skip(1).map(object).collect::<Option<Vec<_>>>();
    let objects = objects.ok_or("`headwater exact -o` does not write the columns that are drawn")?;
    let path = root().join("docs/images/grid.svg");
    write(&path, &draw(&objects))?;
    println!("wrote docs/images/grid.svg: {} cells", objects.len());
    Ok(Verdict::Clean)
}

/// Reads `"3,0",log_reward,log_target,log_p`.
fn object(line: &str) -> Option<Object> {
    let (text, numbers) = line.strip_prefix('"')?.split_once("\",")?;
    let (x, y) = text.split_once(',')?;
    let numbers: Vec<f64> = numbers.split(',').map(|n| n.parse().ok()).collect::<Option<_>>()?;
    let [_, target, model] = numbers[..] else { return None };
    Some(Object { cell: [x.parse().ok()?, y.parse().ok()?], target: target.exp(), model: model.exp() })
}

fn draw(objects: &[Object]) -> String {
    let grid = SIDE * CELL;
    let (width, height) = (2 * grid + 3 * MARGIN, TOP + grid + TOP);
    let max = objects.iter().fold(0.0, |max: f64, o| max.max(o.target).max(o.model));
    let tv = 0.5 * objects.iter().map(|o| (o.target - o.model).abs()).sum::<f64>();
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" \
         height=\"{height}\" font-family=\"sans-serif\">\n\
         <title>An 8 by 8 grid: the target distribution and the trained sampler's</title>\n\
         <rect width=\"{width}\" height=\"{height}\" fill=\"#ffffff\"/>\n"
    );
    let panels: [(&str, Probability); 2] =
        [("target R(x) / Z", |o| o.target), ("trained sampler p(x)", |o| o.model)];
    for (i, (title, value)) in panels.into_iter().enumerate() {
        let left = MARGIN + i * (grid + MARGIN);
        text(&mut svg, left, TOP - 14, 16, title);
        for o in objects {
            let (x, y) = (left + o.cell[0] * CELL, TOP + (SIDE - 1 - o.cell[1]) * CELL);
            let p = value(o);
            let size = CELL - 1;
            let fill = colour(p / max);
            writeln!(
                svg,
                "<rect x=\"{x}\" y=\"{y}\" width=\"{size}\" height=\"{size}\" fill=\"{fill}\">\
                 <title>{},{}: {p:.5}</title></rect>",
                o.cell[0], o.cell[1],
            )
            .expect("a string takes any text");
        }
    }
    let legend = format!("white: 0; darkest: {max:.3}; total variation between the two, exact: {tv:.0e}");
    text(&mut svg, MARGIN, TOP + grid + 26, 14, &legend);
    svg.push_str("</svg>\n");
    svg
}

fn text(svg: &mut String, x: usize, y: usize, size: usize, text: &str) {
    writeln!(svg, "<text x=\"{x}\" y=\"{y}\" font-size=\"{size}\" fill=\"#1b1b1b\">{text}</text>")
        .expect("a string takes any text");
}

/// From white to dark blue. The square root lets small probabilities be seen.
fn colour(share: f64) -> String {
    let t = share.clamp(0.0, 1.0).sqrt();
    let [r, g, b] = [(255.0, 12.0), (255.0, 44.0), (255.0, 96.0)].map(|(from, to)| from + t * (to - from));
    format!("#{:02x}{:02x}{:02x}", r.round() as u8, g.round() as u8, b.round() as u8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_of_the_csv_are_read() {
        let read = object("\"3,0\",1.5,0,-inf").unwrap();
        assert_eq!(read, Object { cell: [3, 0], target: 1.0, model: 0.0 });
        assert_eq!(object("3,0,1.5,0"), None);
        assert_eq!((colour(0.0), colour(1.0)), ("#ffffff".to_owned(), "#0c2c60".to_owned()));
    }
}
