//! Flight through voxels of any density and substance.

use super::spectrum::Emission;
use super::tables::{Point, Tables};
use super::transport::{Electron, Space, follow};

/// Least density in g/mL for paths in a voxel, because a path in vacuum would have no end.
const THINNEST: f32 = 1e-7;
/// An electron that cannot leave its voxel is absorbed in it. So is one whose range is less than this fraction of the
/// smallest voxel side in its voxel and in those that share a face with it. Without the latter condition, electrons of
/// 20 to 85 keV would not leave the wall of a cavity of gas, where they give 15 % of the dose.
const NEGLIGIBLE: f32 = 0.03;

/// One voxel.
#[derive(Debug, Clone, Copy)]
pub struct Cell {
    /// Density in g/mL, at least [`THINNEST`].
    density: f32,
    /// Index of the substance.
    medium: u32,
    /// Range in mm g/mL of electrons that are absorbed at their position.
    negligible: f32,
}

/// Voxels with their sides.
#[derive(Debug, Clone)]
pub struct Voxels {
    shape: [i32; 3],
    /// Steps of the flat index along the axes.
    stride: [isize; 3],
    side_mm: [f32; 3],
    per_mm: [f32; 3],
    cells: Vec<Cell>,
}

impl Voxels {
    /// Of a shape and spacing in (k, j, i); the cells are in the same order, C contiguous.
    pub fn new(shape: [usize; 3], spacing_mm: [f64; 3], cells: Vec<Cell>) -> Self {
        let side_mm = spacing_mm.map(|h| h as f32);
        let mut voxels = Self {
            shape: shape.map(|n| n as i32),
            stride: [(shape[1] * shape[2]) as isize, shape[2] as isize, 1],
            side_mm,
            per_mm: side_mm.map(|h| 1.0 / h),
            cells,
        };
        for i in 0..voxels.cells.len() {
            let lowest = voxels.neighbors(i).map(|n| voxels.cells[n].density).fold(voxels.cells[i].density, f32::min);
            voxels.cells[i].negligible = lowest * voxels.negligible_mm();
        }
        voxels
    }

    fn negligible_mm(&self) -> f32 {
        NEGLIGIBLE * self.side_mm.iter().copied().fold(f32::INFINITY, f32::min)
    }

    /// Number of elements.
    pub fn count(&self) -> usize {
        self.cells.len()
    }

    /// Whether a voxel is of that substance.
    pub fn is_of(&self, flat: usize, medium: u8) -> bool {
        self.cells[flat].medium == u32::from(medium)
    }

    /// The voxels that share a face with this one.
    pub fn neighbors(&self, flat: usize) -> impl Iterator<Item = usize> {
        let at = self.place_in(flat, [0.5; 3]).index;
        let beside = (0..3).flat_map(|axis| [(axis, -1), (axis, 1)]);
        beside.filter_map(move |(axis, sign)| {
            let next = at[axis] + sign as i32;
            (next >= 0 && next < self.shape[axis]).then(|| flat.wrapping_add_signed(sign * self.stride[axis]))
        })
    }

    /// Whether two voxels are of one substance.
    pub fn alike(&self, one: usize, other: usize) -> bool {
        self.cells[one].medium == self.cells[other].medium
    }

    /// The position in voxel `flat`, at the fractions `within` along the axes.
    pub fn place_in(&self, flat: usize, within: [f32; 3]) -> Place {
        let [rows, columns] = [self.stride[0] as usize, self.stride[1] as usize];
        let index = [flat / rows, flat % rows / columns, flat % columns].map(|i| i as i32);
        Place { index, flat, within }
    }
}

impl Cell {
    /// Of a density in g/mL and a substance.
    pub fn new(density_g_per_ml: f32, medium: u8) -> Self {
        Self {
            density: density_g_per_ml.max(THINNEST),
            medium: u32::from(medium),
            negligible: 0.0,
        }
    }
}

/// A position: the voxel, and the fraction of it along each axis, from 0 to 1.
#[derive(Debug, Clone, Copy)]
pub struct Place {
    index: [i32; 3],
    flat: usize,
    within: [f32; 3],
}

/// An electron in voxels, and the energy deposited so far.
///
/// `UNIFORM`: one cell fills all of space. Energy is counted in the same voxels; electrons beyond them may come back.
#[derive(Debug)]
pub struct Flight<'a, const UNIFORM: bool> {
    voxels: &'a Voxels,
    place: Place,
    cell: Cell,
    energy: &'a mut [f64],
    /// Energy for the present voxel that is not yet in `energy`.
    pending: f32,
}

impl<'a> Flight<'a, false> {
    /// Electron in the voxels, with vacuum outside. It deposits into `energy`, one number for each voxel.
    pub fn new(voxels: &'a Voxels, energy: &'a mut [f64]) -> Self {
        Self::in_cell(voxels, voxels.cells[0], energy)
    }
}

impl<'a> Flight<'a, true> {
    /// Electron with `cell` everywhere. It deposits into `energy`, one number for each of the voxels.
    pub fn uniform(voxels: &'a Voxels, cell: Cell, energy: &'a mut [f64]) -> Self {
        let negligible = cell.density * voxels.negligible_mm();
        Self::in_cell(voxels, Cell { negligible, ..cell }, energy)
    }
}

impl<'a, const UNIFORM: bool> Flight<'a, UNIFORM> {
    fn in_cell(voxels: &'a Voxels, cell: Cell, energy: &'a mut [f64]) -> Self {
        let place = Place {
            index: [0; 3],
            flat: 0,
            within: [0.5; 3],
        };
        Self {
            voxels,
            place,
            cell,
            energy,
            pending: 0.0,
        }
    }

