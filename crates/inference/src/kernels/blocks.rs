//! The blocks of a GGUF file's weights, each kind read into the one form that is packed.
//!
//! Every quantised kind here is thirty-two codes with a scale for all or one for each half,
//! and with an offset or a minimum; so nothing is rounded but the products of a K-quant's two
//! scales, to half floats. Plain floats are quantised to eight bits, as `Q8_0` has them.

use half::f16;

/// How many weights of a row share a scale at most.
pub(crate) const BLOCK: usize = 32;

/// The kinds of weights that are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Q4_0,
    Q4_1,
    Q5_0,
    Q5_1,
    Q8_0,
    Q4K,
    Q5K,
    Q6K,
    F16,
    Bf16,
    F32,
}

/// How many bits a packed code has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Width {
    #[default]
    Four,
    Five,
    Six,
    Eight,
}

/// How the codes of a kind become numbers: `scale * (code - offset)`, or `scale * code - min`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Coding {
    pub(super) width: Width,
    pub(super) offset: i16,
    /// Whether each block has a minimum.
    pub(super) mins: bool,
    /// Whether each half of a block has a scale of its own.
    pub(super) halves: bool,
}

/// Thirty-two neighbouring weights of a row. Scales and minimum are half floats.
#[derive(Debug, Clone, Copy)]
pub(super) struct Block {
    pub(super) codes: [u8; BLOCK],
    pub(super) scales: [u16; 2],
    pub(super) min: u16,
}

impl Kind {
    /// The kind that has this number in the format, if it is one of those here.
    pub(crate) fn of(code: u32) -> Option<Self> {
        Some(match code {
            0 => Self::F32,
            1 => Self::F16,
            2 => Self::Q4_0,
            3 => Self::Q4_1,
            6 => Self::Q5_0,
            7 => Self::Q5_1,
            8 => Self::Q8_0,
            12 => Self::Q4K,
            13 => Self::Q5K,
            14 => Self::Q6K,
            30 => Self::Bf16,
            _ => return None,
        })
    }

    pub(super) fn coding(self) -> Coding {
        let (width, offset, mins, halves) = match self {
            Self::Q4_0 => (Width::Four, 8, false, false),
            Self::Q4_1 | Self::Q4K => (Width::Four, 0, true, false),
            Self::Q5_0 => (Width::Five, 16, false, false),
            Self::Q5_1 | Self::Q5K => (Width::Five, 0, true, false),
            Self::Q6K => (Width::Six, 32, false, true),
            Self::Q8_0 | Self::F16 | Self::Bf16 | Self::F32 => (Width::Eight, 128, false, false),
        };
        Coding { width, offset, mins, halves }
    }

    /// How many bytes a row of so many weights has, unless it is no whole number of blocks.
    pub(crate) fn row_bytes(self, inputs: usize) -> Option<usize> {
        let (weights, bytes) = self.block();
        let whole = inputs > 0 && inputs.is_multiple_of(weights);
        whole.then(|| inputs.checked_mul(bytes).map(|all| all / weights)).flatten()
    }

    /// Weights and bytes of one block of the file.
    fn block(self) -> (usize, usize) {
        match self {
            Self::Q4_0 => (32, 18),
            Self::Q4_1 => (32, 20),
            Self::Q5_0 => (32, 22),
            Self::Q5_1 => (32, 24),
            Self::Q8_0 => (32, 34),
            Self::Q4K => (256, 144),
            Self::Q5K => (256, 176),
            Self::Q6K => (256, 210),
            Self::F16 | Self::Bf16 => (1, 2),
            Self::F32 => (1, 4),
        }
    }
}

