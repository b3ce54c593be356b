//! The bytes of an index of procedures: magic, format, head (JSON with its length), a record of
//! each procedure (JSON with its length), a length of zero, what abbreviations stand for (JSON with
//! its length), the number of dimensions, the vectors of all titles and cards, and the SHA-256 of
//! all that.
//!
//! Written and read one record at a time, so that the texts of a country's procedures are never in
//! memory together; what an answer shows of them is read again from where it stands.

use std::fs::{self, File};
use std::io::{self, BufReader, BufWriter, Read, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::abbreviations::Abbreviations;
use super::matrix::Matrix;
use crate::corpus::hex;
use crate::index::IndexError;
use crate::source::Procedure;

const MAGIC: &[u8; 8] = b"COTMOCPR";
const FORMAT: u32 = 1;
const DIGEST: usize = 32;
/// A longer record is none of ours: lengths are not believed before the checksum is.
const LONGEST: u32 = 32 * 1024 * 1024;
/// The same of the number of dimensions.
const MOST_DIMENSIONS: u32 = 65_536;

/// What an index was made with and of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Head {
    pub(super) model: String,
    pub(super) made_of: String,
}

/// A file that is being written, beside its place until it is whole.
pub(super) struct Writer {
    out: BufWriter<File>,
    digest: Sha256,
    aside: PathBuf,
    path: PathBuf,
    whole: bool,
}

impl Writer {
    pub(super) fn begin(path: &Path, head: &Head) -> Result<Self, IndexError> {
        let failed = |source| IndexError::Write { path: path.to_owned(), source };
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).map_err(failed)?;
        }
        let aside = path.with_extension("new");
        let out = BufWriter::new(File::create(&aside).map_err(failed)?);
        let digest = Sha256::new();
        let mut writer = Self { out, digest, aside, path: path.to_owned(), whole: false };
        writer.put(MAGIC)?;
        writer.put(&FORMAT.to_le_bytes())?;
        writer.put_json(head)?;
        Ok(writer)
    }

    pub(super) fn record(&mut self, procedure: &Procedure) -> Result<(), IndexError> {
        self.put_json(procedure)
    }

    /// Writes the vectors and puts the file in its place. Answers its hash.
    pub(super) fn finish(
        mut self,
        abbreviations: &Abbreviations,
        vectors: [&Matrix; 2],
    ) -> Result<String, IndexError> {
        self.put(&0_u32.to_le_bytes())?;
        self.put_json(&abbreviations.0)?;
        let dimensions = vectors.map(Matrix::dimensions).into_iter().max().unwrap_or_default();
        self.put(&u32::try_from(dimensions).unwrap_or_default().to_le_bytes())?;
        for row in vectors.into_iter().flat_map(Matrix::rows) {
            let bytes: Vec<u8> = row.iter().flat_map(|x| x.to_le_bytes()).collect();
            self.put(&bytes)?;
        }
        let digest = std::mem::take(&mut self.digest).finalize();
        let failed = |source| IndexError::Write { path: self.path.clone(), source };
        self.out.write_all(&digest).and_then(|()| self.out.flush()).map_err(failed)?;
        self.out.get_ref().sync_all().map_err(failed)?;
        fs::rename(&self.aside, &self.path).map_err(failed)?;
        self.whole = true;
        Ok(hex(&digest))
    }

    fn put_json(&mut self, value: &impl Serialize) -> Result<(), IndexError> {
        let failed = |error| IndexError::Write { path: self.path.clone(), source: error };
        let bytes = serde_json::to_vec(value).map_err(|error| failed(io::Error::other(error)))?;
        let length = u32::try_from(bytes.len()).ok().filter(|length| *length <= LONGEST);
        let length = length.ok_or_else(|| failed(io::Error::other("a record is too long")))?;
        self.put(&length.to_le_bytes())?;
        self.put(&bytes)
    }

    fn put(&mut self, bytes: &[u8]) -> Result<(), IndexError> {
        self.digest.update(bytes);
        let failed = |source| IndexError::Write { path: self.path.clone(), source };
        self.out.write_all(bytes).map_err(failed)
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        if !self.whole {
            // Where the disk is full, the half file must not keep it so.
            let _ = fs::remove_file(&self.aside);
        }
    }
}

/// The records of an open file, by their place.
pub(super) struct Records {
    file: Mutex<File>,
    path: PathBuf,
    places: Vec<(u64, u32)>,
}

impl Records {
    /// The record at `place`, read again.
    pub(super) fn get(&self, place: usize) -> Result<Procedure, IndexError> {
        let failed = |source| IndexError::Read { path: self.path.clone(), source };
        let missing = || failed(io::Error::from(io::ErrorKind::NotFound));
        let &(start, length) = self.places.get(place).ok_or_else(missing)?;
        let mut bytes = vec![0; length as usize];
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        file.seek(SeekFrom::Start(start)).map_err(failed)?;
        file.read_exact(&mut bytes).map_err(failed)?;
        drop(file);
        serde_json::from_slice(&bytes).map_err(|_| damaged(&self.path, "a record changed"))
    }
}

