//! Each tier against plain arithmetic in f64, and against each other.

#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::float_cmp,
    reason = "references are computed in f64, and what must be equal to the bit is compared so"
)]

use candle_core::quantized::{GgmlDType, QTensor};
use candle_core::{Device, Tensor};

use super::attention::{self, Ends, Head, PAGE, Page, RUN, Room, Sight, Visit};
use super::rows::{Gate, Pairing};
use super::*;

const KINDS: [GgmlDType; 11] = [
    GgmlDType::Q4_0,
    GgmlDType::Q4_1,
    GgmlDType::Q5_0,
    GgmlDType::Q5_1,
    GgmlDType::Q8_0,
    GgmlDType::Q4K,
    GgmlDType::Q5K,
    GgmlDType::Q6K,
    GgmlDType::F16,
    GgmlDType::BF16,
    GgmlDType::F32,
];

/// Numbers that look like chance and are always the same, within ±1.
fn numbers(count: usize, seed: u64) -> Vec<f32> {
    let mut state = seed;
    (0..count)
        .map(|_| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (state >> 40) as f32 / (1u64 << 23) as f32 - 1.0
        })
        .collect()
}

/// A matrix of this kind and the numbers that candle reads out of its bytes.
fn matrix(dtype: GgmlDType, outputs: usize, inputs: usize) -> (Packed, Vec<Vec<f32>>) {
    let plain = Tensor::from_vec(numbers(outputs * inputs, 5), (outputs, inputs), &Device::Cpu);
    let tensor = QTensor::quantize(&plain.unwrap(), dtype).unwrap();
    let bytes = tensor.data().unwrap();
    let numbers = tensor.dequantize(&Device::Cpu).unwrap().to_vec2().unwrap();
    (pack(kind(dtype), &bytes, outputs, inputs).unwrap(), numbers)
}

fn kind(dtype: GgmlDType) -> Kind {
    match dtype {
        GgmlDType::Q4_0 => Kind::Q4_0,
        GgmlDType::Q4_1 => Kind::Q4_1,
        GgmlDType::Q5_0 => Kind::Q5_0,
        GgmlDType::Q5_1 => Kind::Q5_1,
        GgmlDType::Q8_0 => Kind::Q8_0,
        GgmlDType::Q4K => Kind::Q4K,
        GgmlDType::Q5K => Kind::Q5K,
        GgmlDType::Q6K => Kind::Q6K,
        GgmlDType::F16 => Kind::F16,
        GgmlDType::BF16 => Kind::Bf16,
        GgmlDType::F32 => Kind::F32,
        other => panic!("{other:?} is not read"),
    }
}

fn pack(kind: Kind, bytes: &[u8], outputs: usize, inputs: usize) -> Result<Packed, PackError> {
    let mut packing = Packing::new(kind, outputs, inputs)?;
    // In two parts, as a reader with a small buffer would.
    let (first, rest) = bytes.split_at(outputs / 2 * packing.row_bytes());
    packing.rows(first);
    packing.rows(rest);
    packing.finish()
}

fn times(tier: Tier, rows: &[f32], weights: &Packed) -> Vec<f32> {
    let mut acts = Activations::default();
    acts.set(tier, rows, weights.inputs());
    let mut out = vec![f32::NAN; acts.rows() * weights.tiles() * LANES];
    product((tier, 1), &acts, weights, 0..weights.tiles(), &mut out);
    out
}

/// The largest difference, as a share of the largest number.
fn off(got: &[f32], want: &[f32]) -> f32 {
    assert_eq!(got.len(), want.len());
    assert!(got.iter().all(|x| x.is_finite()));
    let top = want.iter().fold(0f32, |top, x| top.max(x.abs()));
    got.iter().zip(want).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max) / top
}

#[test]
fn packed_rows_hold_the_numbers_of_the_file() {
    for dtype in KINDS {
        // Nineteen rows: the second tile is not full.
        let (packed, want) = matrix(dtype, 19, 512);
        let mut row = vec![0.0; 512];
        for (id, want) in want.iter().enumerate() {
            packed.row(id, &mut row);
            let limit = match dtype {
                GgmlDType::F16 | GgmlDType::BF16 | GgmlDType::F32 => 0.006,
                // Products of two scales are rounded to half floats.
                GgmlDType::Q4K | GgmlDType::Q5K | GgmlDType::Q6K => 0.002,
                _ => 1e-6,
            };
            assert!(off(&row, want) < limit, "{dtype:?} row {id}: {}", off(&row, want));
        }
    }
}

