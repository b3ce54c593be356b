//! Where a token stands, as rotations of its queries and keys.

use candle_core::{Device, Result, Tensor};

use super::config::{Architecture, Config};

/// The rotations of a run of positions, for layers that see everything and for local ones.
///
/// They are computed for the run alone. A table for the whole context of a model would be
/// hundreds of times larger than what is used of it.
pub(super) struct Angles {
    global: (Tensor, Tensor),
    local: (Tensor, Tensor),
    interleaved: bool,
}

impl Angles {
    pub(super) fn new(config: &Config, start: usize, count: usize) -> Result<Self> {
        let [global, local] = config.rope_bases;
        let half = config.head_dim / 2;
        let table = |base, factor| table(base, factor, start, count, half);
        let global_table = table(global, config.rope_factor)?;
        let local = match config.window {
            Some(_) => table(local, 1.0)?,
            None => global_table.clone(),
        };
        Ok(Self {
            global: global_table,
            local,
            // The converter to GGUF permutes Llama's weights for this order.
            interleaved: config.architecture == Architecture::Llama,
        })
    }

    /// Rotates `[heads, tokens, dims]`.
    pub(super) fn rotate(&self, heads: &Tensor, local: bool) -> Result<Tensor> {
        let (cos, sin) = if local { &self.local } else { &self.global };
        let batch = heads.unsqueeze(0)?;
        let rotated = if self.interleaved {
            candle_nn::rotary_emb::rope_i(&batch, cos, sin)?
        } else {
            candle_nn::rotary_emb::rope(&batch, cos, sin)?
        };
        rotated.squeeze(0)
    }
}

#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    reason = "angles are computed in f64 and stored in f32, as the weights are"
)]
fn table(
    base: f64,
    factor: f64,
    start: usize,
    count: usize,
    half: usize,
) -> Result<(Tensor, Tensor)> {
    let speeds: Vec<f64> =
        (0..half).map(|i| base.powf(-(i as f64) / half as f64) / factor).collect();
    let angles: Vec<f64> = (start..start + count)
        .flat_map(|position| speeds.iter().map(move |speed| position as f64 * speed))
        .collect();
    let make = |f: fn(f64) -> f64| {
        let values: Vec<f32> = angles.iter().map(|angle| f(*angle) as f32).collect();
        Tensor::from_vec(values, (count, half), &Device::Cpu)
    };
    Ok((make(f64::cos)?, make(f64::sin)?))
}
