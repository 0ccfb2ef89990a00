//! Seeded chance: the same seed gives the same run on every machine.
//!
//! Functions of `libm` instead of the platform's, for those differ in the last bit.

/// xoshiro256++ (Blackman and Vigna 2019), filled from `SplitMix64`.
#[derive(Debug, Clone)]
pub(crate) struct Random([u64; 4]);

impl Random {
    /// A source for this seed.
    pub(crate) fn new(seed: u64) -> Self {
        let mut state = seed;
        Self([(); 4].map(|()| split_mix(&mut state)))
    }

    /// A source of its own, so that what one flow draws does not move the draws of another.
    pub(crate) fn fork(&mut self) -> Self {
        Self::new(self.next())
    }

    fn next(&mut self) -> u64 {
        let [a, b, c, d] = &mut self.0;
        let result = a.wrapping_add(*d).rotate_left(23).wrapping_add(*a);
        let shifted = *b << 17;
        *c ^= *a;
        *d ^= *b;
        *b ^= *c;
        *a ^= *d;
        *c ^= shifted;
        *d = d.rotate_left(45);
        result
    }

    /// Uniform in 0 (included) to 1 (not included).
    pub(crate) fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// True with this probability.
    pub(crate) fn chance(&mut self, probability: f64) -> bool {
        self.unit() < probability
    }

    /// Uniform within a range.
    pub(crate) fn between(&mut self, (low, high): (f64, f64)) -> f64 {
        low + (high - low) * self.unit()
    }

    /// Exponential with this mean.
    pub(crate) fn exponential(&mut self, mean: f64) -> f64 {
        -mean * libm::log(1.0 - self.unit())
    }

    /// Normal with mean 0 and deviation 1 (Box and Muller 1958).
    pub(crate) fn normal(&mut self) -> f64 {
        let radius = libm::sqrt(-2.0 * libm::log(1.0 - self.unit()));
        radius * libm::cos(std::f64::consts::TAU * self.unit())
    }

    /// Log-normal with this median.
    pub(crate) fn log_normal(&mut self, median: f64, deviation: f64) -> f64 {
        median * libm::exp(deviation * self.normal())
    }

    /// Poisson with this mean: products of uniforms (Knuth) if it is small, else transformed
    /// rejection (`PTRS`, Hoermann 1993), which takes two or three of them.
    pub(crate) fn poisson(&mut self, mean: f64) -> u64 {
        if mean >= 10.0 {
            return self.poisson_of_many(mean);
        }
        let limit = libm::exp(-mean);
        let mut count = 0;
        let mut product = self.unit();
        while product > limit {
            count += 1;
            product *= self.unit();
        }
        count
    }

    fn poisson_of_many(&mut self, mean: f64) -> u64 {
        let slope = 0.931 + 2.53 * libm::sqrt(mean);
        let shift = -0.059 + 0.024_83 * slope;
        let inverse = 1.123_9 + 1.132_8 / (slope - 3.4);
        let quick = 0.927_7 - 3.622_4 / (slope - 2.0);
        loop {
            let horizontal = self.unit() - 0.5;
            let vertical = 1.0 - self.unit();
            let room = 0.5 - horizontal.abs();
            let drawn = libm::floor((2.0 * shift / room + slope) * horizontal + mean + 0.43);
            let sure = room >= 0.07 && vertical <= quick;
            let hopeless = drawn < 0.0 || room < 0.013 && vertical > room;
            let is_drawn = sure
                || !hopeless && {
                    let left = vertical * inverse / (shift / (room * room) + slope);
                    libm::log(left) <= drawn * libm::log(mean) - mean - libm::lgamma(drawn + 1.0)
                };
            if is_drawn {
                #[expect(
                    clippy::cast_possible_truncation,
                    clippy::cast_sign_loss,
                    reason = "a whole number that is not negative"
                )]
                return drawn as u64;
            }
        }
    }

    /// Beta with these parameters.
    pub(crate) fn beta(&mut self, a: f64, b: f64) -> f64 {
        let (x, y) = (self.gamma(a), self.gamma(b));
        if x + y > 0.0 { x / (x + y) } else { 0.0 }
    }

    /// Gamma with this shape and scale 1 (Marsaglia and Tsang 2000).
    fn gamma(&mut self, shape: f64) -> f64 {
        if shape < 1.0 {
            let boost = libm::exp(-self.exponential(1.0 / shape));
            return self.gamma(shape + 1.0) * boost;
        }
        let least = shape - 1.0 / 3.0;
        let slope = 1.0 / libm::sqrt(9.0 * least);
        loop {
            let normal = self.normal();
            let root = 1.0 + slope * normal;
            let cube = root * root * root;
            let drawn = 1.0 - self.unit();
            let limit = 0.5 * normal * normal + least * (1.0 - cube + libm::log(cube.max(1e-300)));
            if cube > 0.0 && libm::log(drawn) < limit {
                return least * cube;
            }
        }
    }

    /// A whole number of at least `least`, log-normal around `median` with deviation 1.
    pub(crate) fn segments(&mut self, median: f64, least: u32) -> u32 {
        let drawn = self.log_normal(median, 1.0).min(1e6);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "positive, and below a million"
        )]
        let drawn = drawn as u32;
        drawn.max(least)
    }
}

fn split_mix(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut z = *state;
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}
