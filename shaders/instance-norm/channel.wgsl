// What belongs to the channels of a thread's chunk: y = leakyRelu((x − mean) · inverse_deviation · weight + bias).
// Bindings 1 … 4 are mean, inverse_deviation, weight and bias; from the preamble: fn lanes_of(…), which fills `lanes` from single values.

// #include "instance-norm/rows.wgsl"

@group(0) @binding(1) var<storage, read> mean: array<f32>;
@group(0) @binding(2) var<storage, read> inverse_deviation: array<f32>;
@group(0) @binding(3) var<storage, read> weight: array<f32>;
@group(0) @binding(4) var<storage, read> bias: array<f32>;

struct Channel {
  mean: lanes,
  inverse_deviation: lanes,
  weight: lanes,
  bias: lanes,
}

// Of WIDTH neighbouring channels, element i at i.
fn gathered(values: array<f32, 4>) -> lanes {
  return lanes_of(values[0], values[1], values[2], values[3]);
}

fn channel_of(place: Place) -> Channel {
  let per_group = parameters.channels / parameters.groups;
  var means = array<f32, 4>();
  var deviations = array<f32, 4>();
  var weights = array<f32, 4>(1, 1, 1, 1);
  var biases = array<f32, 4>();
  for (var i = 0u; i < WIDTH; i++) {
    let channel = place.chunk * WIDTH + i;
    let at = place.batch * parameters.groups + channel / per_group;
    means[i] = mean[at];
    deviations[i] = inverse_deviation[at];
    if (parameters.has_weight != 0) {
      weights[i] = weight[channel];
    }
    if (parameters.has_bias != 0) {
      biases[i] = bias[channel];
    }
  }
  return Channel(gathered(means), gathered(deviations), gathered(weights), gathered(biases));
}

fn normalized(channel: Channel, x: lanes) -> lanes {
  return (x - channel.mean) * channel.inverse_deviation;
}

// Slope of the activation at z.
fn slope_at(z: lanes) -> lanes {
  return select(lanes(parameters.slope), lanes(1), z > lanes());
}
