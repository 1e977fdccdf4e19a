//! Checkpoints: arrays and facts in one safetensors file each, the newest few kept, damaged ones recognised.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::io;
use std::path::{Path, PathBuf};

use headwater_core::Key;
use safetensors::tensor::TensorView;
use safetensors::{Dtype, SafeTensors};
use serde_json::{Value as Json, json};

use crate::checked::hash;
use crate::{RunError, write_atomic};

/// The metadata key under which everything but the arrays is kept.
const HEADER: &str = "headwater";
/// Version of the layout that is written. In layout 1 texts were facts of the header, which has a limit of 100 MB; they are
/// arrays now.
const FORMAT: u64 = 2;
/// Versions that are read.
const READ: std::ops::RangeInclusive<u64> = 1..=FORMAT;

/// Elements of an array, kept bit for bit.
#[derive(Clone, Debug, PartialEq)]
pub enum Data {
    /// 32-bit reals.
    F32(Vec<f32>),
    /// 64-bit reals.
    F64(Vec<f64>),
    /// Bytes.
    U8(Vec<u8>),
    /// Whole numbers of 32 bits.
    U32(Vec<u32>),
    /// Whole numbers of 64 bits.
    U64(Vec<u64>),
}

impl Data {
    /// Number of elements.
    pub fn len(&self) -> usize {
        match self {
            Self::F32(v) => v.len(),
            Self::F64(v) => v.len(),
            Self::U8(v) => v.len(),
            Self::U32(v) => v.len(),
            Self::U64(v) => v.len(),
        }
    }

    /// Are there no elements?
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn dtype(&self) -> Dtype {
        match self {
            Self::F32(_) => Dtype::F32,
            Self::F64(_) => Dtype::F64,
            Self::U8(_) => Dtype::U8,
            Self::U32(_) => Dtype::U32,
            Self::U64(_) => Dtype::U64,
        }
    }

    fn bytes(&self) -> Cow<'_, [u8]> {
        fn little<T: Copy, const N: usize>(values: &[T], bytes: impl Fn(T) -> [u8; N]) -> Cow<'static, [u8]> {
            let mut out = Vec::with_capacity(N * values.len());
            values.iter().for_each(|&x| out.extend_from_slice(&bytes(x)));
            Cow::Owned(out)
        }
        match self {
            Self::F32(v) => little(v, f32::to_le_bytes),
            Self::F64(v) => little(v, f64::to_le_bytes),
            Self::U8(v) => Cow::Borrowed(v),
            Self::U32(v) => little(v, u32::to_le_bytes),
            Self::U64(v) => little(v, u64::to_le_bytes),
        }
    }

    fn from_bytes(dtype: Dtype, bytes: &[u8]) -> Option<Self> {
        let (four, _) = bytes.as_chunks::<4>();
        let (eight, _) = bytes.as_chunks::<8>();
        Some(match dtype {
            Dtype::F32 => Self::F32(four.iter().map(|b| f32::from_le_bytes(*b)).collect()),
            Dtype::F64 => Self::F64(eight.iter().map(|b| f64::from_le_bytes(*b)).collect()),
            Dtype::U8 => Self::U8(bytes.to_vec()),
            Dtype::U32 => Self::U32(four.iter().map(|b| u32::from_le_bytes(*b)).collect()),
            Dtype::U64 => Self::U64(eight.iter().map(|b| u64::from_le_bytes(*b)).collect()),
            _ => return None,
        })
    }
}

/// An array with its shape, row-major.
#[derive(Clone, Debug, PartialEq)]
pub struct Array {
    /// Length along each axis; the product is the number of elements.
    pub shape: Vec<usize>,
    /// The elements.
    pub data: Data,
}

/// All that a run needs to go on as if it had never stopped.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Checkpoint {
    /// Steps done.
    pub step: u64,
    /// Arrays by name.
    pub arrays: BTreeMap<String, Array>,
    /// Facts by name.
    pub meta: BTreeMap<String, String>,
}

impl Checkpoint {
    /// An empty checkpoint.
    pub fn new(step: u64) -> Self {
        Self { step, ..Self::default() }
    }

