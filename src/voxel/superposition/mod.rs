//! Absorbed dose in tissue of any density, by parallel rays in many directions that carry the energy of the beta
//! particles.
//!
//! In a uniform medium the dose is the exact convolution with voxel S values. Elsewhere the model deposits an
//! electron's energy along straight rays by the dose point kernel per mass depth, `dE = F(t) rho eta ds`, where `t` is
//! the mass depth from the source along the ray and `eta` a factor of the medium ([`composition`]). The two are
//! blended:
//!
//! `dose = (E(rho) - b E(rho_ref)) / (rho V) + b (rho_ref / rho) D`
//!
//! with `E` the energy that the rays deposit, `D` the convolution at the reference density, and `b` the [`blend`] of
//! the voxel. At the reference density the rays cancel, and with them the noise of their finite number.
//!
//! - [`modes`]: the kernel as a sum of two damped oscillations, so that a ray carries four numbers;
//! - [`rays`]: directions and lattices; [`sweep`]: all rays of one direction at once; [`step`]: one voxel;
//! - [`sheet`]: maps as rows that vectors run along.
//!
//! The result does not depend on the number of threads, because directions are divided into groups whose deposits are
//! summed in order.

mod apply;
mod composition;
mod modes;
mod plan;
mod rays;
mod sheet;
mod step;
mod sweep;
#[cfg(test)]
mod tests;

pub use composition::{LEAST_DENSITY_G_PER_ML, MediumFactor, blend};
pub use modes::Modes;
pub use plan::{Balance, Options, SuperpositionPlan};
pub use rays::{Rays, Setting, rays};
pub use step::Precision;
