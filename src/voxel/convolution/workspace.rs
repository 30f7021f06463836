//! Scratch memory that a plan keeps between calls, because fresh pages cost more time than the arithmetic in them.

use std::ops::{Deref, DerefMut};
use std::sync::{Mutex, PoisonError};

use crate::error::{Error, Result};
use crate::simd::Float;

/// Buffers that a plan keeps between calls. Each worker takes a buffer, which returns to the pool when it is dropped.
#[derive(Debug, Default)]
pub struct Pool<T> {
    free: Mutex<Vec<Vec<T>>>,
}

impl<T: Float> Pool<T> {
    /// Size in bytes of a cache line, and of the widest vector.
    const ALIGNMENT: usize = 64;

    /// A buffer of `length` values that begins on a cache line. Its contents are unspecified.
    ///
    /// Returns [`Error::Memory`] if the allocator has no more memory.
    pub fn take(&self, length: usize) -> Result<Buffer<'_, T>> {
        let whole = length.saturating_add(Self::ALIGNMENT / size_of::<T>());
        let mut free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
        let fitting = (0..free.len()).filter(|&i| free[i].len() >= whole).min_by_key(|&i| free[i].len());
        let kept = fitting.map(|i| free.swap_remove(i));
        drop(free);
        let data = match kept {
            Some(data) => data,
            None => zeros(whole)?,
        };
        let begin = data.as_ptr().align_offset(Self::ALIGNMENT).min(whole - length);
        Ok(Buffer {
            pool: self,
            data,
            begin,
            length,
        })
    }

    /// Memory of a buffer of `length` values in bytes.
    pub fn bytes(length: usize) -> u64 {
        (length as u64).saturating_mul(size_of::<T>() as u64).saturating_add(Self::ALIGNMENT as u64)
    }
}

/// A vector of zeros, or [`Error::Memory`].
fn zeros<T: Float>(length: usize) -> Result<Vec<T>> {
    let mut data = Vec::new();
    data.try_reserve_exact(length).map_err(|_| Error::Memory {
        quantity: "convolution workspace".into(),
        bytes: (length as u64).saturating_mul(size_of::<T>() as u64),
    })?;
    data.resize(length, T::ZERO);
    Ok(data)
}

/// Scratch memory that belongs to a [`Pool`].
#[derive(Debug)]
pub struct Buffer<'a, T: Float> {
    pool: &'a Pool<T>,
    data: Vec<T>,
    begin: usize,
    length: usize,
}

impl<T: Float> Deref for Buffer<'_, T> {
    type Target = [T];
    fn deref(&self) -> &[T] {
        &self.data[self.begin..self.begin + self.length]
    }
}

impl<T: Float> DerefMut for Buffer<'_, T> {
    fn deref_mut(&mut self) -> &mut [T] {
        &mut self.data[self.begin..self.begin + self.length]
    }
}

impl<T: Float> Drop for Buffer<'_, T> {
    fn drop(&mut self) {
        let data = std::mem::take(&mut self.data);
        self.pool.free.lock().unwrap_or_else(PoisonError::into_inner).push(data);
    }
}