#[test]
fn products_agree_with_plain_arithmetic() {
    for dtype in KINDS {
        let (packed, weights) = matrix(dtype, 40, 512);
        for count in [1, 2, 3, 4, 5, 7, 8, 9, 21] {
            let rows = numbers(count * 512, 9);
            let mut want = Vec::new();
            for row in rows.chunks_exact(512) {
                let dot = |weights: &Vec<f32>| {
                    weights.iter().zip(row).map(|(w, x)| f64::from(*w) * f64::from(*x)).sum::<f64>()
                };
                want.extend(weights.iter().map(|weights| dot(weights) as f32));
                want.extend([0.0; 8]);
            }
            for tier in Tier::all() {
                let off = off(&times(tier, &rows, &packed), &want);
                // Activations are rounded to 1/254 of the largest of thirty-two.
                assert!(off < 0.012, "{} {dtype:?} {count} rows: {off}", tier.name());
            }
        }
    }
}

#[test]
fn tiers_that_fuse_agree_to_the_bit_and_the_portable_one_nearly() {
    for dtype in KINDS {
        let (packed, _) = matrix(dtype, 32, 768);
        let rows = numbers(11 * 768, 3);
        let reference = times(Tier::Portable, &rows, &packed);
        let mut fused: Option<Vec<f32>> = None;
        for tier in Tier::all().filter(|tier| !matches!(tier, Tier::Portable)) {
            let got = times(tier, &rows, &packed);
            assert!(off(&got, &reference) < 2e-6, "{}", tier.name());
            assert_eq!(fused.get_or_insert_with(|| got.clone()), &got, "{}", tier.name());
        }
    }
}

/// Tiers may add up some products in sixteen bits: the largest must fit.
#[test]
fn the_largest_codes_and_bytes_are_added_up_exactly() {
    // What a block of the file has of bytes, and where its half floats stand.
    let kinds: [(Kind, usize, &[usize], u8); 8] = [
        (Kind::Q4_0, 18, &[0], 0xff),
        (Kind::Q4_1, 20, &[0, 2], 0xff),
        (Kind::Q5_0, 22, &[0], 0xff),
        (Kind::Q5_1, 24, &[0, 2], 0xff),
        (Kind::Q8_0, 34, &[0], 0x80),
        (Kind::Q4K, 144, &[0, 2], 0xff),
        (Kind::Q5K, 176, &[0, 2], 0xff),
        (Kind::Q6K, 210, &[208], 0xff),
    ];
    for (kind, size, halves, code) in kinds {
        let mut block = vec![code; size];
        for at in halves {
            block[*at..at + 2].copy_from_slice(&half::f16::from_f32(0.01).to_le_bytes());
        }
        let row = 512 / if size > 100 { 256 } else { 32 };
        let weights = pack(kind, &block.repeat(row * 16), 16, 512).unwrap();
        for rows in [vec![1.0; 5 * 512], vec![-1.0; 5 * 512]] {
            let want = times(Tier::Portable, &rows, &weights);
            assert!(want.iter().all(|x| x.abs() > 1.0), "{kind:?}: {want:?}");
            for tier in Tier::all() {
                let off = off(&times(tier, &rows, &weights), &want);
                assert!(off < 1e-5, "{} {kind:?}: {off}", tier.name());
            }
        }
    }
}

#[test]
fn a_row_is_the_same_in_any_company() {
    for tier in Tier::all() {
        for dtype in [GgmlDType::Q8_0, GgmlDType::Q4K, GgmlDType::Q6K, GgmlDType::Q5_0] {
            let (packed, _) = matrix(dtype, 16, 256);
            let rows = numbers(23 * 256, 4);
            let together = times(tier, &rows, &packed);
            for (row, want) in rows.chunks_exact(256).zip(together.chunks_exact(16)) {
                assert_eq!(times(tier, row, &packed), want, "{}", tier.name());
            }
        }
    }
}

#[test]
fn threads_change_no_bit_of_a_product() {
    for tier in Tier::all() {
        // One row is shared out by tiles, many by rows; neither comes out even.
        for (rows, outputs, inputs) in [(1, 33_000, 256), (45, 400, 512)] {
            let (packed, _) = matrix(GgmlDType::Q4K, outputs, inputs);
            let rows = numbers(rows * inputs, 7);
            let alone = times(tier, &rows, &packed);
            let mut acts = Activations::default();
            acts.set(tier, &rows, inputs);
            for threads in [2, 3, 7] {
                let mut out = vec![f32::NAN; alone.len()];
                product((tier, threads), &acts, &packed, 0..packed.tiles(), &mut out);
                assert_eq!(out, alone, "{} {threads} threads", tier.name());
            }
        }
    }
}

