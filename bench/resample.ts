/**
 * Resampling on the cpu device against the way nnU-Net does it: `skimage.transform.resize` for images (order 3 while preprocessing, order 1 for
 * probabilities) and one resize a label for segmentations, in the Python that PEER_PYTHON names.
 */
import { resampleData, resampleLabels } from '@voxelgrad/nnunet';
import { fromArray, noGrad, RandomGenerator, type SplineOrder, type Triple, tidy } from '@voxelgrad/tensor';
import { openCpu } from '@voxelgrad/tensor/node';
import { type BenchRow, costRow, interleaved } from './measure.ts';
import { hasModule, PythonPeer } from './python-peer.ts';

/** A channel of BraTS at 1.25 times its spacing. */
const FROM: Triple = [155, 240, 240];
const TO: Triple = [124, 192, 192];
const SPACING = [1, 1, 1];
const TARGET = [1.25, 1.25, 1.25];
const ROUNDS = 3;

export async function resample(): Promise<BenchRow[]> {
  const device = await openCpu();
  const available = await hasModule('skimage.transform', 'scikit-image');
  const peer = available ? new PythonPeer<number>('resample-peer.py', 'scikit-image') : undefined;
  const image = new RandomGenerator(1).normal([1, ...FROM, 1], device);
  const rows: BenchRow[] = [];
  const size = (shape: Triple): string => [...shape].reverse().join('×');
  const compare = async (name: string, request: object, ours: () => Promise<undefined>): Promise<void> => {
    const both = { ours, ...(peer === undefined ? {} : { peer: () => peer.ask({ ...request, from: FROM, to: TO }) }) };
    const seconds = await interleaved(both, ROUNDS);
    rows.push(costRow(`${name}, ${size(FROM)} → ${size(TO)}`, 's', seconds.ours!, 'scikit-image', seconds.peer));
  };
  for (const order of [3, 1] as const satisfies SplineOrder[])
    await compare(`order ${order}`, { kind: 'image', order }, async () => {
      tidy(() => void noGrad(() => resampleData(image, TO, SPACING, TARGET, { order })));
      await device.synchronize();
      return undefined;
    });
  const labels = nestedSpheres();
  await compare('segmentation with 4 labels', { kind: 'labels' }, async () => {
    const x = fromArray(new Int32Array(labels), [1, ...FROM], { device });
    const out = resampleLabels(x, TO, SPACING, TARGET);
    await out.data();
    for (const tensor of [x, out]) tensor.dispose();
    return undefined;
  });
  image.dispose();
  peer?.stop();
  await device.close();
  return rows;
}

/** Labels 3, 2 and 1 from the middle outwards, as in a tumour; 0 around them. The peer makes the same. */
function nestedSpheres(): Int16Array {
  const [depth, height, width] = FROM;
  const labels = new Int16Array(depth * height * width);
  let index = 0;
  for (let z = 0; z < depth; z++)
    for (let y = 0; y < height; y++)
      for (let x = 0; x < width; x++) {
        const distance = Math.hypot(z - depth / 2, y - height / 2, x - width / 2);
        labels[index++] = distance < 15 ? 3 : distance < 25 ? 2 : distance < 40 ? 1 : 0;
      }
  return labels;
}
