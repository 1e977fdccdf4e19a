//! Event files of TensorBoard: scalars in protocol buffers in records with checksums.
//!
//! A record is its length (8 bytes, little endian), the masked checksum of those 8 bytes, the data, and their masked
//! checksum. The data are an `Event` of `tensorflow/core/util/event.proto`, of which four fields are written here:
//! `wall_time` = 1 (double), `step` = 2 (int64), `file_version` = 3 (string), `summary` = 5. A `Summary` holds `value` = 1,
//! each with `tag` = 1 (string) and `simple_value` = 2 (float).

/// A file of events that grows.
#[derive(Debug)]
pub struct Events(Vec<u8>);

impl Events {
    /// A file begun at `time`, in seconds since 1970.
    pub fn new(time: f64) -> Self {
        let mut event = Vec::new();
        double(&mut event, 1, time);
        bytes(&mut event, 3, b"brain.Event:2");
        let mut file = Self(Vec::new());
        file.record(&event);
        file
    }

    /// Appends the numbers of a step, with their tags.
    pub fn scalars(&mut self, time: f64, step: u64, values: &[(String, f64)]) {
        let mut summary = Vec::new();
        for (tag, x) in values {
            let mut value = Vec::new();
            bytes(&mut value, 1, tag.as_bytes());
            key(&mut value, 2, 5);
            value.extend((*x as f32).to_le_bytes());
            bytes(&mut summary, 1, &value);
        }
        let mut event = Vec::new();
        double(&mut event, 1, time);
        key(&mut event, 2, 0);
        varint(&mut event, step);
        bytes(&mut event, 5, &summary);
        self.record(&event);
    }

    /// What the file holds.
    pub fn bytes(self) -> Vec<u8> {
        self.0
    }

    fn record(&mut self, data: &[u8]) {
        let length = (data.len() as u64).to_le_bytes();
        self.0.extend(length);
        self.0.extend(masked(crc32c(&length)).to_le_bytes());
        self.0.extend(data);
        self.0.extend(masked(crc32c(data)).to_le_bytes());
    }
}

/// The number of a field with how its value is written: 0 a varint, 1 eight bytes, 2 a length and so many bytes, 5 four.
fn key(out: &mut Vec<u8>, field: u64, wire: u64) {
    varint(out, field << 3 | wire);
}

fn varint(out: &mut Vec<u8>, mut x: u64) {
    while x >= 0x80 {
        out.push(x as u8 | 0x80);
        x >>= 7;
    }
    out.push(x as u8);
}

fn double(out: &mut Vec<u8>, field: u64, x: f64) {
    key(out, field, 1);
    out.extend(x.to_le_bytes());
}

fn bytes(out: &mut Vec<u8>, field: u64, x: &[u8]) {
    key(out, field, 2);
    varint(out, x.len() as u64);
    out.extend(x);
}

/// The checksum of Castagnoli, RFC 3720: polynomial 0x1EDC6F41, bits reflected.
fn crc32c(data: &[u8]) -> u32 {
    const TABLE: [u32; 256] = table();
    !data.iter().fold(!0, |crc: u32, &b| TABLE[usize::from(crc as u8 ^ b)] ^ (crc >> 8))
}

const fn table() -> [u32; 256] {
    let mut table = [0; 256];
    let mut i = 0;
    while i < 256 {
        let (mut crc, mut bit) = (i as u32, 0);
        while bit < 8 {
            crc = if crc & 1 == 1 { crc >> 1 ^ 0x82F6_3B78 } else { crc >> 1 };
            bit += 1;
        }
        table[i] = crc;
        i += 1;
    }
    table
}

/// A checksum that may be stored beside what it is of: rotated, and a constant added.
fn masked(crc: u32) -> u32 {
    crc.rotate_right(15).wrapping_add(0xA282_EAD8)
}

#[cfg(test)]
mod tests;
