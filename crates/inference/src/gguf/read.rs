//! The header of a GGUF file: metadata and the table of tensors.

use std::collections::HashMap;
use std::io::{Read, Seek};

use super::{GgufError, TensorInfo, Value};
use crate::kernels::Kind;

const MAGIC: [u8; 4] = *b"GGUF";
const DEFAULT_ALIGNMENT: u64 = 32;
/// Far more than any model has; a larger number means a damaged file.
const MOST_DIMS: u32 = 4;

pub(super) struct Header {
    pub(super) metadata: HashMap<String, Value>,
    pub(super) tensors: HashMap<String, TensorInfo>,
}

impl Header {
    pub(super) fn read<R: Read + Seek>(source: &mut R, length: u64) -> Result<Self, GgufError> {
        let mut cursor = Cursor { source, at: 0, length };
        if cursor.array::<4>()? != MAGIC {
            return Err(damaged("it does not begin with `GGUF`"));
        }
        let version = cursor.u32()?;
        if !(2..=3).contains(&version) {
            return Err(damaged(format!("version {version} is not 2 or 3")));
        }
        let n_tensors = cursor.u64()?;
        let n_keys = cursor.u64()?;
        let mut metadata = HashMap::new();
        for _ in 0..n_keys {
            let key = cursor.text()?;
            let kind = cursor.u32()?;
            metadata.insert(key, cursor.value(kind)?);
        }
        let mut tensors = HashMap::new();
        for _ in 0..n_tensors {
            let name = cursor.text()?;
            let info = cursor.tensor(&name)?;
            tensors.insert(name, info);
        }
        let alignment = match metadata.get("general.alignment") {
            Some(Value::Int(n)) if *n > 0 => u64::try_from(*n).unwrap_or(DEFAULT_ALIGNMENT),
            _ => DEFAULT_ALIGNMENT,
        };
        let start = cursor
            .at
            .checked_next_multiple_of(alignment)
            .ok_or_else(|| damaged("its alignment is absurd"))?;
        // Tensors that lie over each other would together need more memory than the file has
        // bytes, as much more as it likes.
        let all = tensors.values().fold(0u64, |all, info| all.saturating_add(info.bytes as u64));
        if all > length {
            return Err(damaged("its tensors are larger than the file, or overlap"));
        }
        for (name, info) in &mut tensors {
            let end =
                start.checked_add(info.offset).and_then(|from| from.checked_add(info.bytes as u64));
            if end.is_none_or(|end| end > length) {
                return Err(damaged(format!(
                    "tensor `{name}` ends beyond the file's {length} bytes; the file is truncated"
                )));
            }
            info.offset += start;
        }
        Ok(Self { metadata, tensors })
    }
}

struct Cursor<'a, R> {
    source: &'a mut R,
    at: u64,
    length: u64,
}

