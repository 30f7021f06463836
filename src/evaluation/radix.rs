//! Parallel sorting of samples by dose, whose result does not depend on the number of threads.
//!
//! Each chunk of a structure is spread over 2048 buckets, an eighth of an octave of dose each; then neighboring buckets
//! are collected from all chunks and sorted, each by a radix sort of three 11-bit digits. Chunks and buckets stay in the
//! cache, where scattering is cheap. 64-bit keys are sorted by their leading 33 bits, and the few that agree in them
//! once more. The scattered writes, two or three per sample, limit the speed.

use std::ops::Range;

use crate::error::Result;
use crate::memory;
use crate::parallel::Workers;

const DIGIT_BITS: u32 = 11;
const DIGITS: usize = 1 << DIGIT_BITS;

/// Below the first number of samples, the digit counts cost more than a comparison sort. Beyond the second, they
/// overflow.
const FEW: usize = 1024;
const MANY: usize = u32::MAX as usize;

/// Samples that one thread sorts at a time, about.
const PIECE: usize = 32_768;

const SORTING: &str = "sorted doses";

/// Something that is sorted by an unsigned key of `BITS` bits.
pub trait Keyed: Copy + Default + Send + Sync {
    /// Length of the key.
    const BITS: u32;
    /// The key.
    fn key(self) -> u64;
    /// A number below 2048 that does not fall while the key rises.
    fn bucket(self) -> usize;
}

impl Keyed for u32 {
    const BITS: u32 = 32;
    fn key(self) -> u64 {
        u64::from(self)
    }
    // Sign, exponent and three bits of a float32; all negative numbers share the first bucket.
    fn bucket(self) -> usize {
        (self >> 20).saturating_sub(1 << 11) as usize
    }
}

impl Keyed for u64 {
    const BITS: u32 = 64;
    fn key(self) -> u64 {
        self
    }
    // The same of a float64 from 2^-128 on; all smaller numbers are in the first bucket, all larger than 2^128 in the
    // last.
    fn bucket(self) -> usize {
        ((self >> 49).saturating_sub((1 << 14) + ((1023 - 128) << 3)) as usize).min(DIGITS - 1)
    }
}

impl<K: Keyed> Keyed for (K, f32) {
    const BITS: u32 = K::BITS;
    fn key(self) -> u64 {
        self.0.key()
    }
    fn bucket(self) -> usize {
        self.0.bucket()
    }
}

/// Samples in the order of their buckets; bucket `b` is `samples[starts[b]..starts[b + 1]]`.
pub(super) struct Buckets<T> {
    samples: Vec<T>,
    starts: Vec<usize>,
}

impl<T: Keyed> Buckets<T> {
    /// Spreads samples over their buckets, keeping their order within each.
    pub fn new(samples: &[T]) -> Result<Self> {
        let mut starts = memory::filled(SORTING, 0, DIGITS + 1)?;
        samples.iter().for_each(|sample| starts[sample.bucket() + 1] += 1);
        for b in 0..DIGITS {
            starts[b + 1] += starts[b];
        }
        let mut next = memory::copied(SORTING, &starts)?;
        let mut spread = memory::filled(SORTING, T::default(), samples.len())?;
        for &sample in samples {
            let slot = &mut next[sample.bucket()];
            spread[*slot] = sample;
            *slot += 1;
        }
        Ok(Self {
            samples: spread,
            starts,
        })
    }

    fn get(&self, bucket: usize) -> &[T] {
        &self.samples[self.starts[bucket]..self.starts[bucket + 1]]
    }
}

/// All samples of each list of chunks, sorted by key; equal keys in the order of the chunks.
pub(super) fn sorted<T: Keyed>(lists: &[&[Buckets<T>]], workers: &Workers<'_>) -> Result<Vec<Vec<T>>> {
    let pieces: Vec<(usize, (Range<usize>, usize))> = lists
        .iter()
        .enumerate()
        .flat_map(|(list, chunks)| divided(chunks).into_iter().map(move |p| (list, p)))
        .collect();
    let done = workers.map(pieces.len(), |p| {
        let (list, (buckets, held)) = &pieces[p];
        let mut piece = memory::reserved(SORTING, *held)?;
        for bucket in buckets.clone() {
            let start = piece.len();
            lists[*list].iter().for_each(|chunk| piece.extend_from_slice(chunk.get(bucket)));
            workers.check()?;
            sort(&mut piece[start..], workers)?;
        }
        Ok(piece)
    })?;
    let mut results: Vec<Vec<Vec<T>>> = lists.iter().map(|_| Vec::new()).collect();
    for ((list, _), piece) in pieces.into_iter().zip(done) {
        results[list].push(piece);
    }
    let joined = results.into_iter().map(|list| {
        let mut joined = memory::reserved(SORTING, list.iter().map(Vec::len).sum())?;
        list.into_iter().for_each(|piece: Vec<T>| joined.extend_from_slice(&piece));
        Ok(joined)
    });
    joined.collect()
}

