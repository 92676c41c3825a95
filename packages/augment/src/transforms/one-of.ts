/** One of several transforms for each sample, all as likely (batchgeneratorsv2, OneOfTransform); whether that one happens is its own probability. */
import { onSamples } from './samples.ts';
import { imageStep, type Transform } from './transform.ts';

/** Of transforms that change nothing but images. */
export const oneOf = (transforms: readonly Transform[]): Transform => ({
  name: transforms.map(({ name }) => name).join(' or '),
  draw(random, shape) {
    const drawn = Array.from({ length: shape.samples }, (_, sample) => {
      const step = transforms[random.integer(0, transforms.length)]!.draw(random, { ...shape, samples: 1 });
      return step === undefined ? [] : [{ sample, step }];
    }).flat();
    if (drawn.length === 0) return undefined;
    return (patches, noise) =>
      imageStep((image) =>
        drawn.reduce(
          (current, { sample, step }) =>
            onSamples(current, [sample], (row) => step({ ...patches, image: row }, noise).image),
          image,
        ),
      )(patches, noise);
  },
});
