//! A matrix of weights in the order in which products read it.
//!
//! Sixteen rows are a tile. Within it, each line of sixty-four bytes holds four neighbouring
//! codes of every row, so that one instruction multiplies four inputs into sixteen outputs.
//! Codes keep the width that they have in the file; a tile is widened to bytes just before it
//! is used, by however many rows, and lies in the nearest cache then.

use super::blocks::{BLOCK, Block, Coding, Kind, Width, decode};
use super::simd::Simd;
use super::{Kernel, LANES, Lanes, Tier};

/// Lines that the codes of a block of a tile take as bytes.
pub(super) const LINES: usize = 8;

/// Sixty-four bytes on a border of the cache.
#[derive(Debug, Clone, Copy)]
#[repr(align(64))]
pub(super) struct Line(pub(super) [u8; 64]);

impl Line {
    pub(super) const ZERO: Self = Self([0; 64]);
}

/// Sixteen half floats, one for each row of a tile.
#[derive(Debug, Clone, Copy)]
#[repr(align(32))]
pub(super) struct Halves(pub(super) [u16; LANES]);

/// Why weights cannot be packed.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum PackError {
    #[error("its rows of {0} weights are no whole blocks")]
    Ragged(usize),
    #[error("it has {found} rows, expected {expected}")]
    Rows { found: usize, expected: usize },
    #[error("a weight in it is not a finite number")]
    NotFinite,
}

/// A matrix of `outputs` rows of `inputs` weights; the default is one of none.
#[derive(Debug, Default)]
pub(crate) struct Packed {
    outputs: usize,
    inputs: usize,
    coding: Coding,
    codes: Vec<Line>,
    scales: Vec<Halves>,
    /// Empty unless the coding has minima.
    mins: Vec<Halves>,
}

/// One tile, its codes as bytes.
#[derive(Clone, Copy)]
pub(super) struct Tile<'a> {
    pub(super) codes: &'a [Line],
    pub(super) scales: &'a [Halves],
    pub(super) mins: &'a [Halves],
    pub(super) offset: i16,
}

impl Packed {
    /// The rows `ids` alone, in that order; ids beyond the last row are passed over.
    pub(crate) fn gather(&self, ids: &[u32]) -> Result<Self, PackError> {
        let ids: Vec<usize> =
            ids.iter().map(|id| *id as usize).filter(|id| *id < self.outputs).collect();
        let mut packer = Packer::new(self.coding, ids.len(), self.inputs);
        for id in ids {
            self.read_row(id, |block| packer.put(block));
            packer.next_row();
        }
        packer.finish()
    }

    pub(crate) fn outputs(&self) -> usize {
        self.outputs
    }

    pub(crate) fn inputs(&self) -> usize {
        self.inputs
    }

    /// How many tiles there are; the last may be filled up with rows of zeros.
    pub(crate) fn tiles(&self) -> usize {
        self.outputs.div_ceil(LANES)
    }

    /// What it takes in memory.
    pub(crate) fn bytes(&self) -> usize {
        size_of_val(self.codes.as_slice())
            + size_of_val(self.scales.as_slice())
            + size_of_val(self.mins.as_slice())
    }

    pub(super) fn coding(&self) -> Coding {
        self.coding
    }

    /// Writes the numbers of row `id`, if there is one.
    pub(crate) fn row(&self, id: usize, out: &mut [f32]) {
        let Coding { offset, mins, .. } = self.coding;
        let mut out = out.as_chunks_mut::<16>().0.iter_mut();
        self.read_row(id, |block| {
            let min = if mins { super::portable::half(block.min) } else { 0.0 };
            for (codes, scale) in block.codes.as_chunks::<16>().0.iter().zip(block.scales) {
                let scale = super::portable::half(scale);
                let Some(out) = out.next() else { return };
                for (out, code) in out.iter_mut().zip(codes) {
                    *out = scale * f32::from(i16::from(*code) - offset) - min;
                }
            }
        });
    }

    fn read_row(&self, id: usize, mut emit: impl FnMut(Block)) {
        let blocks = self.inputs / BLOCK;
        let (tile, lane) = (id / LANES, id % LANES);
        let Some(tile) = self.stored(tile) else { return };
        let lines = tile.codes.chunks_exact(self.coding.width.lines());
        let scales = tile.scales.chunks_exact(if self.coding.halves { 2 } else { 1 });
        let no_mins = [Halves([0; LANES])];
        let mins = tile.mins.iter().chain(no_mins.iter().cycle()).take(blocks);
        let at = |halves: &Halves| halves.0.get(lane).copied().unwrap_or_default();
        for ((lines, scales), min) in lines.zip(scales).zip(mins) {
            let mut wide = [Line::ZERO; LINES];
            widen_all(self.coding.width, lines, std::slice::from_mut(&mut wide));
            let mut codes = [0; BLOCK];
            for (four, line) in codes.as_chunks_mut::<4>().0.iter_mut().zip(&wide) {
                *four = line.0.as_chunks::<4>().0.get(lane).copied().unwrap_or_default();
            }
            let scale = |at_half: usize| scales.get(at_half).or(scales.first()).map_or(0, at);
            emit(Block { codes, scales: [scale(0), scale(1)], min: at(min) });
        }
    }

