//! Bytes of a file as tensors and floats.

use std::borrow::Cow;

use candle_core::quantized::{GgmlDType, QStorage, QTensor};
use candle_core::{Device, Result};

/// Makes a quantised tensor of bytes whose length matches `dims`.
pub(crate) fn tensor(bytes: Vec<u8>, dtype: GgmlDType, dims: (usize, usize)) -> Result<QTensor> {
    let expected = dims.0 * dims.1 / dtype.block_size() * dtype.type_size();
    if bytes.len() != expected || !dims.1.is_multiple_of(dtype.block_size()) {
        candle_core::bail!("{} bytes are not {dims:?} of {dtype:?}", bytes.len());
    }
    QTensor::new(QStorage::from_data(Cow::Owned(bytes), &Device::Cpu, dtype)?, dims)
}

/// Little-endian floats.
pub(crate) fn f32s(bytes: &[u8]) -> Vec<f32> {
    bytes.as_chunks::<4>().0.iter().map(|four| f32::from_le_bytes(*four)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_of_the_wrong_length_are_refused() {
        assert!(tensor(vec![0; 33], GgmlDType::Q8_0, (1, 32)).is_err());
        assert!(tensor(vec![0; 34], GgmlDType::Q8_0, (1, 32)).is_ok());
    }
}
