//! Numbers as a file holds them, one after the other, so that reading them makes nothing anew.

/// A number, or some that stand together.
pub(super) trait Cell: Copy {
    /// How many bytes it takes.
    const BYTES: usize;

    fn put(self, to: &mut Vec<u8>);

    /// Reads it from as many bytes.
    fn take(from: &[u8]) -> Option<Self>;
}

macro_rules! number {
    ($($number:ty),*) => {$(
        impl Cell for $number {
            const BYTES: usize = size_of::<$number>();

            fn put(self, to: &mut Vec<u8>) {
                to.extend_from_slice(&self.to_le_bytes());
            }

            fn take(from: &[u8]) -> Option<Self> {
                Some(Self::from_le_bytes(from.try_into().ok()?))
            }
        }
    )*};
}

number!(u32, u64, f32);

impl<A: Cell, B: Cell> Cell for (A, B) {
    const BYTES: usize = A::BYTES + B::BYTES;

    fn put(self, to: &mut Vec<u8>) {
        self.0.put(to);
        self.1.put(to);
    }

    fn take(from: &[u8]) -> Option<Self> {
        let (first, second) = from.split_at_checked(A::BYTES)?;
        Some((A::take(first)?, B::take(second)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_come_back() {
        let cell = ((7_u32, u64::MAX), -1.5_f32);
        let mut bytes = Vec::new();
        cell.put(&mut bytes);
        assert_eq!(bytes.len(), <((u32, u64), f32)>::BYTES);
        assert_eq!(Cell::take(&bytes), Some(cell));
        assert_eq!(u32::take(&bytes), None, "too many bytes are no number");
    }
}
