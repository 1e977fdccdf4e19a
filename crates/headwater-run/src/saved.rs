//! A trainer's state as a checkpoint, and back. Whatever grows with a run is an array: facts go into the header of the
//! file, which has a limit.

use std::sync::Arc;

use headwater_train::{Kept, TrainState, Trainer, Trajectories};

use crate::{Checkpoint, Data, RunError};

/// A trainer's state as a checkpoint.
pub(crate) fn pack(state: &TrainState) -> Checkpoint {
    let mut out = Checkpoint::new(state.step);
    for t in &state.params.tensors {
        let range = t.at..t.at + t.len();
        out.put(t.name.clone(), &t.shape, Data::F32(state.params.data[range.clone()].to_vec()));
        out.put(
            format!("adam.mean.{}", t.name),
            &t.shape,
            Data::F32(state.adam.mean[range.clone()].to_vec()),
        );
        out.put(format!("adam.square.{}", t.name), &t.shape, Data::F32(state.adam.square[range].to_vec()));
    }
    out.put("log_z", &[1], Data::F64(vec![state.log_z.unwrap_or(f64::NAN)]));
    out.put("adam.log_z", &[2], Data::F64(state.log_z_moments.to_vec()));
    for (name, value) in [
        ("adam_steps", state.adam.steps),
        ("trajectories", state.trajectories),
        ("transitions", state.transitions),
        ("reward_calls", state.reward_calls),
    ] {
        out.meta.insert(name.to_owned(), value.to_string());
    }
    put_texts(&mut out, "modes", &state.modes);
    let flights = &state.flights;
    put_lists(&mut out, "flights.dealt", flights.iter().map(|f| &*f.dealt));
    let lanes: Vec<u64> = flights.iter().map(|f| f.actions.len() as u64).collect();
    out.put("flights.lanes", &[lanes.len()], Data::U64(lanes));
    put_lists(&mut out, "flights.actions", flights.iter().flat_map(|f| &f.actions).map(|edges| &**edges));
    let kept = &state.kept;
    out.put("replay.log_reward", &[kept.log_reward.len()], Data::F64(kept.log_reward.clone()));
    put_texts(&mut out, "replay.objects", &kept.objects);
    out.meta.insert("replay.next".to_owned(), kept.next.to_string());
    out
}

/// The state that [`pack`] packed, for the estimator of `trainer`. Also reads checkpoints of layout 1, which had texts and
/// flights as facts in JSON.
pub(crate) fn unpack(checkpoint: &Checkpoint, trainer: &Trainer) -> Result<TrainState, RunError> {
    let mut state = trainer.state();
    for t in state.params.tensors.clone() {
        let range = t.at..t.at + t.len();
        state.params.data[range.clone()].copy_from_slice(checkpoint.f32(&t.name, &t.shape)?);
        let mean = checkpoint.f32(&format!("adam.mean.{}", t.name), &t.shape)?;
        state.adam.mean[range.clone()].copy_from_slice(mean);
        let square = checkpoint.f32(&format!("adam.square.{}", t.name), &t.shape)?;
        state.adam.square[range].copy_from_slice(square);
    }
    let log_z = checkpoint.f64("log_z", &[1])?[0];
    state.log_z = Some(log_z).filter(|z| !z.is_nan());
    state.log_z_moments.copy_from_slice(checkpoint.f64("adam.log_z", &[2])?);
    state.step = checkpoint.step;
    state.adam.steps = checkpoint.fact("adam_steps")?;
    state.trajectories = checkpoint.fact("trajectories")?;
    state.transitions = checkpoint.fact("transitions")?;
    state.reward_calls = checkpoint.fact("reward_calls")?;
    state.modes = texts(checkpoint, "modes")?;
    state.flights = flights(checkpoint)?;
    let objects = texts(checkpoint, "replay.objects")?;
    let log_reward = checkpoint.f64("replay.log_reward", &[objects.len()])?.to_vec();
    state.kept = Kept { objects, log_reward, next: checkpoint.fact("replay.next")? };
    Ok(state)
}

/// Texts as one array of bytes, and one of where each ends.
fn put_texts(out: &mut Checkpoint, name: &str, texts: &[Arc<str>]) {
    let (mut bytes, mut ends) = (Vec::new(), Vec::with_capacity(texts.len()));
    for text in texts {
        bytes.extend_from_slice(text.as_bytes());
        ends.push(bytes.len() as u64);
    }
    out.put(format!("{name}.bytes"), &[bytes.len()], Data::U8(bytes));
    out.put(ends_of(name), &[ends.len()], Data::U64(ends));
}

/// Lists of numbers in the same way.
fn put_lists<'a>(out: &mut Checkpoint, name: &str, lists: impl Iterator<Item = &'a [u32]>) {
    let (mut items, mut ends) = (Vec::new(), Vec::new());
    for list in lists {
        items.extend_from_slice(list);
        ends.push(items.len() as u64);
    }
    out.put(format!("{name}.items"), &[items.len()], Data::U32(items));
    out.put(ends_of(name), &[ends.len()], Data::U64(ends));
}

fn ends_of(name: &str) -> String {
    format!("{name}.ends")
}

