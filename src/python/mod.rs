//! The extension module `yttria._core`: the only files that name pyo3 or numpy.
//!
//! Each function has one shape: borrow the arrays, call the core without the interpreter (`threads`), wrap. No
//! arithmetic, no validation. What can take long is `shared_out` or `interruptible`, so that Ctrl-C ends it.

use pyo3::prelude::*;

mod arrays;
mod errors;
mod evaluation;
mod geometry;
mod kernels;
mod monte_carlo;
mod nuclide;
mod planning;
mod threads;
mod voxel;

#[pymodule(gil_used = false)]
fn _core(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add("__version__", env!("CARGO_PKG_VERSION"))?;
    nuclide::register(module)?;
    kernels::register(module)?;
    voxel::register(module)?;
    monte_carlo::register(module)?;
    planning::register(module)?;
    geometry::register(module)?;
    evaluation::register(module)?;
    // `yttria` re-exports by name; a second list of names would only have to be kept equal to the stub.
    module.delattr("__all__")
}
