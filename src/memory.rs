//! Vectors whose size comes from the caller's data. If the allocator has no more memory, the caller gets an error.
//!
//! `vec![x; n]`, `collect` and `extend` end the process in that case. They are used only for vectors that are small for
//! any input. [`room`] checks before a calculation that there is memory for those.

use crate::error::{Error, Result};

/// Memory that a calculation may allocate in small pieces, in addition to the vectors of this file.
const SMALL: usize = 4 << 20;

/// An empty vector with room for `count` elements.
pub fn reserved<T>(quantity: &str, count: usize) -> Result<Vec<T>> {
    let mut values = Vec::new();
    values.try_reserve_exact(count).map_err(|_| refused::<T>(quantity, count))?;
    Ok(values)
}

/// A vector of `count` equal values.
pub fn filled<T: Clone>(quantity: &str, value: T, count: usize) -> Result<Vec<T>> {
    let mut values = reserved(quantity, count)?;
    values.resize(count, value);
    Ok(values)
}

/// A vector of zeros. Its pages take memory only when they are written.
pub fn zeroed<T: Clone + Default>(quantity: &str, count: usize) -> Result<Vec<T>> {
    room(quantity, count.saturating_mul(size_of::<T>()))?;
    Ok(vec![T::default(); count])
}

/// A copy of a slice.
pub fn copied<T: Copy>(quantity: &str, slice: &[T]) -> Result<Vec<T>> {
    let mut values = reserved(quantity, slice.len())?;
    values.extend_from_slice(slice);
    Ok(values)
}

/// A vector of the items of an iterator. Memory is reserved for the least number of items that the iterator states.
pub fn collected<T>(quantity: &str, items: impl Iterator<Item = T>) -> Result<Vec<T>> {
    let mut values = reserved(quantity, items.size_hint().0)?;
    for item in items {
        pushed(quantity, &mut values, item)?;
    }
    Ok(values)
}

/// Appends one element. If there is no room left, it doubles the room.
#[inline(always)]
pub fn pushed<T>(quantity: &str, values: &mut Vec<T>, item: T) -> Result<()> {
    if values.len() == values.capacity() {
        grow(quantity, values, 1)?;
    }
    values.push(item);
    Ok(())
}

/// Appends a slice.
pub fn appended<T: Copy>(quantity: &str, values: &mut Vec<T>, slice: &[T]) -> Result<()> {
    grow(quantity, values, slice.len())?;
    values.extend_from_slice(slice);
    Ok(())
}

/// Makes room for more elements.
#[cold]
pub fn grow<T>(quantity: &str, values: &mut Vec<T>, more: usize) -> Result<()> {
    values.try_reserve(more).map_err(|_| refused::<T>(quantity, values.len().saturating_add(more)))
}

/// Checks that the allocator has `bytes` and a little more at this moment. Nothing is kept.
pub fn room(quantity: &str, bytes: usize) -> Result<()> {
    let mut probe: Vec<u8> = Vec::new();
    let found = probe.try_reserve_exact(bytes.saturating_add(SMALL));
    // Without this the compiler would remove the allocation, because its memory is not used.
    std::hint::black_box(&mut probe);
    found.map_err(|_| refused::<u8>(quantity, bytes.saturating_add(SMALL)))
}

fn refused<T>(quantity: &str, count: usize) -> Error {
    Error::Memory {
        quantity: quantity.into(),
        bytes: (count as u64).saturating_mul(size_of::<T>() as u64),
    }
}

#[cfg(test)]
mod tests {
    use super::{collected, copied, filled, pushed, reserved, room};
    use crate::error::Error;

    #[test]
    fn too_much_memory_is_an_error_that_names_the_quantity() {
        let error = reserved::<f64>("the dose", usize::MAX / 16).unwrap_err();
        assert!(matches!(&error, Error::Memory { quantity, .. } if quantity == "the dose"));
        assert!(error.to_string().contains("the dose needs"));
        assert!(filled("x", 0u8, isize::MAX as usize).is_err());
        assert!(room("x", usize::MAX).is_err());
    }

    #[test]
    fn available_memory_is_given() {
        assert_eq!(filled("x", 2, 3).unwrap(), [2, 2, 2]);
        assert_eq!(copied("x", &[1, 2]).unwrap(), [1, 2]);
        assert_eq!(collected("x", (0..9).filter(|n| n % 2 == 0)).unwrap(), [0, 2, 4, 6, 8]);
        let mut values = Vec::new();
        (0..100).for_each(|n| pushed("x", &mut values, n).unwrap());
        assert!(values.iter().eq(&(0..100).collect::<Vec<_>>()));
        assert!(room("x", 1 << 20).is_ok());
    }
}