/// Ranges of buckets that hold about [`PIECE`] samples each, and how many they hold.
fn divided<T: Keyed>(chunks: &[Buckets<T>]) -> Vec<(Range<usize>, usize)> {
    let (mut ranges, mut first, mut held) = (Vec::new(), 0, 0);
    for bucket in 0..DIGITS {
        held += chunks.iter().map(|chunk| chunk.get(bucket).len()).sum::<usize>();
        if held >= PIECE || bucket + 1 == DIGITS {
            ranges.push((first..bucket + 1, held));
            (first, held) = (bucket + 1, 0);
        }
    }
    ranges
}

/// Sorts by key, ascending and stable.
fn sort<T: Keyed>(samples: &mut [T], workers: &Workers<'_>) -> Result<()> {
    if samples.len() < FEW || samples.len() > MANY {
        return by_comparison(samples);
    }
    let shift = T::BITS.saturating_sub(3 * DIGIT_BITS);
    let digit = |sample: T, pass: u32| (sample.key() >> (shift + pass * DIGIT_BITS)) as usize & (DIGITS - 1);
    let first = samples[0].key();
    let varying = samples.iter().fold(0, |bits, sample| bits | (sample.key() ^ first)) >> shift;
    let mut scratch = memory::filled(SORTING, T::default(), samples.len())?;
    let (mut from, mut to, mut swapped) = (&mut *samples, &mut scratch[..], false);
    for pass in (0..3).filter(|pass| (varying >> (pass * DIGIT_BITS)) as usize & (DIGITS - 1) != 0) {
        workers.check()?;
        let mut count = [0u32; DIGITS];
        from.iter().for_each(|&sample| count[digit(sample, pass)] += 1);
        let mut next = 0;
        for slot in count.iter_mut() {
            next += std::mem::replace(slot, next);
        }
        for &sample in from.iter() {
            let slot = &mut count[digit(sample, pass)];
            to[*slot as usize] = sample;
            *slot += 1;
        }
        std::mem::swap(&mut from, &mut to);
        swapped = !swapped;
    }
    if swapped {
        samples.copy_from_slice(&scratch);
    }
    if shift > 0 {
        let alike = |a: &T, b: &T| a.key() >> shift == b.key() >> shift;
        for few in samples.chunk_by_mut(alike).filter(|few| few.len() > 1) {
            by_comparison(few)?;
        }
    }
    Ok(())
}

/// Stable too; its scratch memory is allocated first.
fn by_comparison<T: Keyed>(samples: &mut [T]) -> Result<()> {
    if samples.len() > FEW {
        memory::room(SORTING, size_of_val(samples))?;
    }
    samples.sort_by_key(|sample| sample.key());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{Buckets, Keyed, sort, sorted};
    use crate::parallel::{Cancellation, Workers};

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
        for count in [0, 1, 5, 1023, 1024, 30_011] {
            let mut wide = noise(count);
            wide.iter_mut().step_by(3).for_each(|x| *x = (*x >> 40) | 0x8123_4567_0000_0000);
            let mut narrow: Vec<u32> = wide.iter().map(|x| (x >> 32) as u32).collect();
            let (mut sorted_wide, mut sorted_narrow) = (wide.clone(), narrow.clone());
            let never = Cancellation::never();
            let workers = Workers::new(None, &never).unwrap();
            sort(&mut sorted_wide, &workers).unwrap();
            sort(&mut sorted_narrow, &workers).unwrap();
            wide.sort_unstable();
            narrow.sort_unstable();
            assert_eq!(sorted_wide, wide);
            assert_eq!(sorted_narrow, narrow);
        }
    }

    #[test]
    fn chunks_and_threads_leave_no_trace() {
        let all = noise(200_000);
        let mut expected = all.clone();
        expected.sort_unstable();
        for (size, threads) in [(200_000, 1), (70_000, 2), (999, 3)] {
            let chunks: Vec<_> = all.chunks(size).map(|chunk| Buckets::new(chunk).unwrap()).collect();
            let empty = [Buckets::new(&[]).unwrap()];
            let never = Cancellation::never();
            let workers = Workers::new(Some(threads), &never).unwrap();
            assert_eq!(sorted(&[&chunks, &empty], &workers).unwrap(), [expected.clone(), vec![]]);
        }
    }

    #[test]
    fn buckets_rise_with_the_key() {
        let mut keys = noise(20_000);
        keys.sort_unstable();
        assert!(keys.is_sorted_by_key(|key| key.bucket()));
        assert!(keys.is_sorted_by_key(|key| ((key >> 32) as u32).bucket()));
    }

    #[test]
    fn keeps_the_order_of_equal_keys() {
        let mut items: Vec<_> = noise(9_000).iter().enumerate().map(|(n, x)| ((x >> 60) as u32, n as f32)).collect();
        sort(&mut items, &Workers::new(None, &Cancellation::never()).unwrap()).unwrap();
        assert!(items.is_sorted());
    }
}