#[test]
fn chosen_tiles_and_gathered_rows_are_those_of_the_whole() {
    let tier = Tier::best();
    for dtype in [GgmlDType::Q8_0, GgmlDType::Q6K, GgmlDType::Q4_1] {
        let (packed, _) = matrix(dtype, 80, 256);
        let rows = numbers(2 * 256, 6);
        let whole = times(tier, &rows, &packed);
        let mut acts = Activations::default();
        acts.set(tier, &rows, 256);
        let mut some = vec![0.0; 2 * 32];
        product((tier, 1), &acts, &packed, [3, 1].into_iter(), &mut some);
        assert_eq!(some[..16], whole[48..64]);
        assert_eq!(some[32 + 16..], whole[80 + 16..80 + 32]);
        let ids = [79, 0, 17, 1000];
        let gathered = packed.gather(&ids).unwrap();
        assert_eq!(gathered.outputs(), 3);
        let few = times(tier, &rows, &gathered);
        let want: Vec<f32> = ids[..3].iter().map(|id| whole[*id as usize]).collect();
        assert_eq!(few[..3], want[..]);
    }
}

#[test]
fn weights_that_are_no_weights_are_refused() {
    let bytes = [0u8; 340];
    let refused = |kind, bytes, outputs, inputs| pack(kind, bytes, outputs, inputs).unwrap_err();
    assert_eq!(refused(Kind::Q8_0, &bytes, 1, 33), PackError::Ragged(33));
    assert_eq!(refused(Kind::Q4K, &bytes, 1, 32), PackError::Ragged(32));
    assert_eq!(refused(Kind::Q8_0, &bytes, 1, 0), PackError::Ragged(0));
    let rows = refused(Kind::Q8_0, &bytes, 6, 64);
    assert_eq!(rows, PackError::Rows { found: 5, expected: 6 });
    let mut infinite = bytes;
    infinite[35] = 0x7c;
    assert_eq!(refused(Kind::Q8_0, &infinite, 10, 32), PackError::NotFinite);
    let nan = f32::NAN.to_le_bytes().repeat(32);
    assert_eq!(refused(Kind::F32, &nan, 1, 32), PackError::NotFinite);
}

#[test]
fn half_floats_are_read_like_any_other() {
    for bits in (0..=u16::MAX).filter(|bits| bits & 0x7c00 != 0x7c00) {
        let want = half::f16::from_bits(bits).to_f32();
        assert_eq!(portable::half(bits).to_bits(), want.to_bits(), "{bits:#06x}");
    }
}

#[test]
fn norms_gates_and_rotations_agree_with_plain_arithmetic() {
    let rows = numbers(3 * 64, 1);
    let weight = numbers(64, 2);
    for tier in Tier::all() {
        let mut out = vec![0.0; rows.len()];
        rows::norm(tier, &rows, &weight, 1e-6, &mut out);
        let mut in_place = rows.clone();
        rows::norm_in_place(tier, &mut in_place, &weight, 1e-6);
        assert_eq!(out, in_place);
        let mut want = Vec::new();
        for row in rows.chunks_exact(64) {
            let mean: f64 = row.iter().map(|x| f64::from(x * x)).sum::<f64>() / 64.0;
            want.extend(row.iter().zip(&weight).map(|(x, w)| x / (mean as f32 + 1e-6).sqrt() * w));
        }
        assert!(off(&out, &want) < 1e-6);

        let inputs: Vec<f32> = rows.iter().map(|x| x * 12.0).collect();
        let mut gelu = inputs.clone();
        rows::gate(tier, Gate::Gelu, &mut gelu, &vec![2.0; inputs.len()]);
        let exact = |x: f32| {
            let x = f64::from(x);
            let inner = (2.0 / std::f64::consts::PI).sqrt() * (x + 0.044_715 * x * x * x);
            (x * (1.0 + inner.tanh())) as f32
        };
        assert!(off(&gelu, &inputs.iter().map(|x| exact(*x)).collect::<Vec<_>>()) < 1e-6);
        let mut silu = inputs.clone();
        rows::gate(tier, Gate::Silu, &mut silu, &vec![1.0; inputs.len()]);
        let exact: Vec<f32> = inputs.iter().map(|x| x / (1.0 + (-x).exp())).collect();
        assert!(off(&silu, &exact) < 1e-6);

        let angles = [0.0f32.cos(), 1.0f32.cos(), 0.0f32.sin(), 1.0f32.sin()];
        let mut head = [1.0, 2.0, 3.0, 4.0];
        rows::rotate(tier, Pairing::Halves, &mut head, &angles);
        let turned =
            [1.0, 2.0 * angles[1] - 4.0 * angles[3], 3.0, 2.0 * angles[3] + 4.0 * angles[1]];
        assert!(off(&head, &turned) < 1e-6);
        let mut head = [1.0, 2.0, 3.0, 4.0];
        rows::rotate(tier, Pairing::Neighbours, &mut head, &angles);
        let turned =
            [1.0, 2.0, 3.0 * angles[1] - 4.0 * angles[3], 3.0 * angles[3] + 4.0 * angles[1]];
        assert!(off(&head, &turned) < 1e-6);
    }
}

