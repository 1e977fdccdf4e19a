//! What a Parquet file says of itself, held against its bytes before the library believes it.
//!
//! The library makes room for as many values as a header names. A header is a few bytes, and can name billions.
//!
//! **Source.** <https://github.com/apache/parquet-format>: `parquet.thrift` has the numbers of fields, `Encodings.md` the
//! layout of deltas.

use ::parquet::basic::{Compression, Encoding, Type};
use ::parquet::column::page::{Page, PageMetadata, PageReader};
use ::parquet::errors::ParquetError;
use ::parquet::file::metadata::ColumnChunkMetaData;
use ::parquet::schema::types::ColumnDescriptor;

use super::thrift::{I32, LIST, STRUCT, Thrift};

/// Groups of columns within each other that are followed.
const MAX_DEPTH: usize = 50;

/// The end of every file: the length of the footer, and `PAR1`.
const TAIL: usize = 8;

/// Is the tree of columns in the footer a tree that is not too deep?
pub(super) fn footer(file: &[u8]) -> Result<(), &'static str> {
    // The library says what is wrong with an end of another kind.
    let Some((rest, tail)) = file.len().checked_sub(TAIL).map(|at| file.split_at(at)) else { return Ok(()) };
    let len = u32::from_le_bytes(tail[..4].try_into().expect("four bytes")) as usize;
    let Some(at) = rest.len().checked_sub(len) else { return Ok(()) };
    let mut children = Vec::new();
    let read = Thrift(&rest[at..]).fields(&mut |thrift, id, kind| {
        if (id, kind) != (2, LIST) {
            return Some(false);
        }
        let (STRUCT, n) = thrift.list()? else { return None };
        children.clear();
        for _ in 0..n {
            let mut of_this = 0;
            thrift.fields(&mut |thrift, id, kind| {
                if id == 5 {
                    of_this = (kind == I32).then(|| thrift.zigzag()).flatten()?;
                }
                Some(id == 5)
            })?;
            children.push(of_this);
        }
        Some(true)
    });
    read.ok_or("its footer is broken")?;
    // How many columns each group on the way still lacks.
    let mut open: Vec<i64> = Vec::new();
    for (i, &n) in children.iter().enumerate() {
        if n < 0 || n >= (children.len() - i) as i64 || open.len() > MAX_DEPTH {
            return Err("the groups of columns in its footer are broken");
        }
        open.push(n);
        while open.last() == Some(&0) {
            open.pop();
            if let Some(last) = open.last_mut() {
                *last -= 1;
            }
        }
    }
    Ok(())
}

/// What the headers of a column's pages say.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Claims {
    /// Values in all pages but the dictionary, nulls included.
    pub values: u64,
    /// Bytes of all pages when they are decompressed.
    pub bytes: u64,
    /// Those of the largest page.
    pub largest: u64,
    /// Is there a page of texts that begin as the text before?
    pub prefixes: bool,
}

impl Claims {
    pub(super) fn add(&mut self, other: Self) {
        self.values = self.values.saturating_add(other.values);
        self.bytes = self.bytes.saturating_add(other.bytes);
        self.largest = self.largest.max(other.largest);
        self.prefixes |= other.prefixes;
    }
}

/// Looks at every page of a column within a row group.
pub(super) fn pages(file: &[u8], column: &ColumnChunkMetaData) -> Result<Claims, String> {
    let start = column.dictionary_page_offset().unwrap_or(column.data_page_offset());
    let within =
        || file.get(usize::try_from(start).ok()?..)?.get(..usize::try_from(column.compressed_size()).ok()?);
    let mut rest = within().ok_or("its pages lie outside of the file")?;
    let mut claims = Claims::default();
    while !rest.is_empty() {
        let mut thrift = Thrift(rest);
        let page = Header::read(&mut thrift).ok_or("the header of a page is broken")?;
        let (compressed, behind) = usize::try_from(page.compressed)
            .ok()
            .and_then(|len| thrift.0.split_at_checked(len))
            .ok_or("a page is larger than the file")?;
        let len = compressed.len() as u64;
        let most = len.saturating_mul(expansion(column.compression())).saturating_add(64);
        let bytes = u64::try_from(page.uncompressed).unwrap_or(u64::MAX).max(len);
        if bytes > most {
            return Err(format!("a page of {len} bytes says that it has {bytes} when it is decompressed"));
        }
        let values = u64::try_from(page.values).map_err(|_| "a page has less than no values")?;
        if page.kind == DICTIONARY {
            let size = if column.column_type() == Type::DOUBLE || column.column_type() == Type::INT64 {
                8
            } else {
                4
            };
            if values > bytes / size {
                return Err(format!("a dictionary of {bytes} bytes says that it has {values} values"));
            }
        } else {
            claims.values += values;
        }
        claims.bytes += bytes;
        claims.largest = claims.largest.max(bytes);
        claims.prefixes |= page.encoding == DELTA_BYTE_ARRAY;
        rest = behind;
    }
    Ok(claims)
}

/// How many times as large as a page its content can be at most.
fn expansion(compression: Compression) -> u64 {
    match compression {
        Compression::UNCOMPRESSED => 1,
        Compression::SNAPPY => 64,
        Compression::LZ4 | Compression::LZ4_RAW => 256,
        _ => 1040,
    }
}