    /// The tile as it is stored.
    fn stored(&self, tile: usize) -> Option<Tile<'_>> {
        let blocks = self.inputs / BLOCK;
        let scales = blocks * if self.coding.halves { 2 } else { 1 };
        let lines = blocks * self.coding.width.lines();
        let part = |at: usize, length: usize| at * length..(at + 1) * length;
        Some(Tile {
            codes: self.codes.get(part(tile, lines))?,
            scales: self.scales.get(part(tile, scales))?,
            mins: self.mins.get(part(tile, blocks)).unwrap_or_default(),
            offset: self.coding.offset,
        })
    }

    /// The tile with its codes as bytes, in `room` unless they are bytes already.
    pub(super) fn tile<'a>(
        &'a self,
        tier: Tier,
        tile: usize,
        room: &'a mut Vec<Line>,
    ) -> Option<Tile<'a>> {
        let stored = self.stored(tile)?;
        if self.coding.width == Width::Eight {
            return Some(stored);
        }
        room.resize(self.inputs / BLOCK * LINES, Line::ZERO);
        tier.run(Widen { width: self.coding.width, codes: stored.codes, to: room });
        Some(Tile { codes: room, ..stored })
    }
}

impl Width {
    /// Lines that a block of a tile takes.
    fn lines(self) -> usize {
        match self {
            Self::Four => 4,
            Self::Five => 5,
            Self::Six => 6,
            Self::Eight => LINES,
        }
    }
}

struct Widen<'a> {
    width: Width,
    codes: &'a [Line],
    to: &'a mut [Line],
}

impl Kernel for Widen<'_> {
    type Out = ();

    #[inline(always)]
    fn run<S: Simd>(self, _: S) {
        widen_all(self.width, self.codes, self.to.as_chunks_mut::<LINES>().0);
    }
}

/// The inverse of [`narrow`], for blocks of tiles.
#[inline(always)]
fn widen_all(width: Width, from: &[Line], to: &mut [[Line; LINES]]) {
    match width {
        Width::Four => {
            for (to, nibbles) in to.iter_mut().zip(from.as_chunks::<4>().0) {
                widen::<0>(nibbles, &[], to);
            }
        }
        Width::Five => {
            for (to, [a, b, c, d, high]) in to.iter_mut().zip(from.as_chunks::<5>().0) {
                widen::<1>(&[*a, *b, *c, *d], &[*high], to);
            }
        }
        Width::Six => {
            for (to, [a, b, c, d, low, high]) in to.iter_mut().zip(from.as_chunks::<6>().0) {
                widen::<2>(&[*a, *b, *c, *d], &[*low, *high], to);
            }
        }
        Width::Eight => {
            for (to, from) in to.iter_mut().zip(from.as_chunks::<LINES>().0) {
                *to = *from;
            }
        }
    }
}

/// Each of `high` lines has the upper bits, `BITS` of them in every byte, of as many groups as
/// fit. The number is known when this is compiled: a shift by it is one instruction then.
#[inline(always)]
fn widen<const BITS: usize>(nibbles: &[Line; 4], high: &[Line; BITS], to: &mut [Line; LINES]) {
    let groups = LINES.checked_div(BITS).unwrap_or(LINES);
    for (pair, both) in to.as_chunks_mut::<2>().0.iter_mut().zip(nibbles) {
        let [low, upper] = pair;
        for ((low, upper), both) in low.0.iter_mut().zip(&mut upper.0).zip(&both.0) {
            (*low, *upper) = (both & 15, both >> 4);
        }
    }
    for (line, groups) in high.iter().zip(to.chunks_mut(groups)) {
        for (group, to) in groups.iter_mut().enumerate() {
            for (code, high) in to.0.iter_mut().zip(&line.0) {
                *code |= (high >> (group * BITS) & ((1 << BITS) - 1)) << 4;
            }
        }
    }
}

/// Puts the codes of one block of a tile into as few lines as their width needs.
fn narrow(width: Width, from: &[Line; LINES], to: &mut Vec<Line>) {
    if width == Width::Eight {
        to.extend(from);
        return;
    }
    for pair in from.as_chunks::<2>().0 {
        let [low, high] = pair;
        let mut both = Line::ZERO;
        for ((both, low), high) in both.0.iter_mut().zip(&low.0).zip(&high.0) {
            *both = low & 15 | high << 4;
        }
        to.push(both);
    }
    let bits = width.lines() - 4;
    for groups in from.chunks(if bits == 2 { 4 } else { 8 }).take(bits) {
        let mut line = Line::ZERO;
        for (group, from) in groups.iter().enumerate() {
            for (high, code) in line.0.iter_mut().zip(&from.0) {
                *high |= code >> 4 << (group * bits);
            }
        }
        to.push(line);
    }
}

