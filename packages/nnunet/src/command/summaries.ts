/** What each subcommand of `voxelgrad` does, in the order in which they are used: apart from the commands, so that none is loaded for a list of them. */
export const summaries = {
  convert:
    "Converts a data set of the Decathlon, of BraTS or, by patterns, of any folders to nnU-Net's layout. Cases without a segmentation go to imagesTs.",
  'convert-image': 'Converts an image, or a folder with a DICOM series, to NIfTI, NRRD, MetaImage, TIFF or PNG.',
  check: 'Checks that the images and labels of a data set fit together.',
  fingerprint: "Extracts a data set's shapes, spacings and intensities, which planning needs.",
  plan: 'Plans networks, patches and spacings from a fingerprint, as nnU-Net does.',
  preprocess: 'Crops, normalises and resamples all cases as planned; goes on where it was interrupted.',
  'plan-and-preprocess': 'Fingerprint, plans and preprocessing in one go.',
  'move-plans-between-datasets': 'Gives a data set the plans of another one, to train on from its weights.',
  train: 'Trains one fold of one configuration.',
  predict: 'Segments images with a trained model of nnUNet_results.',
  'predict-from-modelfolder':
    "Segments images with a model's folder, or its ZIP, wherever it lies and whoever trained it.",
  evaluate: 'Scores predictions against references of the same file names.',
  'accumulate-crossval':
    'Puts the validation predictions of all folds of a model into one folder and scores them together.',
  'find-best-configuration':
    'Compares the models of a data set and their ensembles in cross-validation, and says how to predict.',
  ensemble: 'Averages the probabilities of several models, and writes the segmentations that they mean.',
  'determine-postprocessing': 'Finds out for which labels keeping only the largest component raises the Dice.',
  'apply-postprocessing': 'Applies the postprocessing that determine-postprocessing found to a folder of predictions.',
  'export-model':
    'Packs trained models of a data set into one ZIP, or writes the weights of one fold for other programs.',
  'install-model': 'Unpacks models that were exported to a ZIP, here or by nnU-Net.',
  'plot-overlays': 'Draws every case of a data set with the outlines of its labels and, if given, of predictions.',
} as const;

export type CommandName = keyof typeof summaries;
