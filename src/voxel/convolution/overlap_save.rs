//! Division of an axis into blocks for circular convolutions. Values that wrap around fall on positions that are
//! dropped.

use std::ops::Range;

/// A block of outputs along one axis, with the inputs that reach it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Block {
    pub outputs: Range<usize>,
    pub inputs: Range<usize>,
}

impl Block {
    /// Index on the axis of position 0 of the transform.
    pub fn origin(&self) -> usize {
        self.inputs.start.min(self.outputs.start)
    }

    /// The shortest transform in which no input wraps around onto an output that it does not reach.
    fn length(&self, half: usize) -> usize {
        let (inputs, outputs) = (&self.inputs, &self.outputs);
        half + inputs.end.saturating_sub(outputs.start).max(outputs.end.saturating_sub(inputs.start))
    }
}

/// Divides `outputs` into `count` blocks of nearly equal size, and returns them with the shortest transform that is
/// long enough for all. The input must be zero outside `support`.
pub(super) fn blocks(outputs: &Range<usize>, support: &Range<usize>, half: usize, count: usize) -> (Vec<Block>, usize) {
    let at = |i: usize| outputs.start + outputs.len() * i / count;
    let blocks: Vec<_> = (0..count)
        .map(|i| at(i)..at(i + 1))
        .map(|outputs| Block {
            inputs: outputs.start.saturating_sub(half).max(support.start)..(outputs.end + half).min(support.end),
            outputs,
        })
        .collect();
    let length = blocks.iter().map(|block| block.length(half)).max().unwrap_or(0);
    (blocks, length)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_input_reaches_a_wrong_output() {
        for (outputs, support, half) in [(0..37, 0..37, 5), (0..9, 2..4, 5), (3..24, 8..19, 5), (0..40, 0..31, 9)] {
            for count in 1..4 {
                let (blocks, length) = blocks(&outputs, &support, half, count);
                assert_eq!((blocks[0].outputs.start, blocks[count - 1].outputs.end), (outputs.start, outputs.end));
                for block in &blocks {
                    let apart = |a: usize, b: usize| (a as isize - b as isize).rem_euclid(length as isize) as usize;
                    for o in block.outputs.clone() {
                        assert!(o - block.origin() < length);
                        for i in support.clone() {
                            let reaches = o.abs_diff(i) <= half;
                            let taken = block.inputs.contains(&i);
                            assert!(taken || !reaches);
                            assert!(!taken || i - block.origin() < length);
                            let wraps_to = apart(o, i).min(apart(i, o)) <= half;
                            assert!(!taken || wraps_to == reaches, "{block:?} {length}: {i} -> {o}");
                        }
                    }
                }
            }
        }
    }
}