/// Packs a matrix from the bytes of a file, as many rows at a time as the caller likes.
pub(crate) struct Packing {
    kind: Kind,
    row: usize,
    rows: usize,
    packer: Packer,
}

impl Packing {
    pub(crate) fn new(kind: Kind, outputs: usize, inputs: usize) -> Result<Self, PackError> {
        let row = kind.row_bytes(inputs).filter(|_| inputs.is_multiple_of(BLOCK));
        let row = row.ok_or(PackError::Ragged(inputs))?;
        Ok(Self { kind, row, rows: 0, packer: Packer::new(kind.coding(), outputs, inputs) })
    }

    /// How many bytes a row has in the file, at least one.
    pub(crate) fn row_bytes(&self) -> usize {
        self.row
    }

    /// Takes the next rows.
    pub(crate) fn rows(&mut self, bytes: &[u8]) {
        for row in bytes.chunks_exact(self.row) {
            decode(self.kind, row, |block| self.packer.put(block));
            self.packer.next_row();
            self.rows += 1;
        }
    }

    pub(crate) fn finish(self) -> Result<Packed, PackError> {
        if self.rows != self.packer.packed.outputs {
            return Err(PackError::Rows { found: self.rows, expected: self.packer.packed.outputs });
        }
        self.packer.finish()
    }
}

/// Fills tiles row by row.
struct Packer {
    packed: Packed,
    tile: Vec<[Line; LINES]>,
    scales: Vec<Halves>,
    mins: Vec<Halves>,
    lane: usize,
    block: usize,
    finite: bool,
}

impl Packer {
    fn new(coding: Coding, outputs: usize, inputs: usize) -> Self {
        let blocks = inputs / BLOCK;
        let tiles = outputs.div_ceil(LANES);
        let scales = blocks * if coding.halves { 2 } else { 1 };
        Self {
            packed: Packed {
                outputs,
                inputs,
                coding,
                codes: Vec::with_capacity(tiles * blocks * coding.width.lines()),
                scales: Vec::with_capacity(tiles * scales),
                mins: Vec::with_capacity(if coding.mins { tiles * blocks } else { 0 }),
            },
            tile: vec![[Line::ZERO; LINES]; blocks],
            scales: vec![Halves([0; LANES]); scales],
            mins: vec![Halves([0; LANES]); if coding.mins { blocks } else { 0 }],
            lane: 0,
            block: 0,
            finite: true,
        }
    }

    fn put(&mut self, block: Block) {
        let lane = self.lane;
        if let Some(lines) = self.tile.get_mut(self.block) {
            for (line, four) in lines.iter_mut().zip(block.codes.as_chunks::<4>().0) {
                if let Some(slot) = line.0.as_chunks_mut::<4>().0.get_mut(lane) {
                    *slot = *four;
                }
            }
        }
        let halves = if self.packed.coding.halves { 2 } else { 1 };
        let mut set = |table: &mut [Halves], at: usize, value: u16| {
            self.finite &= value & 0x7c00 != 0x7c00;
            if let Some(slot) = table.get_mut(at).and_then(|halves| halves.0.get_mut(lane)) {
                *slot = value;
            }
        };
        for (half, scale) in block.scales.into_iter().take(halves).enumerate() {
            set(&mut self.scales, self.block * halves + half, scale);
        }
        set(&mut self.mins, self.block, block.min);
        self.block += 1;
    }

    fn next_row(&mut self) {
        self.block = 0;
        self.lane += 1;
        if self.lane == LANES {
            self.flush();
        }
    }

    fn flush(&mut self) {
        for block in &self.tile {
            narrow(self.packed.coding.width, block, &mut self.packed.codes);
        }
        self.packed.scales.extend(&self.scales);
        self.packed.mins.extend(&self.mins);
        self.lane = 0;
    }

    fn finish(mut self) -> Result<Packed, PackError> {
        if self.lane > 0 {
            // What is left of the rows before counts for nothing with a scale of zero.
            for table in [&mut self.scales, &mut self.mins] {
                for halves in table {
                    halves.0.iter_mut().skip(self.lane).for_each(|half| *half = 0);
                }
            }
            self.flush();
        }
        if self.finite { Ok(self.packed) } else { Err(PackError::NotFinite) }
    }
}

const _: () = assert!(size_of::<Lanes>() == size_of::<Line>());
