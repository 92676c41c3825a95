// What belongs to the channels of a thread's chunk: y = leakyRelu((x − mean) · inverseDeviation · weight + bias).
// Bindings 1 … 4 are mean, inverseDeviation, weight and bias; from the preamble: fn lanesOf(…), which fills `lanes` from single values.

// #include "instance-norm/rows.wgsl"

@group(0) @binding(1) var<storage, read> mean: array<f32>;
@group(0) @binding(2) var<storage, read> inverseDeviation: array<f32>;
@group(0) @binding(3) var<storage, read> weight: array<f32>;
@group(0) @binding(4) var<storage, read> bias: array<f32>;

struct Channel {
  mean: lanes,
  inverseDeviation: lanes,
  weight: lanes,
  bias: lanes,
}

// Of WIDTH neighbouring channels, element i at i.
fn gathered(values: array<f32, 4>) -> lanes {
  return lanesOf(values[0], values[1], values[2], values[3]);
}

fn channelOf(place: Place) -> Channel {
  let perGroup = parameters.channels / parameters.groups;
  var means = array<f32, 4>();
  var deviations = array<f32, 4>();
  var weights = array<f32, 4>(1, 1, 1, 1);
  var biases = array<f32, 4>();
  for (var i = 0u; i < WIDTH; i++) {
    let channel = place.chunk * WIDTH + i;
    let at = place.batch * parameters.groups + channel / perGroup;
    means[i] = mean[at];
    deviations[i] = inverseDeviation[at];
    if (parameters.hasWeight != 0) {
      weights[i] = weight[channel];
    }
    if (parameters.hasBias != 0) {
      biases[i] = bias[channel];
    }
  }
  return Channel(gathered(means), gathered(deviations), gathered(weights), gathered(biases));
}

fn normalized(channel: Channel, x: lanes) -> lanes {
  return (x - channel.mean) * channel.inverseDeviation;
}

// Slope of the activation at z.
fn slopeAt(z: lanes) -> lanes {
  return select(lanes(parameters.slope), lanes(1), z > lanes());
}
