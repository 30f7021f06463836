//! Scoped threads without a global pool; results do not depend on the number of threads.
//!
//! If a thread cannot be started, the others do its work. A worker that panics gives an [`Error::Internal`].

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread::{Builder, ThreadId};
use std::time::{Duration, Instant};

use crate::error::{Error, Result};
use crate::memory;

/// Number of threads to use: the given number, or that of the processors available to the process.
///
/// Returns an error for 0 or more than 1024 threads.
pub fn thread_count(threads: Option<usize>) -> Result<usize> {
    match threads {
        None => Ok(std::thread::available_parallelism().map_or(1, usize::from)),
        Some(n) if (1..=1024).contains(&n) => Ok(n),
        Some(n) => Err(Error::out_of_range("threads", n as f64, "within [1, 1024]")),
    }
}

/// Number of the wanted threads for which there is address space.
///
/// A thread takes a stack, and the allocator may reserve space for it. If the space runs out before a new thread has
/// its thread-local data, the C library ends the process. Therefore no thread is started if that could happen.
fn affordable(wanted: usize) -> usize {
    if cfg!(target_family = "wasm") {
        // There are no threads in WebAssembly, and it never gives memory back, so that a trial allocation would stay.
        return 1;
    }
    const EACH: usize = 80 << 20;
    const REST: usize = 256 << 20;
    let mut threads = wanted;
    while threads > 1 && memory::room("threads", REST + (threads - 1) * EACH).is_err() {
        threads /= 2;
    }
    threads.max(1)
}

/// Request of the caller to stop. Workers check it between small parts of their work. A check on the thread that made
/// it also polls the caller, every 20 ms.
pub struct Cancellation<'a> {
    cancelled: AtomicBool,
    caller: ThreadId,
    poll: &'a (dyn Fn() -> bool + Sync),
    /// None if there is no clock, so that each check polls.
    start: Option<Instant>,
    next_poll_ms: AtomicU64,
}

impl<'a> Cancellation<'a> {
    const INTERVAL: Duration = Duration::from_millis(20);

    /// Makes one that stops when `poll` returns true. `poll` is called on this thread only.
    pub fn new(poll: &'a (dyn Fn() -> bool + Sync)) -> Self {
        Self {
            cancelled: AtomicBool::new(false),
            caller: std::thread::current().id(),
            poll,
            // WebAssembly without an operating system has no clock. Reading the time would panic.
            start: (!cfg!(all(target_family = "wasm", target_os = "unknown"))).then(Instant::now),
            next_poll_ms: AtomicU64::new(Self::INTERVAL.as_millis() as u64),
        }
    }

    /// Makes one that never stops the work.
    pub fn never() -> Cancellation<'static> {
        Cancellation::new(&|| false)
    }

    /// Makes every worker stop.
    pub fn cancel(&self) {
        self.cancelled.store(true, Ordering::Relaxed);
    }

    /// Returns [`Error::Cancelled`] if the caller has cancelled the work.
    pub fn check(&self) -> Result<()> {
        if self.cancelled.load(Ordering::Relaxed) {
            return Err(Error::Cancelled);
        }
        let now = self.start.map(|start| start.elapsed().as_millis() as u64);
        let due = now.is_none_or(|now| now >= self.next_poll_ms.load(Ordering::Relaxed));
        if due && std::thread::current().id() == self.caller {
            if let Some(now) = now {
                self.next_poll_ms.store(now + Self::INTERVAL.as_millis() as u64, Ordering::Relaxed);
            }
            if (self.poll)() {
                self.cancel();
                return Err(Error::Cancelled);
            }
        }
        Ok(())
    }
}

/// The number of threads, and the caller's request to stop them.
#[derive(Clone, Copy)]
pub struct Workers<'a> {
    threads: usize,
    cancellation: &'a Cancellation<'a>,
}

impl<'a> Workers<'a> {
    /// Returns the errors of [`thread_count`].
    pub fn new(threads: Option<usize>, cancellation: &'a Cancellation<'a>) -> Result<Self> {
        let threads = thread_count(threads)?;
        Ok(Self { threads, cancellation })
    }

    /// The largest number of threads.
    pub fn threads(&self) -> usize {
        self.threads
    }

    /// Calls [`Cancellation::check`]. A worker calls it every few milliseconds.
    pub fn check(&self) -> Result<()> {
        self.cancellation.check()
    }

    /// Calls `work(i)` for each `i < count` and returns the results in the order of `i`.
    ///
    /// The caller divides the work into items. If this division does not depend on the number of threads, the result
    /// does not depend on it either.
    pub fn map<T: Send>(&self, count: usize, work: impl Fn(usize) -> Result<T> + Sync) -> Result<Vec<T>> {
        let mut done: Vec<Option<T>> = memory::reserved("results of the workers", count)?;
        done.resize_with(count, || None);
        self.for_each(done.iter_mut().enumerate(), |(i, slot)| {
            *slot = Some(work(i)?);
            Ok(())
        })?;
        let mut results = memory::reserved("results of the workers", count)?;
        results.extend(done.into_iter().flatten());
        Ok(results)
    }

