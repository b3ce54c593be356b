//! The keys and values of the tokens so far, in room that is reserved ahead.

use candle_core::{DType, Device, Result, Tensor};

use super::config::Config;

/// Room for this many tokens is reserved at first; then it doubles.
const FIRST_ROOM: usize = 256;

#[derive(Debug)]
pub(super) struct Cache {
    layers: Vec<(Tensor, Tensor)>,
    shape: (usize, usize),
    len: usize,
    room: usize,
}

impl Cache {
    pub(super) fn new(config: &Config) -> Result<Self> {
        let mut cache = Self {
            layers: Vec::new(),
            shape: (config.kv_heads, config.head_dim),
            len: 0,
            room: FIRST_ROOM,
        };
        for _ in 0..config.layers {
            cache.layers.push((cache.blank()?, cache.blank()?));
        }
        Ok(cache)
    }

    pub(super) fn len(&self) -> usize {
        self.len
    }

    pub(super) fn fits(&self, config: &Config) -> bool {
        self.layers.len() == config.layers && self.shape == (config.kv_heads, config.head_dim)
    }

    /// A copy that can grow by itself: milliseconds, where computing anew takes seconds.
    pub(super) fn fork(&self) -> Result<Self> {
        let mut copy =
            Self { layers: Vec::new(), shape: self.shape, len: self.len, room: self.room };
        copy.layers = copy.copy_of(&self.layers)?;
        Ok(copy)
    }

    /// Makes room for `count` more tokens.
    pub(super) fn reserve(&mut self, count: usize) -> Result<()> {
        let needed = self.len + count;
        if needed > self.room {
            self.room = needed.next_power_of_two();
            self.layers = self.copy_of(&self.layers)?;
        }
        Ok(())
    }

    /// Writes the keys and values (`[kv heads, tokens, dims]`) that follow, and returns all
    /// from the `from`th token on. [`Cache::advance`] counts them in once all layers have theirs.
    pub(super) fn extend(
        &mut self,
        layer: usize,
        keys: &Tensor,
        values: &Tensor,
        from: usize,
    ) -> Result<(Tensor, Tensor)> {
        let Some((all_keys, all_values)) = self.layers.get(layer) else {
            candle_core::bail!("the cache has no layer {layer}");
        };
        let end = self.len + keys.dim(1)?;
        all_keys.slice_set(&keys.contiguous()?, 1, self.len)?;
        all_values.slice_set(&values.contiguous()?, 1, self.len)?;
        Ok((all_keys.narrow(1, from, end - from)?, all_values.narrow(1, from, end - from)?))
    }

    pub(super) fn advance(&mut self, count: usize) {
        self.len += count;
    }

    fn blank(&self) -> Result<Tensor> {
        let (heads, dims) = self.shape;
        Tensor::zeros((heads, self.room, dims), DType::F32, &Device::Cpu)
    }

    fn copy_of(&self, layers: &[(Tensor, Tensor)]) -> Result<Vec<(Tensor, Tensor)>> {
        let copy = |old: &Tensor| -> Result<Tensor> {
            let new = self.blank()?;
            if self.len > 0 {
                new.slice_set(&old.narrow(1, 0, self.len)?.contiguous()?, 1, 0)?;
            }
            Ok(new)
        };
        layers.iter().map(|(keys, values)| Ok((copy(keys)?, copy(values)?))).collect()
    }
}