const DICTIONARY: i64 = 2;
const DELTA_BYTE_ARRAY: i64 = 7;

/// A page's header, as far as room is made for what it says.
#[derive(Default)]
struct Header {
    kind: i64,
    uncompressed: i64,
    compressed: i64,
    values: i64,
    encoding: i64,
}

impl Header {
    fn read(thrift: &mut Thrift<'_>) -> Option<Self> {
        let mut new = Self { kind: -1, ..Self::default() };
        // What is there twice would be one thing here and another in the library.
        let mut seen = 0u64;
        thrift.fields(&mut |thrift, id, kind| {
            let place = match id {
                1 => &mut new.kind,
                2 => &mut new.uncompressed,
                3 => &mut new.compressed,
                5 | 7 | 8 => {
                    let encoding = if id == 8 { 4 } else { 2 };
                    // One of the three counts, by the kind of the page; the others are held to the same.
                    let (mut values, mut coded) = (0, 0);
                    once(&mut seen, id)?;
                    (kind == STRUCT).then_some(())?;
                    let mut within = 0u64;
                    thrift.fields(&mut |thrift, id, kind| {
                        if id != 1 && id != encoding {
                            return Some(false);
                        }
                        once(&mut within, id)?;
                        let number = (kind == I32).then(|| thrift.zigzag()).flatten()?;
                        *(if id == 1 { &mut values } else { &mut coded }) = number;
                        Some(true)
                    })?;
                    new.values = if new.values < 0 || values < 0 { -1 } else { new.values.max(values) };
                    new.encoding = new.encoding.max(coded);
                    return Some(true);
                }
                _ => return Some(false),
            };
            *place = (kind == I32).then(|| thrift.zigzag()).flatten()?;
            once(&mut seen, id)?;
            Some(true)
        })?;
        Some(new)
    }
}

/// `None` if this was called for `id`, below 64, before.
fn once(seen: &mut u64, id: i64) -> Option<()> {
    let bit = 1 << id;
    let new = *seen & bit == 0;
    *seen |= bit;
    new.then_some(())
}

/// The pages of a column of texts, of which those that are written as deltas have no more lengths than values.
pub(super) struct Guarded {
    pub pages: Box<dyn PageReader>,
    /// The level of a value that is not null; 0 if none can be.
    pub defined: i16,
}

impl Guarded {
    pub(super) fn new(pages: Box<dyn PageReader>, column: &ColumnDescriptor) -> Self {
        Self { pages, defined: column.max_def_level() }
    }
}

impl Iterator for Guarded {
    type Item = Result<Page, ParquetError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.get_next_page().transpose()
    }
}

impl PageReader for Guarded {
    fn get_next_page(&mut self) -> Result<Option<Page>, ParquetError> {
        let page = self.pages.get_next_page()?;
        match page.as_ref().map(|page| lengths(page, self.defined)) {
            Some(None) => Err(ParquetError::General("the lengths of its texts are broken".to_owned())),
            _ => Ok(page),
        }
    }

    fn peek_next_page(&mut self) -> Result<Option<PageMetadata>, ParquetError> {
        self.pages.peek_next_page()
    }

    fn skip_next_page(&mut self) -> Result<(), ParquetError> {
        self.pages.skip_next_page()
    }
}

/// Looks at the lengths of a page of texts; `None` if there are more of them than values.
fn lengths(page: &Page, defined: i16) -> Option<()> {
    let lists = match page.encoding() {
        Encoding::DELTA_LENGTH_BYTE_ARRAY => 1,
        Encoding::DELTA_BYTE_ARRAY => 2,
        _ => return Some(()),
    };
    let levels = match page {
        Page::DataPageV2 { def_levels_byte_len, rep_levels_byte_len, .. } => {
            def_levels_byte_len.checked_add(*rep_levels_byte_len)? as usize
        }
        Page::DataPage { buf, def_level_encoding: Encoding::RLE, .. } if defined > 0 => {
            4 + u32::from_le_bytes(*buf.first_chunk()?) as usize
        }
        Page::DataPage { .. } if defined > 0 => return None,
        _ => 0,
    };
    let mut rest = page.buffer().get(levels..)?;
    for _ in 0..lists {
        rest = deltas(rest, u64::from(page.num_values()))?;
    }
    Some(())
}

/// What follows a list of at most `most` numbers that are written as deltas.
fn deltas(bytes: &[u8], most: u64) -> Option<&[u8]> {
    let mut thrift = Thrift(bytes);
    let (block, minis, n) = (thrift.varint()?, thrift.varint()?, thrift.varint()?);
    thrift.zigzag()?;
    if n > most || minis == 0 || block == 0 || block % minis != 0 {
        return None;
    }
    let each = block / minis;
    let mut left = n.saturating_sub(1);
    while left > 0 {
        thrift.zigzag()?;
        let (widths, rest) = thrift.0.split_at_checked(usize::try_from(minis).ok()?)?;
        thrift.0 = rest;
        for &width in widths {
            if left == 0 {
                break;
            }
            let bits = u64::from(width).checked_mul(each)?;
            thrift.0 = thrift.0.get(usize::try_from(bits.div_ceil(8)).ok()?..).unwrap_or_default();
            left = left.saturating_sub(each);
        }
    }
    Some(thrift.0)
}
