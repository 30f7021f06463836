//! Scratch memory that outlives a call: fresh pages cost more than the arithmetic done in them.

use std::ops::{Deref, DerefMut};
use std::sync::{Mutex, PoisonError};

use crate::error::{Error, Result};
use crate::simd::Float;

/// Buffers that a plan keeps between calls; each worker takes what it needs and gives it back when it is dropped.
#[derive(Debug, Default)]
pub struct Pool<T> {
    free: Mutex<Vec<Vec<T>>>,
}

impl<T: Float> Pool<T> {
    /// Cache lines, and the widest vectors, begin at multiples of this many bytes.
    const ALIGNMENT: usize = 64;

    /// `length` elements that begin on a cache line and hold anything (zeros or what the last user left).
    ///
    /// [`Error::Memory`] where the allocator has no more.
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

    /// Bytes that a buffer of `length` elements takes.
    pub fn bytes(length: usize) -> u64 {
        (length as u64).saturating_mul(size_of::<T>() as u64).saturating_add(Self::ALIGNMENT as u64)
    }
}

/// Zeros, or [`Error::Memory`].
fn zeros<T: Float>(length: usize) -> Result<Vec<T>> {
    let mut data = Vec::new();
    data.try_reserve_exact(length).map_err(|_| Error::Memory {
        quantity: "convolution workspace".into(),
        bytes: (length as u64).saturating_mul(size_of::<T>() as u64),
    })?;
    data.resize(length, T::ZERO);
    Ok(data)
}

/// Scratch memory on loan from a [`Pool`].
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
