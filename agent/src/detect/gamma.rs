//! Differences of ln Γ, looked up: a tick needs thousands of them, and each ln Γ takes a logarithm
//! and two polynomials.

/// Cells for each doubling of `1 + x`.
const CELLS: usize = 16;
const CELL_BITS: u32 = CELLS.trailing_zeros();
/// `1 + x` stays below 2 to this power.
const DOUBLINGS: usize = 6;
/// Nodes of the polynomial of a cell.
const NODES: usize = 8;
const MANTISSA_BITS: u32 = f64::MANTISSA_DIGITS - 1;

/// `ln Γ(a + x) - ln Γ(b + x)` for `x` from 0 to 63, to about twelve digits: a polynomial for each
/// piece of the way.
#[derive(Debug)]
pub(super) struct LogGammaStep {
    /// Where each cell's polynomial meets the curve, as parts of the cell.
    nodes: [f64; NODES],
    /// Newton's divided differences.
    cells: Vec<[f64; NODES]>,
}

impl LogGammaStep {
    pub(super) fn new(a: f64, b: f64) -> Self {
        let nodes = std::array::from_fn(|k| {
            let angle = (k as f64 + 0.5) / NODES as f64 * std::f64::consts::PI;
            0.5 - 0.5 * libm::cos(angle)
        });
        let cell = |cell: usize| {
            let doubled = libm::exp2((cell / CELLS) as f64);
            let at = |node: f64| {
                let x = doubled * (1.0 + ((cell % CELLS) as f64 + node) / CELLS as f64) - 1.0;
                libm::lgamma(a + x) - libm::lgamma(b + x)
            };
            let mut differences = nodes.map(at);
            for order in 1..NODES {
                for k in (order..NODES).rev() {
                    differences[k] =
                        (differences[k] - differences[k - 1]) / (nodes[k] - nodes[k - order]);
                }
            }
            differences
        };
        Self {
            nodes,
            cells: (0..DOUBLINGS * CELLS).map(cell).collect(),
        }
    }

    /// The difference at `x`; beyond the ends, that at the end.
    pub(super) fn at(&self, x: f64) -> f64 {
        // The exponent and the first digits of `1 + x` are the cell, all further digits the place
        // in it.
        let bits = (1.0 + x.max(0.0)).to_bits();
        let digits = MANTISSA_BITS - CELL_BITS;
        let cell = (bits >> digits) - (1_f64.to_bits() >> digits);
        let place =
            f64::from_bits((bits << CELL_BITS) & ((1 << MANTISSA_BITS) - 1) | 1_f64.to_bits())
                - 1.0;
        let last = (self.cells.len() - 1, 1.0);
        let (cell, place) = usize::try_from(cell)
            .ok()
            .filter(|cell| *cell <= last.0)
            .map_or(last, |cell| (cell, place));
        let mut steps = self.cells[cell].iter().zip(&self.nodes).rev();
        let highest = steps.next().map_or(0.0, |(difference, _)| *difference);
        steps.fold(highest, |sum, (difference, node)| {
            sum * (place - node) + difference
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_the_difference() {
        for (a, b) in [(2.0, 0.5), (2.0, 0.6), (9.0, 120.0), (11.0, 30.6)] {
            let step = LogGammaStep::new(a, b);
            for n in 0..63_000 {
                let x = f64::from(n) * 0.001;
                let exact = libm::lgamma(a + x) - libm::lgamma(b + x);
                let error = (step.at(x) - exact).abs();
                assert!(error < 1e-11, "{a} {b} {x}: off by {error}");
            }
            let end = libm::lgamma(a + 63.0) - libm::lgamma(b + 63.0);
            for beyond in [63.0, 64.0, 1e9, f64::INFINITY] {
                assert!((step.at(beyond) - end).abs() < 1e-11, "{beyond}");
            }
            assert!((step.at(-1.0) - step.at(0.0)).abs() < 1e-12);
        }
    }
}
