//! Scores that a plan cites: ALBI, Child-Pugh, mRECIST.

use crate::error::{Error, Result, check};

/// ALBI grade with the subgrades of mALBI.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AlbiGrade {
    /// Score at most -2.60.
    One,
    /// Score within (-2.60, -2.270].
    TwoA,
    /// Score within (-2.270, -1.39].
    TwoB,
    /// Score above -1.39.
    Three,
}

impl AlbiGrade {
    /// From an unrounded score.
    pub fn from_score(score: f64) -> Result<Self> {
        if !score.is_finite() {
            return Err(Error::out_of_range("ALBI score", score, "finite"));
        }
        Ok(match score {
            s if s <= -2.60 => Self::One,
            s if s <= -2.270 => Self::TwoA,
            s if s <= -1.39 => Self::TwoB,
            _ => Self::Three,
        })
    }

    /// 1, 2 or 3.
    pub fn grade(self) -> u8 {
        match self {
            Self::One => 1,
            Self::TwoA | Self::TwoB => 2,
            Self::Three => 3,
        }
    }

    /// "1", "2a", "2b" or "3".
    pub fn modified(self) -> &'static str {
        match self {
            Self::One => "1",
            Self::TwoA => "2a",
            Self::TwoB => "2b",
            Self::Three => "3",
        }
    }
}

/// `0.66 log10(bilirubin in umol/L) - 0.085 (albumin in g/L)`.
pub fn albi_score(bilirubin_umol_per_l: f64, albumin_g_per_l: f64) -> Result<f64> {
    Ok(0.66 * bilirubin(bilirubin_umol_per_l)?.log10() - 0.085 * albumin(albumin_g_per_l)?)
}

fn bilirubin(umol_per_l: f64) -> Result<f64> {
    check::within("bilirubin in umol/L", umol_per_l, 0.1, 2000.0).map_err(|e| e.with_hint("1 mg/dL is 17.104 umol/L"))
}

fn albumin(g_per_l: f64) -> Result<f64> {
    check::within("albumin in g/L", g_per_l, 10.0, 80.0).map_err(|e| {
        if (1.0..10.0).contains(&g_per_l) {
            e.with_hint(format!("did you mean {} g/dL, that is {} g/L?", g_per_l, g_per_l * 10.0))
        } else {
            e
        }
    })
}

/// Points of each Child-Pugh item, in the order bilirubin, albumin, INR, ascites, encephalopathy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChildPugh {
    /// 1, 2 or 3 for each item.
    pub points: [u8; 5],
}

impl ChildPugh {
    /// `cholestatic` takes the bilirubin limits for primary biliary and sclerosing cholangitis, 4 and 10 mg/dL.
    pub fn new(
        bilirubin_umol_per_l: f64,
        albumin_g_per_l: f64,
        inr: f64,
        ascites: &str,
        encephalopathy: &str,
        cholestatic: bool,
    ) -> Result<Self> {
        let bilirubin = bilirubin(bilirubin_umol_per_l)?;
        let albumin = albumin(albumin_g_per_l)?;
        let inr = check::within("INR", inr, 0.5, 20.0)?;
        let (low, high) = if cholestatic { (68.0, 171.0) } else { (34.0, 50.0) };
        Ok(Self {
            points: [
                rising(bilirubin, low, high),
                if albumin > 35.0 {
                    1
                } else if albumin >= 28.0 {
                    2
                } else {
                    3
                },
                rising(inr, 1.7, 2.3),
                named("ascites", ascites, &["none", "mild", "moderate-severe"])?,
                named("encephalopathy grade", encephalopathy, &["none", "1-2", "3-4"])?,
            ],
        })
    }

    /// Sum of the points, 5 to 15.
    pub fn total(self) -> u8 {
        self.points.iter().sum()
    }

    /// "A" for 5-6, "B" for 7-9, "C" for 10-15 points.
    pub fn class(self) -> &'static str {
        match self.total() {
            ..=6 => "A",
            7..=9 => "B",
            _ => "C",
        }
    }
}

fn rising(value: f64, low: f64, high: f64) -> u8 {
    if value < low {
        1
    } else if value <= high {
        2
    } else {
        3
    }
}

fn named(quantity: &str, name: &str, known: &[&str; 3]) -> Result<u8> {
    match known.iter().position(|&k| k == name) {
        Some(index) => Ok(index as u8 + 1),
        None => Err(Error::unknown_name(quantity, name, known)),
    }
}

/// mRECIST category.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Response {
    /// No arterial enhancement left, no new lesion.
    Complete,
    /// At least 20 % above the smallest sum so far, or a new lesion.
    Progressive,
    /// At least 30 % below the sum at baseline.
    Partial,
    /// None of these.
    Stable,
}

impl Response {
    /// "CR", "PD", "PR" or "SD".
    pub fn code(self) -> &'static str {
        match self {
            Self::Complete => "CR",
            Self::Progressive => "PD",
            Self::Partial => "PR",
            Self::Stable => "SD",
        }
    }
}

/// From the sums of viable (arterially enhancing) diameters; tested in the order CR, PD, PR, SD.
pub fn mrecist(baseline_mm: f64, nadir_mm: f64, current_mm: f64, new_lesion: bool) -> Result<Response> {
    let baseline = check::positive("sum of viable diameters at baseline in mm", baseline_mm)?;
    let nadir = check::within("smallest sum of viable diameters so far in mm", nadir_mm, 0.0, baseline)?;
    let current = check::non_negative("sum of viable diameters now in mm", current_mm)?;
    // Scaled by ten: 2 and 3 are exact in binary, 0.2 and 0.3 are not, and an exact 20 % must count.
    Ok(if current == 0.0 && !new_lesion {
        Response::Complete
    } else if new_lesion || 10.0 * (current - nadir) >= 2.0 * nadir {
        Response::Progressive
    } else if 10.0 * (baseline - current) >= 3.0 * baseline {
        Response::Partial
    } else {
        Response::Stable
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_grade_includes_its_upper_boundary() {
        for (score, grade) in [
            (-2.60, "1"),
            (-2.5999, "2a"),
            (-2.27, "2a"),
            (-2.2699, "2b"),
            (-1.39, "2b"),
            (-1.389, "3"),
        ] {
            assert_eq!(AlbiGrade::from_score(score).unwrap().modified(), grade);
        }
    }

    #[test]
    fn regrowth_after_complete_response_is_progression() {
        assert_eq!(mrecist(50.0, 0.0, 3.0, false).unwrap(), Response::Progressive);
        assert_eq!(mrecist(50.0, 0.0, 0.0, false).unwrap(), Response::Complete);
        assert_eq!(mrecist(50.0, 50.0, 0.0, true).unwrap(), Response::Progressive);
    }
}