    /// Follows the electrons of one decay from its position, with all their secondaries, and deposits `local_mev`
    /// there; returns the energy that left.
    #[inline(always)]
    pub fn follow(
        &mut self,
        start: Place,
        tables: &Tables,
        stack: &mut Vec<Electron<Place>>,
        emissions: &[Emission],
        local_mev: f32,
    ) -> f32 {
        let mut escaped = 0.0;
        for each in emissions {
            self.put(start);
            escaped += follow(self, tables, each.random.clone(), stack, each.energy_mev, each.direction);
        }
        if local_mev > 0.0 {
            self.put(start);
            self.deposit(local_mev);
        }
        self.settle();
        escaped
    }

    /// Least distance of the electron from the voxels in mm; 0 inside.
    #[inline(always)]
    fn outside_mm(&self) -> f32 {
        let mut outside: f32 = 0.0;
        for q in 0..3 {
            let (index, within) = (self.place.index[q], self.place.within[q]);
            let before = -(index as f32) - within;
            let after = (index - self.voxels.shape[q]) as f32 + within;
            outside = outside.max(before.max(after) * self.voxels.side_mm[q]);
        }
        outside
    }

    #[inline(always)]
    fn settle(&mut self) {
        let inside = |q: usize| (self.place.index[q] as u32) < self.voxels.shape[q] as u32;
        if !UNIFORM || (inside(0) && inside(1) && inside(2)) {
            self.energy[self.place.flat] += f64::from(self.pending);
        }
        self.pending = 0.0;
    }

    /// Goes to the face of the voxel that `step` (voxel sides per mm) meets first and through it: the length in mm, and
    /// whether there is a voxel behind it.
    #[inline(always)]
    fn cross(&mut self, step: &[f32; 3]) -> (f32, usize) {
        let mut length = f32::INFINITY;
        let mut axis = 0;
        for (q, (&step, &within)) in step.iter().zip(&self.place.within).enumerate() {
            let face = if step > 0.0 { 1.0 } else { 0.0 };
            let to_face = (face - within) / step;
            // This is NaN if the electron flies along the face on which it is.
            if to_face < length {
                (length, axis) = (to_face, q);
            }
        }
        for (within, step) in self.place.within.iter_mut().zip(step) {
            *within = (*within + step * length).clamp(0.0, 1.0);
        }
        (length.max(0.0), axis)
    }

    /// Enters the next voxel along an axis; `false` if there is none.
    #[inline(always)]
    fn enter(&mut self, axis: usize, forward: bool) -> bool {
        let sign = if forward { 1 } else { -1 };
        let next = self.place.index[axis] + sign;
        if !UNIFORM && (next < 0 || next >= self.voxels.shape[axis]) {
            return false;
        }
        self.place.index[axis] = next;
        self.place.within[axis] = if forward { 0.0 } else { 1.0 };
        // Outside the voxels this is not an index of an array, and is not used as one.
        self.place.flat = (self.place.flat as isize).wrapping_add(sign as isize * self.voxels.stride[axis]) as usize;
        if !UNIFORM {
            self.cell = self.voxels.cells[self.place.flat];
        }
        true
    }
}

impl<const UNIFORM: bool> Space for Flight<'_, UNIFORM> {
    type Place = Place;

    #[inline(always)]
    fn place(&self) -> Place {
        self.place
    }

    #[inline(always)]
    fn put(&mut self, place: Place) {
        self.settle();
        self.place = place;
        if !UNIFORM {
            self.cell = self.voxels.cells[place.flat];
        }
    }

    #[inline(always)]
    fn medium(&self) -> usize {
        self.cell.medium as usize
    }

    #[inline(always)]
    fn clearance(&self) -> f32 {
        let mut nearest = f32::INFINITY;
        for q in 0..3 {
            let within = self.place.within[q];
            nearest = nearest.min(within.min(1.0 - within) * self.voxels.side_mm[q]);
        }
        if UNIFORM {
            nearest = nearest.max(self.outside_mm());
        }
        (nearest * self.cell.density).max(self.cell.negligible)
    }

    #[inline(always)]
    fn fly(&mut self, direction: &[f32; 3], mut loss: f32, scale: f32, tables: &Tables, point: Point) -> f32 {
        // The loop is written out, because the compiler does not inline `map` of an array.
        let per_mm = &self.voxels.per_mm;
        let step = [
            direction[0] * per_mm[0],
            direction[1] * per_mm[1],
            direction[2] * per_mm[2],
        ];
        let mut medium = self.cell.medium;
        let mut stopping = tables.stopping(medium as usize, point);
        loop {
            let rate = self.cell.density * stopping;
            let length = loss / rate;
            let at = &self.place.within;
            let end = [
                at[0] + step[0] * length,
                at[1] + step[1] * length,
                at[2] + step[2] * length,
            ];
            let lowest = end[0].min(end[1]).min(end[2]);
            let highest = end[0].max(end[1]).max(end[2]);
            if lowest >= 0.0 && highest <= 1.0 {
                self.place.within = end;
                self.pending += loss * scale;
                return 0.0;
            }
            let (length, axis) = self.cross(&step);
            let lost = (length * rate).min(loss);
            self.pending += lost * scale;
            loss -= lost;
            self.settle();
            if !self.enter(axis, step[axis] > 0.0) {
                // An electron that leaves with its last step still leaves.
                return loss.max(f32::MIN_POSITIVE);
            }
            if self.cell.medium != medium {
                medium = self.cell.medium;
                stopping = tables.stopping(medium as usize, point);
            }
        }
    }

    #[inline(always)]
    fn deposit(&mut self, energy: f32) {
        self.pending += energy;
        self.settle();
    }
}