impl<R: Read> Cursor<'_, R> {
    fn array<const N: usize>(&mut self) -> Result<[u8; N], GgufError> {
        let mut bytes = [0; N];
        self.fill(&mut bytes)?;
        Ok(bytes)
    }

    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), GgufError> {
        self.source
            .read_exact(bytes)
            .map_err(|_| damaged("it ends inside its header; the file is truncated"))?;
        self.at += bytes.len() as u64;
        Ok(())
    }

    /// Checks that `count` items of at least `size` bytes can still follow.
    fn room(&self, count: u64, size: u64) -> Result<usize, GgufError> {
        let left = self.length.saturating_sub(self.at);
        match count.checked_mul(size) {
            Some(bytes) if bytes <= left => {
                usize::try_from(count).map_err(|_| damaged("a length is absurd"))
            }
            _ => Err(damaged(format!(
                "a length of {count} at byte {} does not fit the file",
                self.at
            ))),
        }
    }

    fn u32(&mut self) -> Result<u32, GgufError> {
        Ok(u32::from_le_bytes(self.array()?))
    }

    fn u64(&mut self) -> Result<u64, GgufError> {
        Ok(u64::from_le_bytes(self.array()?))
    }

    fn text(&mut self) -> Result<String, GgufError> {
        let length = self.u64()?;
        let mut bytes = vec![0; self.room(length, 1)?];
        self.fill(&mut bytes)?;
        String::from_utf8(bytes).map_err(|_| damaged("a name or text in it is not UTF-8"))
    }

    fn value(&mut self, kind: u32) -> Result<Value, GgufError> {
        Ok(match kind {
            6 | 12 => Value::Float(self.float(kind)?),
            7 => Value::Bool(self.array::<1>()? != [0]),
            8 => Value::Text(self.text()?),
            9 => {
                let of = self.u32()?;
                let count = self.u64()?;
                self.values(of, count)?
            }
            _ => Value::Int(self.int(kind)?),
        })
    }

    fn int(&mut self, kind: u32) -> Result<i64, GgufError> {
        Ok(match kind {
            0 => u8::from_le_bytes(self.array()?).into(),
            1 => i8::from_le_bytes(self.array()?).into(),
            2 => u16::from_le_bytes(self.array()?).into(),
            3 => i16::from_le_bytes(self.array()?).into(),
            4 => self.u32()?.into(),
            5 => i32::from_le_bytes(self.array()?).into(),
            10 => i64::try_from(self.u64()?).map_err(|_| damaged("a number is absurd"))?,
            11 => i64::from_le_bytes(self.array()?),
            _ => return Err(damaged(format!("unknown type {kind} of a metadata value"))),
        })
    }

    fn float(&mut self, kind: u32) -> Result<f64, GgufError> {
        Ok(if kind == 6 {
            f32::from_le_bytes(self.array()?).into()
        } else {
            f64::from_le_bytes(self.array()?)
        })
    }

    #[expect(
        clippy::cast_possible_truncation,
        reason = "scores are f32 in every known file; a double only loses digits"
    )]
    fn values(&mut self, kind: u32, count: u64) -> Result<Value, GgufError> {
        Ok(match kind {
            8 => {
                let count = self.room(count, 8)?;
                let mut texts = Vec::with_capacity(count);
                for _ in 0..count {
                    texts.push(self.text()?);
                }
                Value::Texts(texts)
            }
            6 | 12 => {
                let count = self.room(count, 4)?;
                let mut floats = Vec::with_capacity(count);
                for _ in 0..count {
                    floats.push(self.float(kind)? as f32);
                }
                Value::Floats(floats)
            }
            9 => {
                // Nesting deeper than this would let a file exhaust the stack.
                for _ in 0..self.room(count, 12)? {
                    let of = self.u32()?;
                    let inner = self.u64()?;
                    if of == 9 {
                        return Err(damaged("arrays are nested too deeply"));
                    }
                    self.values(of, inner)?;
                }
                Value::Nested
            }
            _ => {
                let count = self.room(count, 1)?;
                let mut ints = Vec::with_capacity(count);
                for _ in 0..count {
                    ints.push(match kind {
                        7 => i64::from(self.array::<1>()? != [0]),
                        _ => self.int(kind)?,
                    });
                }
                Value::Ints(ints)
            }
        })
    }

    fn tensor(&mut self, name: &str) -> Result<TensorInfo, GgufError> {
        let n_dims = self.u32()?;
        if n_dims == 0 || n_dims > MOST_DIMS {
            return Err(damaged(format!("tensor `{name}` has {n_dims} dimensions")));
        }
        let mut dims = Vec::new();
        for _ in 0..n_dims {
            let dim = usize::try_from(self.u64()?).unwrap_or(usize::MAX);
            dims.insert(0, dim);
        }
        let code = self.u32()?;
        let kind = Kind::of(code).ok_or_else(|| {
            damaged(format!("tensor `{name}` has the type {code}, which is unknown or not read"))
        })?;
        let offset = self.u64()?;
        let bytes = size(&dims, kind)
            .ok_or_else(|| damaged(format!("tensor `{name}` of {dims:?} is no whole blocks")))?;
        Ok(TensorInfo { dims, kind, offset, bytes })
    }
}

fn size(dims: &[usize], kind: Kind) -> Option<usize> {
    let (inputs, outer) = dims.split_last()?;
    let rows = outer.iter().try_fold(1usize, |product, dim| product.checked_mul(*dim))?;
    kind.row_bytes(*inputs)?.checked_mul(rows)
}

fn damaged(what: impl Into<String>) -> GgufError {
    GgufError::Damaged(what.into())
}
