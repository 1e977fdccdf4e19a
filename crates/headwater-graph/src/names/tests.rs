use super::*;

#[test]
fn a_name_is_found_by_itself_and_by_nothing_else() {
    // Of every length around those where keys change, names that differ in one byte, and one in the next length.
    let mut all = Vec::new();
    for n in 1..40 {
        let base = "a".repeat(n);
        all.push(base.clone());
        for at in 0..n {
            all.push(format!("{}b{}", &base[..at], &base[at + 1..]));
        }
    }
    let mut names = Names::default();
    for (i, name) in all.iter().enumerate() {
        assert_eq!(names.find(name), None);
        assert_eq!(names.add(name) as usize, i);
    }
    for (i, name) in all.iter().enumerate() {
        assert_eq!(names.find(name), Some(i as u32));
        assert_eq!(names.get(i), name);
    }
    assert!(["", "a\0", "\0", "aaaa\0\0\0\0", "c"].iter().all(|name| names.find(name).is_none()));
    assert!(names.iter().eq(all.iter()));
}
