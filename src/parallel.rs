//! Threads of our own: scoped, no global pool, and a result that does not depend on how many there are.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

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

#[cfg(test)]
mod tests {
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
