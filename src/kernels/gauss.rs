//! Gauss-Legendre quadrature on [0, 1].

/// Nodes in ascending order and weights that sum to 1, by Newton's method on the three-term recurrence.
pub fn rule(count: usize) -> Vec<(f64, f64)> {
    let n = count as f64;
    let mut nodes = vec![(0.5, 1.0); count];
    for i in 0..count / 2 + count % 2 {
        let mut x = (std::f64::consts::PI * (i as f64 + 0.75) / (n + 0.5)).cos();
        let mut slope = 1.0;
        for _ in 0..100 {
            let (value, previous) = legendre(count, x);
            slope = n * (x * value - previous) / (x * x - 1.0);
            let step = value / slope;
            x -= step;
            if step.abs() <= 2e-16 {
                break;
            }
        }
        let weight = 1.0 / ((1.0 - x * x) * slope * slope);
        nodes[i] = (0.5 * (1.0 - x), weight);
        nodes[count - 1 - i] = (0.5 * (1.0 + x), weight);
    }
    let sum: f64 = nodes.iter().map(|(_, weight)| weight).sum();
    nodes.iter_mut().for_each(|(_, weight)| *weight /= sum);
    nodes
}

/// The Legendre polynomials of degree `count` and `count - 1` at `x`.
fn legendre(count: usize, x: f64) -> (f64, f64) {
    let (mut previous, mut value) = (1.0, x);
    for k in 2..=count {
        let k = k as f64;
        (previous, value) = (value, ((2.0 * k - 1.0) * x * value - (k - 1.0) * previous) / k);
    }
    (value, previous)
}

#[cfg(test)]
mod tests {
    #[test]
    fn n_nodes_integrate_a_polynomial_of_degree_2n_minus_1() {
        for count in [1, 2, 3, 7, 32, 33, 180] {
            let rule = super::rule(count);
            assert!(rule.windows(2).all(|pair| pair[0].0 < pair[1].0));
            for degree in [0, 1, 2 * count as i32 - 1] {
                let sum: f64 = rule.iter().map(|(x, weight)| weight * x.powi(degree)).sum();
                assert!((sum * (degree + 1) as f64 - 1.0).abs() < 1e-12, "{count} nodes, degree {degree}: {sum}");
            }
        }
    }
}
