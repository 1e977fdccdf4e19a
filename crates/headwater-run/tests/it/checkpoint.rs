//! Checkpoints keep every bit, and damaged ones are never taken for whole ones.

use expect_test::expect;
use headwater_run::{Checkpoint, Checkpoints, Data};

use crate::sample::Temp;

fn sample(step: u64) -> Checkpoint {
    let mut c = Checkpoint::new(step);
    c.put("w", &[2, 3], Data::F32(vec![1.0, -0.0, f32::MIN_POSITIVE, 1e-45, f32::INFINITY, 0.1]));
    c.put("log_z", &[], Data::F64(vec![std::f64::consts::PI]));
    c.put("a.empty", &[0, 4], Data::F32(vec![]));
    c.put("replay", &[3], Data::U64(vec![0, u64::MAX, step]));
    c.put("text", &[5], Data::U8(vec![0, 255, b'a', 0xc3, 0xbc]));
    c.put("edges", &[2], Data::U32(vec![0, u32::MAX]));
    c.meta.insert("key".into(), "0x1234 \"quoted\" ü".into());
    c.meta.insert("rows".into(), "17".into());
    c
}

#[test]
fn checkpoints_keep_every_bit() {
    let mut c = sample(2000);
    c.put("nan", &[2], Data::F64(vec![f64::from_bits(0x7ff8_0000_0000_1234), -f64::NAN]));
    let read = Checkpoint::from_bytes(&c.to_bytes().unwrap()).unwrap();
    let bits = |c: &Checkpoint| c.f64("nan", &[2]).unwrap().iter().map(|x| x.to_bits()).collect::<Vec<_>>();
    assert_eq!(bits(&read), bits(&c));
    let c = sample(2000);
    let read = Checkpoint::from_bytes(&c.to_bytes().unwrap()).unwrap();
    assert_eq!(read, c);
    let signs = |c: &Checkpoint| c.f32("w", &[2, 3]).unwrap().iter().map(|x| x.to_bits()).collect::<Vec<_>>();
    assert_eq!(signs(&read), signs(&c));
    assert_eq!(read.to_bytes().unwrap(), c.to_bytes().unwrap());
    assert_eq!(
        (read.fact::<u32>("rows").unwrap(), read.u64("replay").unwrap()),
        (17, &[0, u64::MAX, 2000][..])
    );
    assert_eq!(
        (read.u8("text").unwrap(), read.u32("edges").unwrap()),
        (&[0, 255, b'a', 0xc3, 0xbc][..], &[0, u32::MAX][..])
    );
}

