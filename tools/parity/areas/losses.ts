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
import { add, type Device, mul, neg, reshape, softmax, sum, type Tensor, tidy } from '@voxelgrad/tensor';
import { type CaseTensors, type ParityCase, readTensors } from '../cases.ts';
import { Comparison, type Tolerance } from '../compare.ts';
import { load } from './ops.ts';
import { channelsFirst, channelsLast } from './run-op.ts';

interface LossAttributes {
  readonly batch_dice?: boolean;
  readonly do_bg?: boolean;
  readonly smooth?: number;
  readonly ignore_label?: number | null;
  readonly weight_ce?: number;
  readonly weight_dice?: number;
  readonly use_ignore_label?: boolean;
  readonly k_percent?: number;
  readonly weights?: number[];
  readonly initial_lr?: number;
  readonly max_steps?: number;
  readonly exponent?: number;
}

export async function checkLoss(entry: ParityCase, device: Device): Promise<Comparison> {
  const tensors = await readTensors(entry);
  const comparison = new Comparison(entry.tolerance as unknown as Tolerance);
  const attrs = entry.attrs as LossAttributes;
  if (tensors.has('lr')) {
    const { initial_lr = 0, max_steps = 1, exponent = 0.9 } = attrs;
    const rates = Array.from({ length: max_steps }, (_, step) => polynomial(initial_lr, step, max_steps, exponent));
    comparison.values('lr', rates, tensors.get('lr')!.data as Float64Array);
  } else if (tensors.has('tp')) await checkCounts(tensors, device, comparison);
  else await checkValueAndGradients(entry.op, attrs, tensors, device, comparison);
  return comparison;
}

async function checkValueAndGradients(
  op: string,
  attrs: LossAttributes,
  tensors: CaseTensors,
  device: Device,
  comparison: Comparison,
): Promise<void> {
  const logits: Tensor[] = [];
  for (let i = 0; tensors.has(`logits${i}`); i++) logits.push(load(tensors, `logits${i}`, device)!.requireGradient());
  const loss = tidy(() => {
    const target = load(tensors, 'target0', device)!;
    const outputs = logits.map(channelsLast);
    if (op === 'DeepSupervisionWrapper')
      return deepSupervision(lossOf('DC_and_CE_loss', attrs), attrs.weights)(outputs, targetsOf(tensors, device));
    const regions = op === 'DC_and_BCE_loss';
    return lossOf(op, attrs)(outputs[0]!, regions ? channelsLast(target) : labelsOf(target));
  });
  loss.backward();
  comparison.values('loss', await loss.data(), tensors.get('loss')!.data as Float32Array);
  for (const [i, tensor] of logits.entries()) {
    const got = tensor.gradient === undefined ? new Float32Array(tensor.size) : await tensor.gradient.data();
    comparison.values(`grad${i}`, got, tensors.get(`grad${i}`)!.data as Float32Array);
    tensor.dispose();
  }
  loss.dispose();
}

/** The label maps of all resolutions. */
export function targetsOf(tensors: CaseTensors, device: Device): Tensor[] {
  const targets: Tensor[] = [];
  for (let i = 0; tensors.has(`target${i}`); i++) targets.push(labelsOf(load(tensors, `target${i}`, device)!));
  return targets;
}

/** [n, 1, …space] → [n, …space]. */
export const labelsOf = (target: Tensor): Tensor => reshape(target, [target.shape[0]!, ...target.shape.slice(2)]);

function lossOf(op: string, attrs: LossAttributes): SegmentationLoss {
  const { batch_dice = false, do_bg = false, smooth = 1e-5 } = attrs;
  const settings = {
    batchDice: batch_dice,
    smooth,
    diceWeight: attrs.weight_dice ?? 1,
    crossEntropyWeight: attrs.weight_ce ?? 1,
  };
  const dice = { batch: batch_dice, background: do_bg, smooth };
  if (op === 'DC_and_BCE_loss')
    return diceAndBinaryCrossEntropy({ ...settings, ignoreMask: attrs.use_ignore_label === true });
  if (op === 'DC_and_CE_loss')
    return diceAndCrossEntropy({ ...settings, ignoreLabel: attrs.ignore_label ?? undefined });
  return (logits, labels) => {
    const target = oneHot(labels, logits.shape.at(-1)!);
    const value = diceLoss(softmax(logits), target, dice);
    return attrs.k_percent === undefined ? value : add(value, topKCrossEntropy(logits, target, attrs.k_percent));
  };
}

async function checkCounts(tensors: CaseTensors, device: Device, comparison: Comparison): Promise<void> {
  const probabilities = load(tensors, 'probs', device)!;
  const target = channelsFirst(oneHot(labelsOf(load(tensors, 'target', device)!), probabilities.shape[1]!));
  const axes = [0, ...probabilities.shape.slice(2).map((_, i) => i + 2)];
  const not = (x: Tensor): Tensor => add(neg(x), 1);
  const counts = {
    tp: sum(mul(probabilities, target), { axes }),
    fp: sum(mul(probabilities, not(target)), { axes }),
    fn: sum(mul(not(probabilities), target), { axes }),
    tn: sum(mul(not(probabilities), not(target)), { axes }),
  };
  for (const [name, value] of Object.entries(counts))
    comparison.values(name, await value.data(), tensors.get(name)!.data as Float32Array);
}