#[test]
fn layer_norms_and_exact_gelus_agree_with_plain_arithmetic() {
    let (weight, bias) = (numbers(64, 2), numbers(64, 3));
    // Far from zero beside how far they are from each other.
    let rows: Vec<f32> = numbers(5 * 64, 1).iter().map(|x| 3.0 + x).collect();
    let mut want = Vec::new();
    for row in rows.chunks_exact(64) {
        let mean = row.iter().map(|x| f64::from(*x)).sum::<f64>() / 64.0;
        let square = row.iter().map(|x| (f64::from(*x) - mean).powi(2)).sum::<f64>() / 64.0;
        let normed = row.iter().map(|x| (f64::from(*x) - mean) / (square + 1e-12).sqrt());
        let ends = weight.iter().zip(&bias);
        want.extend(normed.zip(ends).map(|(x, (w, b))| (x * f64::from(*w)) as f32 + b));
    }
    let inputs: Vec<f32> = numbers(40 * 64, 4).iter().map(|x| x * 9.0).collect();
    let shifted: Vec<f32> = inputs.iter().zip(bias.iter().cycle()).map(|(x, b)| x + b).collect();
    let exact = Tensor::new(shifted, &Device::Cpu).unwrap().to_dtype(candle_core::DType::F64);
    let exact: Vec<f64> = exact.unwrap().gelu_erf().unwrap().to_vec1().unwrap();
    for tier in Tier::all() {
        let mut normed = rows.clone();
        rows::layer_norm(tier, &mut normed, &weight, &bias, 1e-12);
        assert!(off(&normed, &want) < 2e-6, "{} {}", tier.name(), off(&normed, &want));
        let mut turned = inputs.clone();
        rows::gelu(tier, &mut turned, &bias);
        // Not a share of the largest: the small ones count as much.
        let worst = turned.iter().zip(&exact).map(|(a, b)| (f64::from(*a) - b).abs());
        let worst = worst.fold(0.0, f64::max);
        assert!(worst < 1e-6, "{} {worst}", tier.name());
    }
}

#[test]
fn the_peak_of_logits_is_exact_however_many_there_are() {
    for tier in Tier::all() {
        for count in [1, 15, 16, 17, 5000] {
            let logits: Vec<f32> = numbers(count, 8).iter().map(|x| x * 20.0).collect();
            let (top, sum) = rows::peak(tier, &logits);
            assert_eq!(Some(top), logits.iter().copied().reduce(f32::max));
            let want = logits.iter().map(|x| f64::from(*x).exp()).sum::<f64>().ln();
            assert!((sum - want).abs() < 1e-6, "{sum} {want}");
        }
        assert_eq!(rows::peak(tier, &[]).0, f32::NEG_INFINITY);
        assert!(rows::peak(tier, &[f32::NEG_INFINITY; 40]).1.is_infinite());
    }
}

/// A sequence of `tokens` keys and values, in pages.
struct Sequence {
    keys: Vec<Vec<f32>>,
    values: Vec<Vec<f32>>,
    pages: Vec<(Vec<Lanes>, Vec<Lanes>)>,
}