#[test]
fn what_does_not_fit_is_named() {
    let c = sample(5);
    let errors = [
        c.f32("v", &[]).unwrap_err(),
        c.f32("w", &[3, 2]).unwrap_err(),
        c.f32("log_z", &[]).unwrap_err(),
        c.f64("w", &[2, 3]).unwrap_err(),
        c.u64("w").unwrap_err(),
        c.u64("none").unwrap_err(),
        c.u8("replay").unwrap_err(),
        c.u32("text").unwrap_err(),
        c.fact::<u64>("key").unwrap_err(),
        c.fact::<u64>("lock").unwrap_err(),
    ];
    expect![[r#"
        the checkpoint of step 5 does not fit: it has no `v`
        the checkpoint of step 5 does not fit: `w` has the shape [2, 3], expected [3, 2]
        the checkpoint of step 5 does not fit: `log_z` is F64, expected F32
        the checkpoint of step 5 does not fit: `w` is F32, expected F64
        the checkpoint of step 5 does not fit: `w` is F32, expected U64
        the checkpoint of step 5 does not fit: it has no `none`
        the checkpoint of step 5 does not fit: `replay` is U64, expected U8
        the checkpoint of step 5 does not fit: `text` is U8, expected U32
        the checkpoint of step 5 does not fit: its `key` is `0x1234 "quoted" ü`
        the checkpoint of step 5 does not fit: it has no `lock`"#]]
    .assert_eq(&errors.map(|e| e.to_string()).join("\n"));
}

#[test]
fn every_truncation_and_every_changed_byte_is_noticed() {
    let whole = sample(7).to_bytes().unwrap();
    for cut in 0..whole.len() {
        assert!(Checkpoint::from_bytes(&whole[..cut]).is_err(), "cut at {cut}");
    }
    assert!(Checkpoint::from_bytes(&[&whole[..], b"x"].concat()).is_err());
    for i in 0..whole.len() {
        for flip in [1u8, 0x20, 0x80] {
            let mut changed = whole.clone();
            changed[i] ^= flip;
            // JSON may be spelt in more than one way; what is accepted must then be the same.
            if let Ok(read) = Checkpoint::from_bytes(&changed) {
                assert_eq!(read, sample(7), "byte {i}");
            }
        }
    }
    for junk in [&b""[..], b"hello", &[0; 64], &[255; 64], b"\x02\0\0\0\0\0\0\0{}"] {
        assert!(Checkpoint::from_bytes(junk).is_err());
    }
}

#[test]
fn the_newest_whole_checkpoint_is_loaded() {
    let dir = Temp::new();
    let all = Checkpoints::new(&dir.0, 3);
    assert!(all.load_latest().unwrap().is_none());
    for step in [10, 20, 30, 40, 100_000_000] {
        all.save(&sample(step)).unwrap();
    }
    assert_eq!(all.steps().unwrap(), [30, 40, 100_000_000]);
    assert_eq!(
        dir.names(""),
        ["latest", "step-00000030.safetensors", "step-00000040.safetensors", "step-100000000.safetensors"]
    );
    assert_eq!(std::fs::read_to_string(dir.path("latest")).unwrap(), "step-100000000.safetensors\n");
    let newest = std::fs::read(all.path(100_000_000)).unwrap();
    std::fs::write(all.path(100_000_000), &newest[..newest.len() - 3]).unwrap();
    let mut changed = std::fs::read(all.path(40)).unwrap();
    *changed.last_mut().unwrap() ^= 1;
    std::fs::write(all.path(40), changed).unwrap();
    dir.write("step-1.safetensors", "not a checkpoint's name");
    let loaded = all.load_latest().unwrap().unwrap();
    assert_eq!(loaded.checkpoint, sample(30));
    let skipped: Vec<String> = loaded.skipped.iter().map(|e| dir.mask(e)).collect();
    expect![[r#"
        `TMP/step-100000000.safetensors` is damaged: incomplete metadata, file not fully covered
        `TMP/step-00000040.safetensors` is damaged: its checksum does not match"#]]
    .assert_eq(&skipped.join("\n"));
    // Going on from there ends the future that was lost.
    all.save(&sample(35)).unwrap();
    assert_eq!(all.steps().unwrap(), [30, 35]);
    assert_eq!(all.load_latest().unwrap().unwrap().checkpoint, sample(35));
    for step in [30, 35] {
        std::fs::write(all.path(step), "").unwrap();
    }
    expect!["`TMP/step-00000035.safetensors` is damaged: header too small"]
        .assert_eq(&dir.mask(all.load_latest().unwrap_err()));
    expect!["cannot read `TMP/step-00000036.safetensors`: there is no such file or directory"]
        .assert_eq(&dir.mask(all.load(36).unwrap_err()));
}

#[test]
fn a_checkpoint_that_cannot_be_written_leaves_the_older_ones() {
    let dir = Temp::new();
    let all = Checkpoints::new(&dir.0, 1);
    all.save(&sample(1)).unwrap();
    std::fs::create_dir(all.path(2)).unwrap();
    assert!(all.save(&sample(2)).is_err());
    assert_eq!(all.load_latest().unwrap().unwrap().checkpoint, sample(1));
}