/// Reads the blocks of one row in order.
pub(super) fn decode(kind: Kind, row: &[u8], mut emit: impl FnMut(Block)) {
    match kind {
        Kind::Q4_0 => row.as_chunks::<18>().0.iter().for_each(|block| {
            let [d0, d1, nibbles @ ..] = *block;
            emit(Block::plain(spread(nibbles), [d0, d1]));
        }),
        Kind::Q4_1 => row.as_chunks::<20>().0.iter().for_each(|block| {
            let [d0, d1, m0, m1, nibbles @ ..] = *block;
            emit(Block::above(spread(nibbles), [d0, d1], [m0, m1]));
        }),
        Kind::Q5_0 => row.as_chunks::<22>().0.iter().for_each(|block| {
            let [d0, d1, h0, h1, h2, h3, nibbles @ ..] = *block;
            let codes = fifth(spread(nibbles), u32::from_le_bytes([h0, h1, h2, h3]));
            emit(Block::plain(codes, [d0, d1]));
        }),
        Kind::Q5_1 => row.as_chunks::<24>().0.iter().for_each(|block| {
            let [d0, d1, m0, m1, h0, h1, h2, h3, nibbles @ ..] = *block;
            let codes = fifth(spread(nibbles), u32::from_le_bytes([h0, h1, h2, h3]));
            emit(Block::above(codes, [d0, d1], [m0, m1]));
        }),
        Kind::Q8_0 => row.as_chunks::<34>().0.iter().for_each(|block| {
            let [d0, d1, signed @ ..] = *block;
            // A signed byte plus 128 is the same byte with its sign turned.
            emit(Block::plain(signed.map(|code| code ^ 0x80), [d0, d1]));
        }),
        Kind::Q4K => row.as_chunks::<144>().0.iter().for_each(|block| {
            let [d0, d1, m0, m1, rest @ ..] = *block;
            let scales = Pairs::new([d0, d1], [m0, m1], &rest);
            let (_, nibbles) = rest.split_at(12);
            k_codes(nibbles, &[0; BLOCK], |at, codes| emit(scales.block(at, codes)));
        }),
        Kind::Q5K => row.as_chunks::<176>().0.iter().for_each(|block| {
            let [d0, d1, m0, m1, rest @ ..] = *block;
            let scales = Pairs::new([d0, d1], [m0, m1], &rest);
            let (high, nibbles) = rest.split_at(12).1.split_at(BLOCK);
            let high = high.first_chunk().unwrap_or(&[0; BLOCK]);
            k_codes(nibbles, high, |at, codes| emit(scales.block(at, codes)));
        }),
        Kind::Q6K => row.as_chunks::<210>().0.iter().for_each(|block| six_bits(block, &mut emit)),
        Kind::F16 => floats(row.as_chunks::<2>().0, |two| f16::from_le_bytes(two).into(), emit),
        Kind::Bf16 => {
            floats(row.as_chunks::<2>().0, |two| half::bf16::from_le_bytes(two).into(), emit);
        }
        Kind::F32 => floats(row.as_chunks::<4>().0, f32::from_le_bytes, emit),
    }
}

impl Block {
    fn plain(codes: [u8; BLOCK], scale: [u8; 2]) -> Self {
        Self { codes, scales: [u16::from_le_bytes(scale); 2], min: 0 }
    }

    /// The file has what is added; here it is what is taken away.
    fn above(codes: [u8; BLOCK], scale: [u8; 2], added: [u8; 2]) -> Self {
        let min = u16::from_le_bytes(added) ^ 0x8000;
        Self { codes, scales: [u16::from_le_bytes(scale); 2], min }
    }
}

/// Low nibbles first, then the high ones.
fn spread(nibbles: [u8; 16]) -> [u8; BLOCK] {
    let mut codes = [0; BLOCK];
    let (low, high) = codes.split_at_mut(16);
    for ((low, high), both) in low.iter_mut().zip(high).zip(nibbles) {
        (*low, *high) = (both & 15, both >> 4);
    }
    codes
}

fn fifth(mut codes: [u8; BLOCK], bits: u32) -> [u8; BLOCK] {
    for (at, code) in codes.iter_mut().enumerate() {
        *code |= u8::from(bits >> at & 1 == 1) << 4;
    }
    codes
}