    /// Adds an array.
    ///
    /// # Panics
    /// If the shape does not fit the elements, or the name is taken.
    pub fn put(&mut self, name: impl Into<String>, shape: &[usize], data: Data) {
        let name = name.into();
        assert_eq!(shape.iter().product::<usize>(), data.len(), "shape of `{name}`");
        assert_ne!(name, "__metadata__", "safetensors keeps this name for itself");
        let shape = shape.to_vec();
        assert!(self.arrays.insert(name, Array { shape, data }).is_none(), "names of arrays are unique");
    }

    /// The elements of a 32-bit array of this shape.
    ///
    /// # Errors
    /// If there is none, or it has another shape or type.
    pub fn f32(&self, name: &str, shape: &[usize]) -> Result<&[f32], RunError> {
        match self.get(name, shape)? {
            Data::F32(v) => Ok(v),
            other => Err(self.unfit(format!("`{name}` is {:?}, expected F32", other.dtype()))),
        }
    }

    /// The elements of a 64-bit array of this shape; errors as [`Checkpoint::f32`].
    ///
    /// # Errors
    /// If there is none, or it has another shape or type.
    pub fn f64(&self, name: &str, shape: &[usize]) -> Result<&[f64], RunError> {
        match self.get(name, shape)? {
            Data::F64(v) => Ok(v),
            other => Err(self.unfit(format!("`{name}` is {:?}, expected F64", other.dtype()))),
        }
    }

    /// The elements of an array of bytes of any length, in one dimension.
    ///
    /// # Errors
    /// If there is none, or it has another type.
    pub fn u8(&self, name: &str) -> Result<&[u8], RunError> {
        match self.any(name)? {
            Data::U8(v) => Ok(v),
            other => Err(self.unfit(format!("`{name}` is {:?}, expected U8", other.dtype()))),
        }
    }

    /// The elements of an array of whole numbers of 32 bits; errors as [`Checkpoint::u8`].
    ///
    /// # Errors
    /// If there is none, or it has another type.
    pub fn u32(&self, name: &str) -> Result<&[u32], RunError> {
        match self.any(name)? {
            Data::U32(v) => Ok(v),
            other => Err(self.unfit(format!("`{name}` is {:?}, expected U32", other.dtype()))),
        }
    }

    /// The elements of an array of whole numbers of 64 bits; errors as [`Checkpoint::u8`].
    ///
    /// # Errors
    /// If there is none, or it has another type.
    pub fn u64(&self, name: &str) -> Result<&[u64], RunError> {
        match self.any(name)? {
            Data::U64(v) => Ok(v),
            other => Err(self.unfit(format!("`{name}` is {:?}, expected U64", other.dtype()))),
        }
    }

    /// A fact.
    ///
    /// # Errors
    /// If there is no such fact, or it cannot be read as a `T`.
    pub fn fact<T: std::str::FromStr>(&self, name: &str) -> Result<T, RunError> {
        let text = self.meta.get(name).ok_or_else(|| self.unfit(format!("it has no `{name}`")))?;
        text.parse().map_err(|_| self.unfit(format!("its `{name}` is `{text}`")))
    }

    fn any(&self, name: &str) -> Result<&Data, RunError> {
        let array = self.arrays.get(name).ok_or_else(|| self.unfit(format!("it has no `{name}`")))?;
        Ok(&array.data)
    }

    fn get(&self, name: &str, shape: &[usize]) -> Result<&Data, RunError> {
        let array = self.arrays.get(name).ok_or_else(|| self.unfit(format!("it has no `{name}`")))?;
        if array.shape != shape {
            return Err(self.unfit(format!("`{name}` has the shape {:?}, expected {shape:?}", array.shape)));
        }
        Ok(&array.data)
    }

    fn unfit(&self, reason: String) -> RunError {
        RunError::Unfit { step: self.step, reason }
    }

    /// The contents of its file; the same bytes for the same checkpoint.
    ///
    /// # Errors
    /// If names and facts are more than the header of such a file holds, 100 MB.
    pub fn to_bytes(&self) -> io::Result<Vec<u8>> {
        let bytes: Vec<Cow<'_, [u8]>> = self.arrays.values().map(|array| array.data.bytes()).collect();
        let views = self.arrays.iter().zip(&bytes).map(|((name, array), bytes)| {
            let view = TensorView::new(array.data.dtype(), array.shape.clone(), bytes);
            (name, view.expect("`put` compares shape and length"))
        });
        let views: Vec<_> = views.collect();
        // One entry only: the order of several would change from process to process.
        let checksum = format!("{:016x}", self.checksum(FORMAT, &bytes));
        let header = json!({ "format": FORMAT, "step": self.step, "checksum": checksum, "meta": self.meta });
        let metadata = HashMap::from([(HEADER.to_owned(), header.to_string())]);
        safetensors::serialize(views, Some(metadata)).map_err(io::Error::other)
    }

