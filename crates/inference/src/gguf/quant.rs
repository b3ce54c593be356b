//! Blocks of quantised weights: to the tensor library, and from a slow kind to a fast one.

use std::borrow::Cow;

use candle_core::quantized::{GgmlDType, QStorage, QTensor};
use candle_core::{Device, Result};

/// Bytes of a block of 32 weights.
const Q5_0_BLOCK: usize = 22;
const Q8_0_BLOCK: usize = 34;

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

/// Rewrites `Q5_0` blocks as `Q8_0` blocks of the same scale: `d * (q - 16)` fits in a signed
/// byte, so nothing is lost. candle multiplies `Q5_0` one weight at a time.
pub(super) fn q5_0_as_q8_0(bytes: &[u8]) -> Vec<u8> {
    let (blocks, _) = bytes.as_chunks::<Q5_0_BLOCK>();
    let mut out = Vec::with_capacity(blocks.len() * Q8_0_BLOCK);
    for block in blocks {
        let [d0, d1, h0, h1, h2, h3, low @ ..] = *block;
        let high = u32::from_le_bytes([h0, h1, h2, h3]);
        out.extend([d0, d1]);
        let code = |nibble: u8, bit: usize| {
            let fifth = u8::from(high >> bit & 1 == 1) << 4;
            (nibble | fifth).wrapping_sub(16)
        };
        out.extend(low.iter().enumerate().map(|(i, b)| code(b & 15, i)));
        out.extend(low.iter().enumerate().map(|(i, b)| code(b >> 4, i + 16)));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use candle_core::Tensor;

    #[test]
    fn q5_0_rewritten_as_q8_0_holds_the_same_numbers() {
        let values: Vec<f32> =
            (0..4 * 64_u16).map(|i| (f32::from(i * 37 % 101) - 50.0) / 9.0).collect();
        let plain = Tensor::from_vec(values, (4, 64), &Device::Cpu).unwrap();
        let five = QTensor::quantize(&plain, GgmlDType::Q5_0).unwrap();
        let eight = tensor(q5_0_as_q8_0(&five.data().unwrap()), GgmlDType::Q8_0, (4, 64)).unwrap();
        let want = five.dequantize(&Device::Cpu).unwrap().to_vec2::<f32>().unwrap();
        let got = eight.dequantize(&Device::Cpu).unwrap().to_vec2::<f32>().unwrap();
        assert_eq!(want, got);
    }

    #[test]
    fn bytes_of_the_wrong_length_are_refused() {
        assert!(tensor(vec![0; 33], GgmlDType::Q8_0, (1, 32)).is_err());
        assert!(tensor(vec![0; 34], GgmlDType::Q8_0, (1, 32)).is_ok());
    }
}
