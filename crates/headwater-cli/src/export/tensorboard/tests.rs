#![allow(clippy::unwrap_used)]

use super::*;

#[test]
fn checksums_are_those_of_the_standard() {
    // The check value of CRC-32C, and the examples of RFC 3720, B.4.
    assert_eq!(crc32c(b"123456789"), 0xE306_9283);
    assert_eq!(crc32c(&[0; 32]), 0x8A91_36AA);
    assert_eq!(crc32c(&[0xFF; 32]), 0x62A8_AB43);
    assert_eq!(crc32c(&(0..32).collect::<Vec<u8>>()), 0x46DD_794E);
    assert_eq!(crc32c(b""), 0);
    assert_eq!(masked(0), 0xA282_EAD8);
}

#[test]
fn numbers_of_several_bytes_are_written_low_bits_first() {
    let of = |x| {
        let mut out = Vec::new();
        varint(&mut out, x);
        out
    };
    assert_eq!(of(0), [0]);
    assert_eq!(of(127), [127]);
    assert_eq!(of(300), [0xAC, 0x02]);
    assert_eq!(of(u64::MAX), [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01]);
}

/// The whole file, byte by byte: a version record, then one number.
#[test]
fn a_file_is_known_byte_by_byte() {
    let mut events = Events::new(1.5);
    events.scalars(2.0, 300, &[("eval/tv".to_owned(), 0.25)]);
    let mut expected: Vec<u8> = vec![24, 0, 0, 0, 0, 0, 0, 0];
    // The checksum of this very length is in every event file that TensorBoard's writers begin.
    expected.extend([0xA3, 0x7F, 0x4B, 0x22]);
    let version = b"\x09\0\0\0\0\0\0\xF8\x3F\x1A\x0Dbrain.Event:2";
    expected.extend(version);
    expected.extend(masked(crc32c(version)).to_le_bytes());
    let number = b"\x09\0\0\0\0\0\0\0\x40\x10\xAC\x02\x2A\x10\x0A\x0E\x0A\x07eval/tv\x15\0\0\x80\x3E";
    expected.extend((number.len() as u64).to_le_bytes());
    expected.extend(masked(crc32c(&(number.len() as u64).to_le_bytes())).to_le_bytes());
    expected.extend(number);
    expected.extend(masked(crc32c(number)).to_le_bytes());
    assert_eq!(events.bytes(), expected);
}