    fn checksum(&self, format: u64, bytes: &[impl AsRef<[u8]>]) -> u64 {
        let facts = self.meta.iter().fold(Key::new(format).fold(self.step), |key, (name, value)| {
            hash(hash(key, name.as_bytes()), value.as_bytes())
        });
        let arrays = self.arrays.iter().zip(bytes).fold(facts, |key, ((name, array), bytes)| {
            let key = hash(key, name.as_bytes()).fold(array.data.dtype() as u64);
            hash(array.shape.iter().fold(key, |key, &n| key.fold(n as u64)), bytes.as_ref())
        });
        arrays.bits()
    }

    /// Reads the contents of a file.
    ///
    /// # Errors
    /// What is wrong with them: cut short, changed, or not a checkpoint at all.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, String> {
        let (_, metadata) = SafeTensors::read_metadata(bytes).map_err(|e| e.to_string())?;
        let header = metadata.metadata().as_ref().and_then(|m| m.get(HEADER)).ok_or("it is no checkpoint")?;
        let header: Json = serde_json::from_str(header).map_err(|e| format!("its header: {e}"))?;
        let format = header["format"].as_u64().filter(|format| READ.contains(format)).ok_or_else(|| {
            let (first, last) = (READ.start(), READ.end());
            format!("its layout is version {}, and this program reads {first} to {last}", header["format"])
        })?;
        let step = header["step"].as_u64().ok_or("its header has no step")?;
        let mut this = Self::new(step);
        for (name, value) in header["meta"].as_object().into_iter().flatten() {
            let text = value.as_str().ok_or("its header has a fact that is no text")?;
            this.meta.insert(name.clone(), text.to_owned());
        }
        let mut raw = BTreeMap::new();
        let tensors = SafeTensors::deserialize(bytes).map_err(|e| e.to_string())?;
        for (name, view) in tensors.iter() {
            let data = Data::from_bytes(view.dtype(), view.data())
                .ok_or_else(|| format!("`{name}` has the unknown type {:?}", view.dtype()))?;
            this.arrays.insert(name.to_owned(), Array { shape: view.shape().to_vec(), data });
            raw.insert(name.to_owned(), view.data());
        }
        let raw: Vec<&[u8]> = raw.into_values().collect();
        if header["checksum"] != json!(format!("{:016x}", this.checksum(format, &raw))) {
            return Err("its checksum does not match".to_owned());
        }
        Ok(this)
    }
}

/// The checkpoints of a run.
#[derive(Clone, Debug)]
pub struct Checkpoints {
    dir: PathBuf,
    keep: usize,
}

/// The newest checkpoint that can be read.
#[derive(Debug)]
pub struct Loaded {
    /// The checkpoint.
    pub checkpoint: Checkpoint,
    /// Newer ones that cannot be read, newest first, and why; tell the user.
    pub skipped: Vec<RunError>,
}

impl Loaded {
    /// The same as sentences.
    pub fn cautions(&self) -> impl Iterator<Item = String> {
        let step = self.checkpoint.step;
        self.skipped.iter().map(move |e| format!("{e}; the checkpoint of update {step} is used"))
    }
}

impl Checkpoints {
    /// The checkpoints in directory `dir`, of which the newest `keep` are kept (at least one).
    pub fn new(dir: impl Into<PathBuf>, keep: usize) -> Self {
        Self { dir: dir.into(), keep: keep.max(1) }
    }

    /// The file of a step.
    pub fn path(&self, step: u64) -> PathBuf {
        self.dir.join(name(step))
    }

    /// The steps of which there is a file, in order.
    ///
    /// # Errors
    /// If the directory cannot be read.
    pub fn steps(&self) -> Result<Vec<u64>, RunError> {
        let mut steps = Vec::new();
        for entry in std::fs::read_dir(&self.dir).map_err(RunError::io("read", &self.dir))? {
            let entry = entry.map_err(RunError::io("read", &self.dir))?;
            steps.extend(entry.file_name().to_str().and_then(step));
        }
        steps.sort_unstable();
        Ok(steps)
    }

