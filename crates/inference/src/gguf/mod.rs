//! Reads GGUF files, trusting nothing in them.
//!
//! candle's reader allocates whatever length a file claims and so dies on a damaged one. Here
//! every length is checked against what the file really holds first.

mod read;

use std::collections::HashMap;
use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use crate::kernels::{Kind, PackError, Packed, Packing};
use read::Header;

/// How much of a tensor is read at once: the whole of a large one would double the memory
/// that loading takes.
const READ: usize = 4 << 20;

/// Why a GGUF file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum GgufError {
    /// The file cannot be opened or read.
    #[error("cannot read `{}`", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The bytes are not what the format says.
    #[error("damaged model file: {0}")]
    Damaged(String),
    /// The file is sound, but a key that is needed is not there or of another type.
    #[error("model file lacks metadata `{0}` of the expected type")]
    Metadata(String),
    /// The file is sound, but a tensor that is needed is not there.
    #[error("model file lacks tensor `{0}`")]
    NoTensor(String),
}

/// One metadata value; numbers are widened, since writers differ in the width they choose.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// Any integer.
    Int(i64),
    /// Either float.
    Float(f64),
    /// A truth value.
    Bool(bool),
    /// UTF-8 text.
    Text(String),
    /// An array of texts.
    Texts(Vec<String>),
    /// An array of integers or truth values.
    Ints(Vec<i64>),
    /// An array of floats.
    Floats(Vec<f32>),
    /// An array of arrays, which no key that we read has.
    Nested,
}

#[derive(Debug, Clone)]
struct TensorInfo {
    /// Outermost dimension first (the file has it the other way round).
    dims: Vec<usize>,
    kind: Kind,
    offset: u64,
    bytes: usize,
}

/// An open GGUF file: its metadata in memory, its tensors read on demand.
#[derive(Debug)]
pub struct Gguf {
    path: PathBuf,
    file: BufReader<File>,
    metadata: HashMap<String, Value>,
    tensors: HashMap<String, TensorInfo>,
}

impl Gguf {
    /// Opens `path` and checks its header: after this, every tensor lies inside the file.
    pub fn open(path: &Path) -> Result<Self, GgufError> {
        let io = |source| GgufError::Io { path: path.to_owned(), source };
        let file = File::open(path).map_err(io)?;
        let length = file.metadata().map_err(io)?.len();
        let mut file = BufReader::with_capacity(1 << 20, file);
        let header = Header::read(&mut file, length)?;
        Ok(Self { path: path.to_owned(), file, metadata: header.metadata, tensors: header.tensors })
    }

    /// A text under `key`.
    pub fn text(&self, key: &str) -> Result<&str, GgufError> {
        match self.metadata.get(key) {
            Some(Value::Text(text)) => Ok(text),
            _ => Err(GgufError::Metadata(key.to_owned())),
        }
    }

    /// A count under `key`.
    pub fn count(&self, key: &str) -> Result<usize, GgufError> {
        match self.metadata.get(key) {
            Some(Value::Int(n)) => {
                usize::try_from(*n).map_err(|_| GgufError::Metadata(key.to_owned()))
            }
            _ => Err(GgufError::Metadata(key.to_owned())),
        }
    }

    /// A float under `key`.
    pub fn float(&self, key: &str) -> Result<f64, GgufError> {
        match self.metadata.get(key) {
            Some(Value::Float(x)) => Ok(*x),
            _ => Err(GgufError::Metadata(key.to_owned())),
        }
    }

    /// A truth value under `key`.
    pub fn flag(&self, key: &str) -> Result<bool, GgufError> {
        match self.metadata.get(key) {
            Some(Value::Bool(x)) => Ok(*x),
            _ => Err(GgufError::Metadata(key.to_owned())),
        }
    }

    /// An array of texts under `key`.
    pub fn texts(&self, key: &str) -> Result<&[String], GgufError> {
        match self.metadata.get(key) {
            Some(Value::Texts(texts)) => Ok(texts),
            _ => Err(GgufError::Metadata(key.to_owned())),
        }
    }

    /// An array of integers under `key`.
    pub fn ints(&self, key: &str) -> Result<&[i64], GgufError> {
        match self.metadata.get(key) {
            Some(Value::Ints(values)) => Ok(values),
            _ => Err(GgufError::Metadata(key.to_owned())),
        }
    }

    /// An array of floats under `key`.
    pub fn floats(&self, key: &str) -> Result<&[f32], GgufError> {
        match self.metadata.get(key) {
            Some(Value::Floats(values)) => Ok(values),
            _ => Err(GgufError::Metadata(key.to_owned())),
        }
    }

    /// Whether there is metadata under `key`.
    #[must_use]
    pub fn has(&self, key: &str) -> bool {
        self.metadata.contains_key(key)
    }

    /// Whether there is a tensor `name`.
    #[must_use]
    pub fn has_tensor(&self, name: &str) -> bool {
        self.tensors.contains_key(name)
    }

    /// Reads a matrix of weights into the form that products want.
    pub(crate) fn packed(
        &mut self,
        name: &str,
        (outputs, inputs): (usize, usize),
    ) -> Result<Packed, GgufError> {
        let info = self.info(name)?;
        if info.dims != [outputs, inputs] {
            return Err(GgufError::Damaged(format!(
                "tensor `{name}` is {:?}, expected {:?}",
                info.dims,
                [outputs, inputs]
            )));
        }
        let refused = |fault: PackError| GgufError::Damaged(format!("tensor `{name}`: {fault}"));
        let mut packing = Packing::new(info.kind, outputs, inputs).map_err(refused)?;
        let row = packing.row_bytes();
        let io = |source| GgufError::Io { path: self.path.clone(), source };
        self.file.seek(SeekFrom::Start(info.offset)).map_err(io)?;
        let mut left = info.bytes;
        let mut bytes = Vec::new();
        while left > 0 {
            bytes.resize((READ / row).max(1).saturating_mul(row).min(left), 0);
            self.file.read_exact(&mut bytes).map_err(io)?;
            packing.rows(&bytes);
            left -= bytes.len();
        }
        packing.finish().map_err(refused)
    }

    /// Reads a vector (a norm's weight or a bias).
    pub(crate) fn vector(&mut self, name: &str, length: usize) -> Result<Vec<f32>, GgufError> {
        let info = self.info(name)?;
        if info.dims != [length] || info.kind != Kind::F32 {
            return Err(GgufError::Damaged(format!(
                "tensor `{name}` is {:?} {:?}, expected {length} F32",
                info.dims, info.kind
            )));
        }
        Ok(f32s(&self.bytes(&info)?))
    }

    fn info(&self, name: &str) -> Result<TensorInfo, GgufError> {
        self.tensors.get(name).cloned().ok_or_else(|| GgufError::NoTensor(name.to_owned()))
    }

    fn bytes(&mut self, info: &TensorInfo) -> Result<Vec<u8>, GgufError> {
        let mut bytes = vec![0; info.bytes];
        self.file
            .seek(SeekFrom::Start(info.offset))
            .and_then(|_| self.file.read_exact(&mut bytes))
            .map_err(|source| GgufError::Io { path: self.path.clone(), source })?;
        Ok(bytes)
    }
}

/// Little-endian floats.
pub(crate) fn f32s(bytes: &[u8]) -> Vec<f32> {
    bytes.as_chunks::<4>().0.iter().map(|four| f32::from_le_bytes(*four)).collect()
}