/// The scales and minima of a K-quant's eight blocks: six bits each, times one half float each.
struct Pairs {
    scale: f32,
    min: f32,
    six: [u8; 12],
}

impl Pairs {
    fn new(scale: [u8; 2], min: [u8; 2], rest: &[u8]) -> Self {
        Self {
            scale: f16::from_le_bytes(scale).into(),
            min: f16::from_le_bytes(min).into(),
            six: rest.first_chunk().copied().unwrap_or_default(),
        }
    }

    fn block(&self, at: usize, codes: [u8; BLOCK]) -> Block {
        let byte = |at: usize| self.six.get(at).copied().unwrap_or_default();
        let (scale, min) = if at < 4 {
            (byte(at) & 63, byte(at + 4) & 63)
        } else {
            let both = byte(at + 4);
            (both & 15 | byte(at - 4) >> 6 << 4, both >> 4 | byte(at) >> 6 << 4)
        };
        let product = |unit: f32, times: u8| f16::from_f32(unit * f32::from(times)).to_bits();
        Block { codes, scales: [product(self.scale, scale); 2], min: product(self.min, min) }
    }
}

/// Each thirty-two bytes hold two blocks as nibbles; `high` holds a fifth bit for all eight.
fn k_codes(nibbles: &[u8], high: &[u8; BLOCK], mut emit: impl FnMut(usize, [u8; BLOCK])) {
    for (pair, both) in nibbles.as_chunks::<BLOCK>().0.iter().enumerate() {
        for half in 0..2 {
            let at = 2 * pair + half;
            let mut codes = both.map(|byte| byte >> (4 * half) & 15);
            for (code, bits) in codes.iter_mut().zip(high) {
                *code |= (bits >> at & 1) << 4;
            }
            emit(at, codes);
        }
    }
}

fn six_bits(block: &[u8; 210], emit: &mut impl FnMut(Block)) {
    let (low, rest) = block.split_at(128);
    let (high, rest) = rest.split_at(64);
    let (scales, unit) = rest.split_at(16);
    let unit: f32 = f16::from_le_bytes(unit.first_chunk().copied().unwrap_or_default()).into();
    let mut scales =
        scales.iter().map(|scale| f16::from_f32(unit * f32::from(scale.cast_signed())).to_bits());
    for (low, high) in low.as_chunks::<64>().0.iter().zip(high.as_chunks::<32>().0) {
        let (first, second) = low.split_at(32);
        for (quarter, low) in [first, second, first, second].into_iter().enumerate() {
            let mut codes = [0; BLOCK];
            for ((code, low), high) in codes.iter_mut().zip(low).zip(high) {
                *code = low >> (quarter / 2 * 4) & 15 | (high >> (2 * quarter) & 3) << 4;
            }
            let scales = [scales.next().unwrap_or(0), scales.next().unwrap_or(0)];
            emit(Block { codes, scales, min: 0 });
        }
    }
}

fn floats<const N: usize>(
    row: &[[u8; N]],
    read: impl Fn([u8; N]) -> f32,
    mut emit: impl FnMut(Block),
) {
    for block in row.as_chunks::<BLOCK>().0 {
        let values = block.map(&read);
        let top = values.iter().fold(0f32, |top, x| top.max(x.abs()));
        // An infinity is kept in the scale, where packing finds it.
        let scale = f16::from_f32(if values.iter().all(|x| x.is_finite()) {
            top / 127.0
        } else {
            f32::INFINITY
        });
        let inverse = if scale.to_f32() > 0.0 { 1.0 / scale.to_f32() } else { 0.0 };
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "clamped to a byte"
        )]
        let codes = values.map(|x| ((x * inverse).round().clamp(-127.0, 127.0) + 128.0) as u8);
        emit(Block { codes, scales: [scale.to_bits(); 2], min: 0 });
    }
}