    /// Writes a checkpoint, then the file `latest` that holds its name, then removes those that are too old.
    ///
    /// Checkpoints of later steps are removed as well: a run is one line, and they belong to a future that will not be.
    ///
    /// # Errors
    /// If it cannot be written; the older checkpoints are then still there.
    pub fn save(&self, checkpoint: &Checkpoint) -> Result<PathBuf, RunError> {
        let path = self.path(checkpoint.step);
        let bytes = checkpoint.to_bytes().map_err(RunError::io("write", &path))?;
        write_atomic(&path, &bytes)?;
        self.settle(checkpoint.step)?;
        Ok(path)
    }

    /// Makes the checkpoint of a step, which is there, the latest: what [`Checkpoints::save`] does last, and what a
    /// process that was killed in the middle of it has left undone.
    ///
    /// # Errors
    /// If files cannot be written or removed.
    pub fn settle(&self, latest: u64) -> Result<(), RunError> {
        write_atomic(&self.dir.join("latest"), (name(latest) + "\n").as_bytes())?;
        let steps = self.steps()?;
        let now = steps.partition_point(|&step| step <= latest);
        for (i, &step) in steps.iter().enumerate() {
            if i + self.keep < now || i >= now {
                let old = self.path(step);
                std::fs::remove_file(&old).map_err(RunError::io("remove", &old))?;
            }
        }
        Ok(())
    }

    /// Reads the checkpoint of a step.
    ///
    /// # Errors
    /// If there is none, or it is damaged.
    pub fn load(&self, step: u64) -> Result<Checkpoint, RunError> {
        read(&self.path(step))
    }

    /// Reads the newest checkpoint that is whole; `None` if there is no checkpoint at all.
    ///
    /// The files themselves are looked at, not `latest`, which a process killed at the wrong moment leaves behind.
    ///
    /// # Errors
    /// If there are checkpoints and none can be read; the error is that of the newest.
    pub fn load_latest(&self) -> Result<Option<Loaded>, RunError> {
        let mut found = self.newest();
        // A run at work removes old checkpoints, one that was just listed perhaps; there is a newer one then.
        for _ in 0..8 {
            let gone = match &found {
                Ok(None) => false,
                Ok(Some(loaded)) => loaded.skipped.iter().any(is_gone),
                Err(e) => is_gone(e),
            };
            if !gone {
                break;
            }
            found = self.newest();
        }
        if let Ok(Some(loaded)) = &mut found
            && let Some(error) = self.lost(loaded.checkpoint.step)
        {
            loaded.skipped.insert(0, error);
        }
        found
    }

    /// The checkpoint that `latest` names, if it is newer than that of update `read` and its file is not there.
    fn lost(&self, read: u64) -> Option<RunError> {
        let latest = std::fs::read_to_string(self.dir.join("latest")).ok()?;
        let path = self.path(step(latest.trim_end()).filter(|&latest| latest > read)?);
        let reason = "`latest` names it, and it is not there".to_owned();
        (!path.exists()).then_some(RunError::Damaged { path, reason })
    }

    fn newest(&self) -> Result<Option<Loaded>, RunError> {
        let mut skipped = Vec::new();
        for step in self.steps()?.into_iter().rev() {
            match self.load(step) {
                Ok(checkpoint) => return Ok(Some(Loaded { checkpoint, skipped })),
                Err(error) => skipped.push(error),
            }
        }
        skipped.into_iter().next().map_or(Ok(None), Err)
    }
}

fn is_gone(error: &RunError) -> bool {
    matches!(error, RunError::Io { source, .. } if source.kind() == io::ErrorKind::NotFound)
}

fn name(step: u64) -> String {
    format!("step-{step:08}.safetensors")
}

fn step(file: &str) -> Option<u64> {
    let step = file.strip_prefix("step-")?.strip_suffix(".safetensors")?.parse().ok()?;
    (name(step) == file).then_some(step)
}

fn read(path: &Path) -> Result<Checkpoint, RunError> {
    let bytes = std::fs::read(path).map_err(RunError::io("read", path))?;
    Checkpoint::from_bytes(&bytes).map_err(|reason| RunError::Damaged { path: path.to_owned(), reason })
}