/// A file that was read to its end and is sound.
pub(super) struct Sound {
    pub(super) records: Records,
    pub(super) abbreviations: Abbreviations,
    pub(super) titles: Matrix,
    pub(super) cards: Matrix,
    pub(super) hash: String,
}

fn damaged(path: &Path, what: &'static str) -> IndexError {
    IndexError::Damaged { path: path.to_owned(), what }
}

fn open(path: &Path) -> Result<Input, IndexError> {
    let file = File::open(path).map_err(|source| match source.kind() {
        io::ErrorKind::NotFound => IndexError::Missing { path: path.to_owned() },
        _ => IndexError::Read { path: path.to_owned(), source },
    })?;
    let input = BufReader::with_capacity(1 << 16, file);
    Ok(Input { file: input, digest: Sha256::new(), at: 0, path: path.to_owned() })
}

/// What the index at `path` was made with and of; nothing else of it is looked at.
pub(super) fn head(path: &Path) -> Result<Head, IndexError> {
    open(path)?.head()
}

/// Reads the file at `path`, tells each record in turn, and checks every byte.
pub(super) fn read(path: &Path, mut each: impl FnMut(Procedure)) -> Result<Sound, IndexError> {
    let mut input = open(path)?;
    input.head()?;
    let mut places = Vec::new();
    loop {
        let length = input.length()?;
        if length == 0 {
            break;
        }
        places.push((input.at, length));
        let record = input.bytes(length)?;
        each(serde_json::from_slice(&record).map_err(|_| input.damaged("a record is broken"))?);
    }
    let length = input.length()?;
    let learnt = serde_json::from_slice(&input.bytes(length)?);
    let abbreviations = learnt.map_err(|_| input.damaged("its abbreviations are broken"))?;
    let abbreviations = Abbreviations(abbreviations);
    let dimensions = input.number()?;
    if dimensions == 0 || dimensions > MOST_DIMENSIONS {
        return Err(input.damaged("its vectors have no size"));
    }
    let mut vectors = || input.vectors(places.len(), dimensions as usize);
    let (titles, cards) = (vectors()?, vectors()?);
    let digest = std::mem::take(&mut input.digest).finalize();
    let told = input.take::<DIGEST>()?;
    if digest.as_slice() != told {
        return Err(input.damaged("its checksum is wrong"));
    }
    let file = Mutex::new(input.file.into_inner());
    let records = Records { file, path: path.to_owned(), places };
    Ok(Sound { records, abbreviations, titles, cards, hash: hex(&told) })
}

struct Input {
    file: BufReader<File>,
    digest: Sha256,
    at: u64,
    path: PathBuf,
}

impl Input {
    fn head(&mut self) -> Result<Head, IndexError> {
        if self.take::<8>()? != *MAGIC {
            return Err(self.damaged("it is no index of procedures"));
        }
        let format = self.number()?;
        if format != FORMAT {
            let path = self.path.clone();
            return Err(IndexError::Version { path, found: format, wanted: FORMAT });
        }
        let length = self.length()?;
        let head = self.bytes(length)?;
        serde_json::from_slice(&head).map_err(|_| self.damaged("its head cannot be read"))
    }

    fn length(&mut self) -> Result<u32, IndexError> {
        let length = self.number()?;
        if length > LONGEST { Err(self.damaged("a length is impossible")) } else { Ok(length) }
    }

    fn number(&mut self) -> Result<u32, IndexError> {
        Ok(u32::from_le_bytes(self.take::<4>()?))
    }

    fn take<const N: usize>(&mut self) -> Result<[u8; N], IndexError> {
        let mut out = [0; N];
        self.fill(&mut out)?;
        Ok(out)
    }

    /// So many bytes. Room is made as they come: a wrong length must not take all memory.
    fn bytes(&mut self, length: u32) -> Result<Vec<u8>, IndexError> {
        let mut out = Vec::new();
        let read = self.file.by_ref().take(u64::from(length)).read_to_end(&mut out);
        let failed = |source| IndexError::Read { path: self.path.clone(), source };
        read.map_err(failed)?;
        if out.len() as u64 != u64::from(length) {
            return Err(self.damaged("it is too short"));
        }
        self.digest.update(&out);
        self.at += u64::from(length);
        Ok(out)
    }

    fn fill(&mut self, out: &mut [u8]) -> Result<(), IndexError> {
        self.file.read_exact(out).map_err(|source| match source.kind() {
            io::ErrorKind::UnexpectedEof => self.damaged("it is too short"),
            _ => IndexError::Read { path: self.path.clone(), source },
        })?;
        self.digest.update(&out);
        self.at += out.len() as u64;
        Ok(())
    }

    fn vectors(&mut self, rows: usize, dimensions: usize) -> Result<Matrix, IndexError> {
        let mut out = Matrix::of(dimensions);
        let mut bytes = vec![0; dimensions * 4];
        for _ in 0..rows {
            self.fill(&mut bytes)?;
            let numbers = bytes.chunks_exact(4).filter_map(|it| it.try_into().ok());
            let numbers: Vec<f32> = numbers.map(f32::from_le_bytes).collect();
            out.push(&numbers);
        }
        Ok(out)
    }

    fn damaged(&self, what: &'static str) -> IndexError {
        damaged(&self.path, what)
    }
}
