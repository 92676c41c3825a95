/** `voxelgrad convert-image`: one image, or a folder with a DICOM series, in another format. */
import { convertImage } from '@voxelgrad/io/node';
import { Progress } from '../terminal/progress.ts';
import { defineCommand } from './command.ts';
import { progressOption } from './official-options.ts';

export const convertImageCommand = defineCommand(
  {
    name: 'voxelgrad convert-image',
    positionals: [
      { name: 'input', help: 'Image of any format that voxelgrad reads, or a folder with a DICOM series.' },
      { name: 'output', help: 'Its ending says the format: .nii.gz, .nii, .nrrd, .mha, .tif or .png.' },
    ],
    options: {
      series: { type: 'string', placeholder: 'uid', help: 'Series Instance UID, where the folder has several series.' },
      type: {
        type: 'choice',
        choices: ['int8', 'uint8', 'int16', 'uint16', 'int32', 'uint32', 'float32', 'float64'],
        help: "Type of the voxels; by default the input's. What does not fit is refused.",
      },
      niftiVersion: {
        type: 'choice',
        choices: ['1', '2'],
        help: 'NIfTI-2 keeps geometry to the last digit, and fewer programs read it; by default 1, if the image fits.',
      },
      compressionLevel: {
        type: 'integer',
        minimum: 1,
        maximum: 9,
        help: '1 is fast, 9 is small; 6 by default.',
      },
      progress: progressOption,
    },
    examples: ['voxelgrad convert-image ./DICOM ct.nii.gz', 'voxelgrad convert-image scan.nrrd scan.mha'],
  },
  async ({ options, positionals }, context) => {
    const [input, output] = positionals as [string, string];
    const { series, type, niftiVersion, compressionLevel } = options;
    let bar: Progress | undefined;
    let shown = 0;
    const image = await convertImage(input, output, {
      ...(series === undefined ? {} : { series }),
      ...(type === undefined ? {} : { type }),
      ...(niftiVersion === undefined ? {} : { niftiVersion: niftiVersion === '2' ? 2 : 1 }),
      ...(compressionLevel === undefined ? {} : { compressionLevel }),
      onSlice: (done, total) => {
        context.signal.throwIfAborted();
        if (!options.progress) return;
        bar ??= new Progress({ total, label: 'reading', unit: 'slice', stream: context.status });
        bar.advance(done - shown);
        shown = done;
      },
    });
    bar?.finish();
    context.print(`${output}: ${image.shape.join(' × ')}`);
  },
);