    /// Calls `work(item)` for each item. Items may carry disjoint mutable slices.
    ///
    /// No item is started after the first error, which is returned.
    pub fn for_each<I: IntoIterator<IntoIter: Send, Item: Send>>(
        &self,
        items: I,
        work: impl Fn(I::Item) -> Result<()> + Sync,
    ) -> Result<()> {
        try_for_each(items, self.threads, self.cancellation, work)
    }
}

/// Does what [`Workers::for_each`] does, on up to `threads` threads.
pub fn try_for_each<I: IntoIterator<IntoIter: Send, Item: Send>>(
    items: I,
    threads: usize,
    cancellation: &Cancellation<'_>,
    work: impl Fn(I::Item) -> Result<()> + Sync,
) -> Result<()> {
    let items = items.into_iter();
    let (least, most) = items.size_hint();
    let workers = affordable(threads.min(most.unwrap_or(least).max(1)));
    let queue = Mutex::new((items, None));
    let take = || {
        let mut queue = queue.lock().unwrap_or_else(PoisonError::into_inner);
        if queue.1.is_some() { None } else { queue.0.next() }
    };
    let run = || {
        while let Some(item) = take() {
            let done = cancellation.check().and_then(|()| {
                let done = catch_unwind(AssertUnwindSafe(|| work(item)));
                done.unwrap_or_else(|panic| Err(Error::from_panic(&*panic)))
            });
            if let Err(error) = done {
                queue.lock().unwrap_or_else(PoisonError::into_inner).1.get_or_insert(error);
            }
        }
    };
    let working = AtomicUsize::new(0);
    let caller = std::thread::current();
    let leave = || {
        working.fetch_sub(1, Ordering::Release);
        caller.unpark();
    };
    std::thread::scope(|scope| {
        for _ in 1..workers {
            working.fetch_add(1, Ordering::Relaxed);
            let started = Builder::new().spawn_scoped(scope, || {
                let _at_the_end = Defer(leave);
                run();
            });
            if started.is_err() {
                // There are no more threads, or there is no memory for their stacks. The running ones do all the work.
                working.fetch_sub(1, Ordering::Relaxed);
                break;
            }
        }
        run();
        // The other threads may still work on their last items, and the caller may still want to stop them.
        while working.load(Ordering::Acquire) > 0 && cancellation.check().is_ok() {
            std::thread::park_timeout(Cancellation::INTERVAL);
        }
    });
    let (_, error) = queue.into_inner().unwrap_or_else(PoisonError::into_inner);
    error.map_or(Ok(()), Err)
}

/// Calls its function when it goes out of scope, and after a panic too.
struct Defer<F: Fn()>(F);

impl<F: Fn()> Drop for Defer<F> {
    fn drop(&mut self) {
        (self.0)();
    }
}

#[cfg(test)]
mod tests {
    use super::{Cancellation, Error, Workers};

    #[test]
    fn the_first_error_stops_the_work() {
        for threads in 1..5 {
            let result = super::try_for_each(0..100, threads, &Cancellation::never(), |i| {
                if i == 7 { Err(Error::Cancelled) } else { Ok(()) }
            });
            assert_eq!(result, Err(Error::Cancelled));
        }
    }

    #[test]
    fn a_panic_is_an_error_that_asks_for_a_report() {
        for threads in 1..4 {
            let result = super::try_for_each(0..10, threads, &Cancellation::never(), |i| {
                assert!(i != 3, "three is a crowd");
                Ok(())
            });
            let text = result.unwrap_err().to_string();
            assert!(text.contains("three is a crowd") && text.contains("report"), "{text}");
        }
    }

    #[test]
    fn a_caller_can_stop_the_work() {
        let poll = || true;
        let cancellation = Cancellation::new(&poll);
        let result = super::try_for_each(vec![(); 4], 2, &cancellation, |()| {
            loop {
                cancellation.check()?;
                std::thread::sleep(std::time::Duration::from_millis(1));
            }
        });
        assert_eq!(result, Err(Error::Cancelled));
    }

    #[test]
    fn order_and_values_do_not_depend_on_the_threads() {
        let expected: Vec<usize> = (0..37).map(|i| i * i).collect();
        let never = Cancellation::never();
        for threads in 1..9 {
            let workers = Workers::new(Some(threads), &never).unwrap();
            assert_eq!(workers.map(37, |i| Ok(i * i)).unwrap(), expected);
            let mut squares = vec![0; 37];
            let store = |(i, s): (usize, &mut usize)| {
                *s = i * i;
                Ok(())
            };
            workers.for_each(squares.iter_mut().enumerate(), store).unwrap();
            assert_eq!(squares, expected);
        }
    }

    #[test]
    fn zero_threads_is_an_error() {
        assert!(super::thread_count(Some(0)).is_err());
        assert!(super::thread_count(None).unwrap() >= 1);
    }
}