fn texts(checkpoint: &Checkpoint, name: &str) -> Result<Vec<Arc<str>>, RunError> {
    if checkpoint.meta.contains_key(name) {
        let texts: Vec<String> = fact(checkpoint, name, |text| serde_json::from_str(text))?;
        return Ok(texts.into_iter().map(Arc::from).collect());
    }
    let bytes = checkpoint.u8(&format!("{name}.bytes"))?;
    let whole = std::str::from_utf8(bytes).map_err(|e| unfit(checkpoint, format!("its `{name}`: {e}")))?;
    ranges(checkpoint, name, bytes.len())?
        .into_iter()
        .map(|range| whole.get(range).map(Arc::from))
        .collect::<Option<_>>()
        .ok_or_else(|| unfit(checkpoint, format!("its `{name}` end within a character")))
}

fn lists(checkpoint: &Checkpoint, name: &str) -> Result<Vec<Vec<u32>>, RunError> {
    let items = checkpoint.u32(&format!("{name}.items"))?;
    let ranges = ranges(checkpoint, name, items.len())?;
    Ok(ranges.into_iter().map(|range| items[range].to_vec()).collect())
}

/// Where each of several pieces lies in `len` elements.
fn ranges(checkpoint: &Checkpoint, name: &str, len: usize) -> Result<Vec<std::ops::Range<usize>>, RunError> {
    let ends = checkpoint.u64(&ends_of(name))?;
    if !ends.is_sorted() || ends.last().map_or(0, |&end| end) != len as u64 {
        return Err(unfit(checkpoint, format!("its `{name}` do not end where they should")));
    }
    let starts = [0].into_iter().chain(ends.iter().copied());
    Ok(starts.zip(ends).map(|(start, &end)| start as usize..end as usize).collect())
}

fn flights(checkpoint: &Checkpoint) -> Result<Vec<Trajectories>, RunError> {
    if checkpoint.meta.contains_key("flights") {
        let flights: Vec<(Vec<u32>, Vec<Vec<u32>>)> =
            fact(checkpoint, "flights", |text| serde_json::from_str(text))?;
        return Ok(flights.into_iter().map(|(dealt, actions)| Trajectories { dealt, actions }).collect());
    }
    let (dealt, lanes) = (lists(checkpoint, "flights.dealt")?, checkpoint.u64("flights.lanes")?);
    let mut actions = lists(checkpoint, "flights.actions")?.into_iter();
    let flight = |(dealt, &lanes): (Vec<u32>, &u64)| {
        let actions: Vec<Vec<u32>> = actions.by_ref().take(lanes as usize).collect();
        (actions.len() as u64 == lanes).then_some(Trajectories { dealt, actions })
    };
    let all: Option<Vec<Trajectories>> = dealt.into_iter().zip(lanes).map(flight).collect();
    all.filter(|all| all.len() == lanes.len() && actions.next().is_none())
        .ok_or_else(|| unfit(checkpoint, "its `flights` are not whole".to_owned()))
}

/// A fact in JSON.
fn fact<T>(
    checkpoint: &Checkpoint,
    name: &str,
    read: impl FnOnce(&str) -> serde_json::Result<T>,
) -> Result<T, RunError> {
    let text: String = checkpoint.fact(name)?;
    read(&text).map_err(|e| unfit(checkpoint, format!("its `{name}`: {e}")))
}

fn unfit(checkpoint: &Checkpoint, reason: String) -> RunError {
    RunError::Unfit { step: checkpoint.step, reason }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    /// 101 MB of texts: the header of a file holds 100.
    #[test]
    fn a_checkpoint_holds_more_text_than_a_header() {
        let all: Vec<Arc<str>> = (0..1010).map(|i| format!("{i} {}ü", "a".repeat(100_000)).into()).collect();
        let mut c = Checkpoint::new(1);
        put_texts(&mut c, "modes", &all);
        put_texts(&mut c, "none", &[]);
        let read = Checkpoint::from_bytes(&c.to_bytes().unwrap()).unwrap();
        assert!(texts(&read, "modes").unwrap() == all);
        assert!(texts(&read, "none").unwrap().is_empty());
        // Facts do have a limit, and it is an error.
        c.meta.insert("long".to_owned(), "a".repeat(101_000_000));
        assert!(c.to_bytes().unwrap_err().to_string().contains("eader"));
    }

    #[test]
    fn what_is_not_whole_is_refused() {
        let with = |bytes: &str, ends: &[u64]| {
            let mut c = Checkpoint::new(1);
            c.put("t.bytes", &[bytes.len()], Data::U8(bytes.into()));
            c.put("t.ends", &[ends.len()], Data::U64(ends.to_vec()));
            texts(&c, "t").map(|texts| texts.join("|")).map_err(|e| e.to_string())
        };
        assert_eq!(with("abü", &[0, 1, 4]), Ok("|a|bü".to_owned()));
        for (bytes, ends) in [("ab", &[1][..]), ("ab", &[2, 1]), ("ab", &[3]), ("abü", &[3, 4]), ("a", &[])]
        {
            assert!(with(bytes, ends).is_err(), "{bytes} {ends:?}");
        }
        let flight = |lanes: u64| {
            let mut c = Checkpoint::new(1);
            put_lists(&mut c, "flights.dealt", [&[7][..]].into_iter());
            c.put("flights.lanes", &[1], Data::U64(vec![lanes]));
            put_lists(&mut c, "flights.actions", [&[1, 2][..], &[]].into_iter());
            flights(&c).ok()
        };
        let whole = Trajectories { dealt: vec![7], actions: vec![vec![1, 2], vec![]] };
        assert_eq!((flight(2), flight(1), flight(3)), (Some(vec![whole]), None, None));
    }
}
