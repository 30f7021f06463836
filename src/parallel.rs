//! Threads of our own: scoped, no global pool, and a result that does not depend on how many there are.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::thread::ThreadId;
use std::time::{Duration, Instant};

use crate::error::{Error, Result};

/// How many threads to use: the given number, or every processor available to the process.
///
/// Errors where 0 or more than 1024 are asked for.
pub fn thread_count(threads: Option<usize>) -> Result<usize> {
    match threads {
        None => Ok(std::thread::available_parallelism().map_or(1, usize::from)),
        Some(n) if (1..=1024).contains(&n) => Ok(n),
        Some(n) => Err(Error::out_of_range("threads", n as f64, "within [1, 1024]")),
    }
}

/// Calls `work(i)` for each `i < count` on up to `threads` threads; results come back in order of `i`.
///
/// The division into items is the caller's and must not depend on `threads`: then neither does the result.
pub fn map<T: Send>(count: usize, threads: usize, work: impl Fn(usize) -> T + Sync) -> Vec<T> {
    if threads <= 1 || count <= 1 {
        return (0..count).map(work).collect();
    }
    let next = AtomicUsize::new(0);
    let done = Mutex::new((0..count).map(|_| None).collect::<Vec<Option<T>>>());
    let run = || {
        loop {
            let i = next.fetch_add(1, Ordering::Relaxed);
            if i >= count {
                break;
            }
            let value = work(i);
            done.lock().expect("no worker panicked while storing")[i] = Some(value);
        }
    };
    std::thread::scope(|scope| {
        for _ in 1..threads.min(count) {
            scope.spawn(run);
        }
        run();
    });
    let done = done.into_inner().expect("no worker panicked while storing");
    done.into_iter().map(|value| value.expect("every item was worked on")).collect()
}

/// Calls `work(item)` for each item on up to `threads` threads. Items may carry disjoint mutable slices.
pub fn for_each<T: Send>(items: Vec<T>, threads: usize, work: impl Fn(T) + Sync) {
    if threads <= 1 || items.len() <= 1 {
        items.into_iter().for_each(work);
        return;
    }
    let workers = threads.min(items.len());
    let queue = Mutex::new(items.into_iter());
    let run = || {
        loop {
            let item = queue.lock().expect("no worker panicked while taking an item").next();
            match item {
                Some(item) => work(item),
                None => break,
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 1..workers {
            scope.spawn(run);
        }
        run();
    });
}

/// Whether the caller still wants the result. Workers ask between small parts of their work; on the thread that made
/// it, every 20 ms, asking also asks the caller.
pub struct Cancellation<'a> {
    cancelled: AtomicBool,
    caller: ThreadId,
    poll: &'a (dyn Fn() -> bool + Sync),
    start: Instant,
    next_poll_ms: AtomicU64,
}

impl<'a> Cancellation<'a> {
    const INTERVAL: Duration = Duration::from_millis(20);

    /// `poll` returns whether to stop; it is called on this thread only.
    pub fn new(poll: &'a (dyn Fn() -> bool + Sync)) -> Self {
        Self {
            cancelled: AtomicBool::new(false),
            caller: std::thread::current().id(),
            poll,
            start: Instant::now(),
            next_poll_ms: AtomicU64::new(Self::INTERVAL.as_millis() as u64),
        }
    }

    /// Runs to the end.
    pub fn never() -> Cancellation<'static> {
        Cancellation::new(&|| false)
    }

    /// Asks every worker to stop.
    pub fn cancel(&self) {
        self.cancelled.store(true, Ordering::Relaxed);
    }

    /// [`Error::Cancelled`] where the caller has asked to stop.
    pub fn check(&self) -> Result<()> {
        if self.cancelled.load(Ordering::Relaxed) {
            return Err(Error::Cancelled);
        }
        let now = self.start.elapsed().as_millis() as u64;
        if now >= self.next_poll_ms.load(Ordering::Relaxed) && std::thread::current().id() == self.caller {
            self.next_poll_ms.store(now + Self::INTERVAL.as_millis() as u64, Ordering::Relaxed);
            if (self.poll)() {
                self.cancel();
                return Err(Error::Cancelled);
            }
        }
        Ok(())
    }
}

/// [`for_each`] whose work can fail or be cancelled: nothing is started after the first error, which is returned.
pub fn try_for_each<T: Send>(
    items: Vec<T>,
    threads: usize,
    cancellation: &Cancellation<'_>,
    work: impl Fn(T) -> Result<()> + Sync,
) -> Result<()> {
    let workers = threads.min(items.len());
    let queue = Mutex::new((items.into_iter(), None));
    let take = || {
        let mut queue = queue.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if queue.1.is_some() { None } else { queue.0.next() }
    };
    let run = || {
        while let Some(item) = take() {
            if let Err(error) = cancellation.check().and_then(|()| work(item)) {
                queue.lock().unwrap_or_else(std::sync::PoisonError::into_inner).1.get_or_insert(error);
            }
        }
    };
    let working = AtomicUsize::new(workers.saturating_sub(1));
    let caller = std::thread::current();
    let leave = || {
        working.fetch_sub(1, Ordering::Release);
        caller.unpark();
    };
    std::thread::scope(|scope| {
        for _ in 1..workers {
            scope.spawn(|| {
                let _at_the_end = Defer(leave);
                run();
            });
        }
        run();
        // The others may still be at their last item: keep asking the caller.
        while working.load(Ordering::Acquire) > 0 && cancellation.check().is_ok() {
            std::thread::park_timeout(Cancellation::INTERVAL);
        }
    });
    let (_, error) = queue.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    error.map_or(Ok(()), Err)
}

/// Calls its function when it goes out of scope, also by a panic.
struct Defer<F: Fn()>(F);

impl<F: Fn()> Drop for Defer<F> {
    fn drop(&mut self) {
        (self.0)();
    }
}

#[cfg(test)]
mod tests {
    use super::{Cancellation, Error};

    #[test]
    fn the_first_error_stops_the_work() {
        for threads in 1..5 {
            let result = super::try_for_each((0..100).collect(), threads, &Cancellation::never(), |i| {
                if i == 7 { Err(Error::Cancelled) } else { Ok(()) }
            });
            assert_eq!(result, Err(Error::Cancelled));
        }
    }

    #[test]
    fn a_caller_who_changes_their_mind_is_heard() {
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
        for threads in 1..9 {
            assert_eq!(super::map(37, threads, |i| i * i), expected);
            let mut squares = vec![0; 37];
            super::for_each(squares.iter_mut().enumerate().collect(), threads, |(i, s)| *s = i * i);
            assert_eq!(squares, expected);
        }
    }

    #[test]
    fn zero_threads_is_an_error() {
        assert!(super::thread_count(Some(0)).is_err());
        assert!(super::thread_count(None).unwrap() >= 1);
    }
}
