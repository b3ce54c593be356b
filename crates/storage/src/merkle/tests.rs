//! The published vectors of transparency-dev/merkle, and every tree up to a size against the
//! definition, written out plainly.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::*;

/// The entries and roots of `testonly/constants.go`, version 0.0.2.
const ENTRIES: [&str; 8] = [
    "",
    "00",
    "10",
    "2021",
    "3031",
    "40414243",
    "5051525354555657",
    "606162636465666768696a6b6c6d6e6f",
];
const ROOTS: [&str; 9] = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
];

fn bytes(hex: &str) -> Vec<u8> {
    (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect()
}

fn hash(hex: &str) -> Hash {
    bytes(hex).try_into().unwrap()
}

fn leaves() -> Vec<Hash> {
    ENTRIES.iter().map(|entry| leaf(&bytes(entry))).collect()
}

/// RFC 6962, section 2.1, word for word.
fn defined(leaves: &[Hash]) -> Hash {
    match leaves {
        [] => empty(),
        [one] => *one,
        many => {
            let middle = many.len().next_power_of_two() / 2;
            node(&defined(&many[..middle]), &defined(&many[middle..]))
        }
    }
}

fn hashes(leaves: &[Hash], ranges: Vec<Range<u64>>) -> Vec<Hash> {
    let at = |place: u64| usize::try_from(place).unwrap();
    ranges
        .into_iter()
        .map(|range| {
            let nodes = nodes(range).into_iter().map(|it| (it.place << it.level, 1 << it.level));
            let hashes: Vec<Hash> = nodes
                .map(|(from, many): (u64, u64)| defined(&leaves[at(from)..at(from + many)]))
                .collect();
            fold(&hashes)
        })
        .collect()
}

#[test]
fn entries_and_neighbours_hash_as_published() {
    assert_eq!(empty(), hash(ROOTS[0]));
    assert_eq!(leaf(b""), hash("6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"));
    let l123456 = "395aa064aa4c29f7010acfe3f25db9485bbd4b91897b6ad7ad547639252b4d56";
    assert_eq!(leaf(b"L123456"), hash(l123456));
    // The published vector of a node has children that are no hashes.
    let inner: Hash = Sha256::new().chain_update(b"\x01N123N456").finalize().into();
    assert_eq!(inner, hash("aa217fe888e47007fa15edab33c2b492a722cb106c64667fc2b044444de66bbb"));
}

#[test]
fn roots_are_those_published() {
    let mut growing = Growing::default();
    assert_eq!(growing.root(), hash(ROOTS[0]));
    for (leaf, root) in leaves().into_iter().zip(&ROOTS[1..]) {
        growing.push(leaf);
        assert_eq!(growing.root(), hash(root), "size {}", growing.size());
    }
    // `compact/range_test.go`: entry i is the two bytes of i, the lower first.
    let published = [
        (10, "VjWMPSYNtCuCNlF/RLnQy6HcwSk6CIipfxm+hettA+4="),
        (15, "j4SulYmocFuxdeyp12xXCIgK6PekBcxzAIj4zbQzNEI="),
        (16, "c+4Uc6BCMOZf/v3NZK1kqTUJe+bBoFtOhP+P3SayKRE="),
        (100, "dUh9hYH88p0CMoHkdr1wC2szbhcLAXOejWpINIooKUY="),
    ];
    for (size, root) in published {
        let mut growing = Growing::default();
        (0..size).for_each(|entry: u16| growing.push(leaf(&entry.to_le_bytes())));
        assert_eq!(STANDARD.encode(growing.root()), root, "size {size}");
    }
}

/// `testonly/reference_test.go` and `proof/verify_test.go`, indexes from 0.
#[test]
fn inclusion_proofs_are_those_published() {
    let published: [(u64, u64, &[&str]); 7] = [
        (0, 1, &[]),
        (0, 2, &["96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7"]),
        (1, 2, &["6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"]),
        (2, 3, &["fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"]),
        (
            1,
            5,
            &[
                "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
                "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
                "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
            ],
        ),
        (
            0,
            8,
            &[
                "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
                "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
                "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
            ],
        ),
        (
            5,
            8,
            &[
                "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
                "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
                "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
            ],
        ),
    ];
    let leaves = leaves();
    for (index, size, expected) in published {
        let at = |place: u64| usize::try_from(place).unwrap();
        let path = hashes(&leaves[..at(size)], inclusion(index, size).unwrap());
        let expected: Vec<Hash> = expected.iter().map(|it| hash(it)).collect();
        assert_eq!(path, expected, "entry {index} of {size}");
        assert!(is_included(index, size, leaves[at(index)], &path, &hash(ROOTS[at(size)])));
    }
}

/// `proof/verify_test.go`.
#[test]
fn consistency_proofs_are_those_published() {
    let published: [(u64, u64, &[&str]); 4] = [
        (1, 1, &[]),
        (
            1,
            8,
            &[
                "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
                "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
                "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
            ],
        ),
        (
            6,
            8,
            &[
                "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
                "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
                "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
            ],
        ),
        (
            2,
            5,
            &[
                "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
                "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
            ],
        ),
    ];
    let leaves = leaves();
    for (from, to, expected) in published {
        let path = hashes(&leaves, consistency(from, to).unwrap());
        let expected: Vec<Hash> = expected.iter().map(|it| hash(it)).collect();
        assert_eq!(path, expected, "{from} to {to}");
        let root = |size: u64| hash(ROOTS[usize::try_from(size).unwrap()]);
        assert!(is_consistent((from, &root(from)), (to, &root(to)), &path));
    }
}

#[test]
fn every_proof_of_every_small_tree_holds_and_no_other_does() {
    let leaves: Vec<Hash> = (0..70_u32).map(|entry| leaf(&entry.to_be_bytes())).collect();
    let root = |size: u64| defined(&leaves[..usize::try_from(size).unwrap()]);
    for size in 1..=70_u64 {
        for index in 0..size {
            let own = leaves[usize::try_from(index).unwrap()];
            let path = hashes(&leaves, inclusion(index, size).unwrap());
            assert!(is_included(index, size, own, &path, &root(size)));
            assert!(!is_included(index + 1, size, own, &path, &root(size)));
            assert!(!is_included(index, size, leaf(b"other"), &path, &root(size)));
            assert!(!is_included(index, size, own, &path, &empty()));
            for at in 0..path.len() {
                let mut wrong = path.clone();
                wrong[at][0] ^= 8;
                assert!(!is_included(index, size, own, &wrong, &root(size)));
                assert!(!is_included(index, size, own, &path[..at], &root(size)));
            }
        }
        for from in 0..=size {
            let path = hashes(&leaves, consistency(from, size).unwrap());
            let (earlier, later) = (root(from), root(size));
            assert!(is_consistent((from, &earlier), (size, &later), &path), "{from} to {size}");
            let longer = [path.clone(), vec![later]].concat();
            assert!(!is_consistent((from, &earlier), (size, &later), &longer));
            if from > 0 {
                assert!(!is_consistent((from, &leaf(b"other")), (size, &later), &path));
                assert!(!is_consistent((from, &earlier), (size, &leaf(b"other")), &path));
            }
        }
        assert_eq!(consistency(size + 1, size), None);
        assert_eq!(inclusion(size, size), None);
    }
}