fn sequence(tokens: usize, dim: usize) -> Sequence {
    let keys: Vec<Vec<f32>> = (0..tokens).map(|t| numbers(dim, 100 + t as u64)).collect();
    let values: Vec<Vec<f32>> = (0..tokens).map(|t| numbers(dim, 900 + t as u64)).collect();
    let mut pages =
        vec![(vec![Lanes::default(); dim], vec![Lanes::default(); dim]); tokens.div_ceil(PAGE)];
    for (t, (key, value)) in keys.iter().zip(&values).enumerate() {
        let (page, slot) = (&mut pages[t / PAGE], t % PAGE);
        for (d, x) in key.iter().enumerate() {
            page.0[d].0[slot] = *x;
        }
        for (d, x) in value.iter().enumerate() {
            page.1[d / RUN * RUN + slot * 2 + d % RUN / LANES].0[d % LANES] = *x;
        }
    }
    Sequence { keys, values, pages }
}

#[test]
fn attention_agrees_with_plain_arithmetic() {
    let dim = 64;
    let it = sequence(45, dim);
    let pages: Vec<Page<'_>> =
        it.pages.iter().map(|(keys, values)| Page { keys, values }).collect();
    let sights = [(0, 45), (0, 1), (20, 31), (15, 17), (0, 32), (44, 45)];
    let sights = sights.map(|(from, to)| Sight { from, to });
    let sees = |at: usize, s: &Sight| s.from < (at + 1) * PAGE && s.to > at * PAGE;
    let visits: Vec<Visit> = (0..pages.len())
        .map(|at| Visit {
            at,
            page: at,
            tokens: (0..sights.len()).filter(|t| sees(at, &sights[*t])).collect(),
        })
        .collect();
    for shared in 1..=MOST_SHARED_HERE {
        let stride = 32 + shared * dim;
        let queries = numbers(sights.len() * stride, 77);
        let mut want = Vec::new();
        for (row, sight) in queries.chunks_exact(stride).zip(&sights) {
            for query in row[32..].chunks_exact(dim) {
                let score = |t: usize| {
                    it.keys[t].iter().zip(query).map(|(a, b)| f64::from(a * b)).sum::<f64>() * 0.25
                };
                let all: Vec<f64> = (sight.from..sight.to).map(|t| score(t).exp()).collect();
                let sum: f64 = all.iter().sum();
                for d in 0..dim {
                    let seen = (sight.from..sight.to).zip(&all);
                    let mixed: f64 = seen.map(|(t, p)| p * f64::from(it.values[t][d])).sum();
                    want.push((mixed / sum) as f32);
                }
            }
        }
        for tier in Tier::all() {
            let head =
                Head { shared, dim, scale: 0.25, sights: &sights, visits: &visits, pages: &pages };
            let mut out = vec![0.0; queries.len()];
            let ends = Ends { queries: &queries, out: &mut out, stride, start: 32, step: dim };
            attention::attend(tier, &head, ends, &mut Room::default());
            let got: Vec<f32> =
                out.chunks_exact(stride).flat_map(|row| row[32..].to_vec()).collect();
            assert!(off(&got, &want) < 3e-6, "{} {shared}: {}", tier.name(), off(&got, &want));
        }
    }
}

const MOST_SHARED_HERE: usize = attention::MOST_SHARED;

/// `cargo test --release -p cotmoc-inference kernels -- --ignored --nocapture`
#[test]
#[ignore = "it measures: run it alone on an idle machine"]
fn how_fast_products_are() {
    for tier in Tier::all() {
        for (dtype, outputs, inputs) in [
            (GgmlDType::Q5_0, 2048, 640),
            (GgmlDType::Q4_1, 1536, 576),
            (GgmlDType::Q8_0, 32_768, 640),
            (GgmlDType::Q6K, 640, 2048),
            (GgmlDType::Q4K, 640, 2048),
        ] {
            let (packed, _) = matrix(dtype, outputs, inputs);
            print!("{} {dtype:?} {outputs}x{inputs}:", tier.name());
            for count in [1, 4, 8, 32, 128] {
                let rows = numbers(count * inputs, 2);
                let mut acts = Activations::default();
                acts.set(tier, &rows, inputs);
                let mut out = vec![0.0; count * outputs];
                let rounds = (400_000_000 / (outputs * inputs * count)).max(1);
                let best = (0..3)
                    .map(|_| {
                        let start = std::time::Instant::now();
                        for _ in 0..rounds {
                            product((tier, 1), &acts, &packed, 0..packed.tiles(), &mut out);
                        }
                        start.elapsed().as_secs_f64()
                    })
                    .fold(f64::INFINITY, f64::min);
                let work = (rounds * outputs * inputs * count) as f64;
                print!(" {count}: {:.0}", work / best / 1e9);
            }
            println!(" GMAC/s");
        }
    }
}
