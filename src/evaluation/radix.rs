//! Sorting by dose: a least-significant-digit radix sort with 11-bit digits, stable, linear in the number of voxels.

const DIGIT_BITS: u32 = 11;
const DIGITS: usize = 1 << DIGIT_BITS;

/// Below this many samples the digit counts cost more than a comparison sort; beyond the other they overflow.
const FEW: usize = 4096;
const MANY: usize = u32::MAX as usize;

/// Something that is sorted by an unsigned key of `BITS` bits.
pub trait Keyed: Copy + Default + Send {
    /// Length of the key.
    const BITS: u32;
    /// The key.
    fn key(self) -> u64;
}

impl Keyed for u32 {
    const BITS: u32 = 32;
    fn key(self) -> u64 {
        u64::from(self)
    }
}

impl Keyed for u64 {
    const BITS: u32 = 64;
    fn key(self) -> u64 {
        self
    }
}

impl<K: Keyed> Keyed for (K, f32) {
    const BITS: u32 = K::BITS;
    fn key(self) -> u64 {
        self.0.key()
    }
}

/// Sorts by key, ascending.
pub(super) fn sort<T: Keyed>(mut from: Vec<T>) -> Vec<T> {
    if from.len() < FEW || from.len() > MANY {
        from.sort_by_key(|item| item.key());
        return from;
    }
    let passes = T::BITS.div_ceil(DIGIT_BITS) as usize;
    let digit = |item: T, pass: usize| (item.key() >> (pass as u32 * DIGIT_BITS)) as usize & (DIGITS - 1);
    let mut counts = vec![[0u32; DIGITS]; passes];
    for &item in &from {
        for (pass, count) in counts.iter_mut().enumerate() {
            count[digit(item, pass)] += 1;
        }
    }
    let mut to = vec![T::default(); from.len()];
    for (pass, count) in counts.iter_mut().enumerate() {
        if count[digit(from[0], pass)] as usize == from.len() {
            continue;
        }
        let mut next = 0;
        for slot in count.iter_mut() {
            next += std::mem::replace(slot, next);
        }
        for &item in &from {
            let slot = &mut count[digit(item, pass)];
            to[*slot as usize] = item;
            *slot += 1;
        }
        std::mem::swap(&mut from, &mut to);
    }
    from
}

#[cfg(test)]
mod tests {
    use super::sort;

    /// A linear congruential generator is enough to shuffle bits.
    fn noise(count: usize) -> Vec<u64> {
        let mut state = 1u64;
        let mut next = || {
            state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            state
        };
        (0..count).map(|_| next()).collect()
    }

    #[test]
    fn agrees_with_the_standard_sort_for_few_and_many() {
        for count in [0, 1, 5, 4095, 4096, 30_011] {
            let mut wide = noise(count);
            let mut narrow: Vec<u32> = wide.iter().map(|x| (x >> 32) as u32).collect();
            let (sorted_wide, sorted_narrow) = (sort(wide.clone()), sort(narrow.clone()));
            wide.sort_unstable();
            narrow.sort_unstable();
            assert_eq!(sorted_wide, wide);
            assert_eq!(sorted_narrow, narrow);
        }
    }

    #[test]
    fn keeps_the_order_of_equal_keys() {
        let items: Vec<(u32, f32)> =
            noise(10_000).iter().enumerate().map(|(n, x)| ((x >> 60) as u32, n as f32)).collect();
        assert!(sort(items).is_sorted());
    }
}
