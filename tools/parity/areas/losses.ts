/** The official losses: values and gradients; the poly schedule; counts of true and false positives. */
import {
  deepSupervision,
  diceAndBinaryCrossEntropy,
  diceAndCrossEntropy,
  diceLoss,
  oneHot,
  polynomial,
  type SegmentationLoss,
  topKCrossEntropy,
} from '@voxelgrad/nn';
import {
  add,
  type Device,
  mul,
  neg,
  reshape,
  sigmoid,
  softmax,
  sum,
  type Tensor,
  tidy,
  VoxelgradError,
} from '@voxelgrad/tensor';
import { Attributes } from '../attributes.ts';
import { type CaseTensors, golden, type ParityCase, readTensors } from '../cases.ts';
import { Comparison, type Tolerance } from '../compare.ts';
import { channelsFirst, channelsLast } from './channels.ts';
import { load } from './ops.ts';

export async function checkLoss(entry: ParityCase, device: Device): Promise<Comparison> {
  const tensors = await readTensors(entry);
  const comparison = new Comparison(entry.tolerance as unknown as Tolerance);
  const attrs = new Attributes(entry.attrs);
  if (entry.op === 'poly_lr') {
    const steps = attrs.number('max_steps');
    const [initial, exponent] = [attrs.number('initial_lr'), attrs.number('exponent', 0.9)];
    const rates = Array.from({ length: steps }, (_, step) => polynomial(initial, step, steps, exponent));
    comparison.values('lr', rates, golden(tensors, 'lr').data as Float64Array);
  } else if (entry.op === 'get_tp_fp_fn_tn') await checkCounts(tensors, attrs, device, comparison);
  else await checkValueAndGradients(entry.op, attrs, tensors, device, comparison);
  attrs.checkAllRead();
  return comparison;
}

async function checkValueAndGradients(
  op: string,
  attrs: Attributes,
  tensors: CaseTensors,
  device: Device,
  comparison: Comparison,
): Promise<void> {
  const logits: Tensor[] = [];
  for (let i = 0; tensors.has(`logits${i}`); i++)
    logits.push(load(golden(tensors, `logits${i}`), device).requireGradient());
  const loss = tidy(() => {
    const target = load(golden(tensors, 'target0'), device);
    const outputs = logits.map(channelsLast);
    if (op === 'DeepSupervisionWrapper')
      return deepSupervision(lossOf(attrs.text('inner'), attrs), attrs.numbers('weights'))(
        outputs,
        targetsOf(tensors, device),
      );
    const regions = op === 'DC_and_BCE_loss';
    return lossOf(op, attrs)(outputs[0]!, regions ? channelsLast(target) : labelsOf(target));
  });
  loss.backward();
  comparison.values('loss', await loss.data(), golden(tensors, 'loss').data as Float32Array);
  for (const [i, tensor] of logits.entries()) {
    const got = tensor.gradient === undefined ? new Float32Array(tensor.size) : await tensor.gradient.data();
    comparison.values(`grad${i}`, got, golden(tensors, `grad${i}`).data as Float32Array);
    tensor.dispose();
  }
  loss.dispose();
}

/** The label maps of all resolutions. */
export function targetsOf(tensors: CaseTensors, device: Device): Tensor[] {
  const targets: Tensor[] = [];
  for (let i = 0; tensors.has(`target${i}`); i++) targets.push(labelsOf(load(golden(tensors, `target${i}`), device)));
  return targets;
}

/** [n, 1, …space] → [n, …space]. */
export const labelsOf = (target: Tensor): Tensor => reshape(target, [target.shape[0]!, ...target.shape.slice(2)]);

/** Each official loss, by its class. Throws 'option' for others. */
const LOSSES: Readonly<Record<string, (attrs: Attributes) => SegmentationLoss>> = {
  DC_and_CE_loss: (attrs) => {
    attrs.describes('do_bg', false);
    const ignoreLabel = attrs.has('ignore_label') ? attrs.number('ignore_label') : undefined;
    return diceAndCrossEntropy({ ...compound(attrs), ignoreLabel });
  },
  DC_and_BCE_loss: (attrs) => {
    attrs.describes('do_bg', true);
    return diceAndBinaryCrossEntropy({ ...compound(attrs), ignoreMask: attrs.boolean('use_ignore_label', false) });
  },
  DC_and_topk_loss: (attrs) => {
    attrs.choice('dice_class', DICE_CLASSES, 'SoftDiceLoss');
    const [dice, percent] = [diceOf(attrs), attrs.number('k_percent')];
    return (logits, labels) => {
      const target = oneHot(labels, logits.shape.at(-1)!);
      return add(dice(logits, labels), topKCrossEntropy(logits, target, percent));
    };
  },
  SoftDiceLoss: diceOf,
  MemoryEfficientSoftDiceLoss: diceOf,
};

/** Two ways to compute the same loss. */
const DICE_CLASSES = { SoftDiceLoss: true, MemoryEfficientSoftDiceLoss: true };

function lossOf(op: string, attrs: Attributes): SegmentationLoss {
  if (Object.hasOwn(LOSSES, op)) return LOSSES[op]!(attrs);
  throw new VoxelgradError('option', { what: 'a loss', expected: Object.keys(LOSSES).join(', '), got: op });
}

const compound = (attrs: Attributes) => ({
  batchDice: attrs.boolean('batch_dice', false),
  smooth: attrs.number('smooth', 1e-5),
  diceWeight: attrs.number('weight_dice', 1),
  crossEntropyWeight: attrs.number('weight_ce', 1),
});

function diceOf(attrs: Attributes): SegmentationLoss {
  const probabilities = attrs.choice('apply_nonlin', { softmax_dim1: softmax, sigmoid }, 'softmax_dim1');
  const options = {
    batch: attrs.boolean('batch_dice', false),
    background: attrs.boolean('do_bg', false),
    smooth: attrs.number('smooth', 1e-5),
  };
  return (logits, labels) => diceLoss(probabilities(logits), oneHot(labels, logits.shape.at(-1)!), options);
}

async function checkCounts(
  tensors: CaseTensors,
  attrs: Attributes,
  device: Device,
  comparison: Comparison,
): Promise<void> {
  const probabilities = load(golden(tensors, 'probs'), device);
  const target = channelsFirst(oneHot(labelsOf(load(golden(tensors, 'target'), device)), probabilities.shape[1]!));
  const axes = attrs.numbers('axes');
  const not = (x: Tensor): Tensor => add(neg(x), 1);
  const counts = {
    tp: sum(mul(probabilities, target), { axes }),
    fp: sum(mul(probabilities, not(target)), { axes }),
    fn: sum(mul(not(probabilities), target), { axes }),
    tn: sum(mul(not(probabilities), not(target)), { axes }),
  };
  for (const [name, value] of Object.entries(counts))
    comparison.values(name, await value.data(), golden(tensors, name).data as Float32Array);
}
