//! Where a token stands, as rotations of its queries and keys.

use std::sync::OnceLock;

use super::config::Config;

/// Positions whose rotations are computed together, once one of them is needed. A table for
/// the whole context of a model would be hundreds of times larger than what is used of it.
const STRETCH: usize = 64;

/// The rotations of all positions, for layers that see everything and for local ones.
#[derive(Debug)]
pub(super) struct Angles {
    global: Table,
    local: Option<Table>,
}

#[derive(Debug)]
struct Table {
    /// How far each pair turns from one position to the next.
    speeds: Vec<f64>,
    stretches: Vec<OnceLock<Box<[f32]>>>,
}

impl Angles {
    /// `slower` divides the speed of each pair, where a file has such a table.
    pub(super) fn new(config: &Config, slower: Option<&[f32]>) -> Self {
        let [global, local] = config.rope_bases;
        Self {
            global: Table::new(config, global, config.rope_factor, slower),
            local: config.window.map(|_| Table::new(config, local, 1.0, None)),
        }
    }

    /// Cosines, then sines, for the token at `position`.
    pub(super) fn at(&self, position: usize, local: bool) -> &[f32] {
        match &self.local {
            Some(table) if local => table.at(position),
            _ => self.global.at(position),
        }
    }
}

impl Table {
    #[expect(clippy::cast_precision_loss, reason = "a head has a few hundred dimensions")]
    fn new(config: &Config, base: f64, factor: f64, slower: Option<&[f32]>) -> Self {
        let half = config.head_dim / 2;
        let ones = [1.0f32];
        let slower = slower.unwrap_or(&ones).iter().cycle();
        let speed = |i: usize| base.powf(-(i as f64) / half as f64) / factor;
        let speeds = (0..half).zip(slower).map(|(i, slower)| speed(i) / f64::from(*slower));
        let stretches = (0..config.context.div_ceil(STRETCH)).map(|_| OnceLock::new());
        Self { speeds: speeds.collect(), stretches: stretches.collect() }
    }

    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        reason = "angles are computed in f64 and stored in f32, as the weights are"
    )]
    fn at(&self, position: usize) -> &[f32] {
        let size = 2 * self.speeds.len();
        let Some(stretch) = self.stretches.get(position / STRETCH) else { return &[] };
        let start = position / STRETCH * STRETCH;
        let stretch = stretch.get_or_init(|| {
            let mut out = Vec::with_capacity(STRETCH * size);
            for position in start..start + STRETCH {
                let angles = self.speeds.iter().map(|speed| position as f64 * speed);
                out.extend(angles.clone().map(|angle| angle.cos() as f32));
                out.extend(angles.map(|angle| angle.sin() as f32));
            }
            out.into_boxed_slice()
        });
        let at = position % STRETCH * size;
        stretch.get(at..at + size).unwrap_or_default()
    }
}
