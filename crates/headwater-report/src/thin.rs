//! Fewer points that look the same: what a picture of a few hundred pixels can show of a long series or a large cloud.

use std::collections::HashMap;

/// Thins a line to at most `most` points: the x axis is cut into buckets, and the lowest and the highest point of each
/// stay, with the first and the last of all, so that no peak is lost. A line that is short enough stays as it is.
pub fn line(points: &[[f64; 4]], most: usize) -> Vec<[f64; 4]> {
    let most = most.max(4);
    if points.len() <= most {
        return points.to_vec();
    }
    let buckets = (most - 2) / 2;
    let (first, inner, last) = (points[0], &points[1..points.len() - 1], points[points.len() - 1]);
    let mut out = vec![first];
    for b in 0..buckets {
        let bucket = &inner[b * inner.len() / buckets..(b + 1) * inner.len() / buckets];
        let finite = || (0..bucket.len()).filter(|&i| bucket[i][1].is_finite());
        let low = finite().min_by(|&i, &j| bucket[i][1].total_cmp(&bucket[j][1]));
        let high = finite().max_by(|&i, &j| bucket[i][1].total_cmp(&bucket[j][1]));
        let (Some(low), Some(high)) = (low, high) else { continue };
        out.push(bucket[low.min(high)]);
        if low != high {
            out.push(bucket[low.max(high)]);
        }
    }
    out.push(last);
    out
}

/// Thins a line with a band to at most `most` points: in each bucket the mean of the line, and the lowest and highest
/// end of the band.
pub fn band(points: &[[f64; 4]], most: usize) -> Vec<[f64; 4]> {
    let most = most.max(2);
    if points.len() <= most {
        return points.to_vec();
    }
    let merged = |bucket: &[[f64; 4]]| {
        let mean = |i: usize| bucket.iter().map(|p| p[i]).sum::<f64>() / bucket.len() as f64;
        let low = bucket.iter().fold(f64::INFINITY, |low, p| low.min(p[2]));
        let high = bucket.iter().fold(f64::NEG_INFINITY, |high, p| high.max(p[3]));
        [mean(0), mean(1), low, high]
    };
    (0..most).map(|b| merged(&points[b * points.len() / most..(b + 1) * points.len() / most])).collect()
}

/// Numbers of at most `most` points that cover the same places: the plane within the points' bounds is cut into cells,
/// coarser ones until few enough are occupied, and the first point of each stays. Points that are not finite go.
pub fn cloud(points: &[[f64; 2]], most: usize) -> Vec<usize> {
    let finite: Vec<usize> = (0..points.len()).filter(|&i| points[i].iter().all(|v| v.is_finite())).collect();
    if finite.len() <= most {
        return finite;
    }
    let (mut low, mut high) = ([f64::INFINITY; 2], [f64::NEG_INFINITY; 2]);
    for &i in &finite {
        for d in 0..2 {
            low[d] = low[d].min(points[i][d]);
            high[d] = high[d].max(points[i][d]);
        }
    }
    let mut cells = 400.0;
    loop {
        let mut kept = HashMap::new();
        for &i in &finite {
            let at = |d: usize| {
                let share = (points[i][d] - low[d]) / (high[d] - low[d]).max(f64::MIN_POSITIVE);
                (share * cells) as u32
            };
            kept.entry((at(0), at(1))).or_insert(i);
        }
        if kept.len() <= most || cells < 2.0 {
            let mut kept: Vec<usize> = kept.into_values().collect();
            kept.sort_unstable();
            return kept;
        }
        cells *= 0.8;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_line_keeps_its_peaks_and_its_ends() {
        let n = 100_000;
        let point = |i: usize| {
            let y = if i == 77_777 { 50.0 } else { (i as f64 * 0.01).sin() };
            [i as f64, y, y, y]
        };
        let points: Vec<[f64; 4]> = (0..n).map(point).collect();
        let thin = line(&points, 500);
        assert!(thin.len() <= 500, "{}", thin.len());
        assert!(thin.contains(&points[77_777]) && thin[0] == points[0] && thin.last() == points.last());
        assert!(thin.windows(2).all(|w| w[0][0] < w[1][0]), "in order");
        assert_eq!(line(&points[..500], 500), points[..500]);
    }

    #[test]
    fn a_band_covers_what_it_covered() {
        let points: Vec<[f64; 4]> =
            (0..1000).map(|i| [f64::from(i), 1.0, -f64::from(i), f64::from(i)]).collect();
        let thin = band(&points, 10);
        assert_eq!(thin.len(), 10);
        assert_eq!(thin[9], [949.5, 1.0, -999.0, 999.0]);
        let holes: Vec<[f64; 4]> = (0..1000).map(|i| [f64::from(i), f64::NAN, 0.0, 0.0]).collect();
        assert_eq!(line(&holes, 100).len(), 2);
    }

    #[test]
    fn a_cloud_keeps_its_outline() {
        let points: Vec<[f64; 2]> = (0..50_000)
            .map(|i| [f64::from(i % 251) / 250.0, f64::from(i % 241) / 240.0])
            .chain([[5.0, 5.0], [f64::NAN, 0.0]])
            .collect();
        let kept = cloud(&points, 1000);
        assert!(kept.len() <= 1000 && kept.len() > 100, "{}", kept.len());
        assert!(kept.contains(&50_000), "what lies alone stays");
        assert!(!kept.contains(&50_001));
        assert_eq!(cloud(&[[1.0, 1.0]; 2000], 1000).len(), 1);
    }
}
