// Counts, means and sums of squared deviations of parts of a sample, merged without cancellation:
// T. Chan, G. Golub, R. LeVeque, "Updating formulae and a pairwise algorithm for computing sample variances", 1979.
// From the preamble: `lanes`, a scalar or a vector of independent samples of the same count.

struct Moments {
  count: f32,
  mean: lanes,
  squares: lanes, // Σ (x − mean)²
}

fn merge(a: Moments, b: Moments) -> Moments {
  let count = a.count + b.count;
  if (count == 0) {
    return a;
  }
  let delta = b.mean - a.mean;
  let share = b.count / count;
  return Moments(count, a.mean + delta * share, a.squares + b.squares + delta * delta * (a.count * share));
}
