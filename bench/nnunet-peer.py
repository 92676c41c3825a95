"""What nnU-Net 2.8 does in `nnUNetv2_extract_fingerprint` and `nnUNetv2_preprocess`, step by step after its source, for images of one 3-D channel: a process
pool that is spawned, the same calls of NumPy, SciPy and scikit-image, the same work that it skips. Started by preprocess.ts:

    nnunet-peer.py fingerprint|preprocess RAW_DATASET TARGET PROCESSES

Reading is nibabel's, with the formula of SimpleITK's arrays. Cases are saved with np.save, which compresses nothing and is faster than nnU-Net's blosc2.
"""
import json
import multiprocessing
import os
import pickle
import shutil
import sys

import nibabel
import numpy as np
import skimage.transform
import torch  # noqa: F401 (nnU-Net's modules import it, in the workers too)
from scipy.ndimage import binary_fill_holes


def read(path):
    image = nibabel.load(path)
    spacing = [float(step) for step in image.header.get_zooms()[::-1]]
    return np.asarray(image.dataobj).transpose((2, 1, 0))[None].astype(np.float32, copy=False), spacing


def read_case(folder, name):
    data, spacing = read(os.path.join(folder, "imagesTr", f"{name}_0000.nii.gz"))
    seg, _ = read(os.path.join(folder, "labelsTr", f"{name}.nii.gz"))
    return data, seg, spacing


def crop_to_nonzero(data, seg):
    mask = data[0] != 0
    for channel in data[1:]:
        mask |= channel != 0
    mask = binary_fill_holes(mask)
    bounds = []
    for axis in range(3):
        inside = np.flatnonzero(mask.any(axis=tuple(other for other in range(3) if other != axis)))
        bounds.append([int(inside[0]), int(inside[-1]) + 1] if len(inside) else [0, mask.shape[axis]])
    box = tuple(slice(low, high) for low, high in bounds)
    mask = mask[box][None]
    data, seg = data[(slice(None), *box)], seg[(slice(None), *box)]
    seg[(seg == 0) & (~mask)] = -1
    return data, seg, bounds


def statistics(values):
    percentiles = np.percentile(values, (0.5, 50.0, 99.5))
    return {
        "mean": float(np.mean(values)),
        "median": float(percentiles[1]),
        "std": float(np.std(values)),
        "min": float(np.min(values)),
        "max": float(np.max(values)),
        "percentile_99_5": float(percentiles[2]),
        "percentile_00_5": float(percentiles[0]),
    }


def analyze_case(folder, name, samples):
    data, seg, spacing = read_case(folder, name)
    cropped, seg, _ = crop_to_nonzero(data, seg)
    random = np.random.RandomState(1234)
    foreground = seg[0] > 0
    intensities, per_channel = [], []
    for channel in cropped:
        values = channel[foreground]
        intensities.append(random.choice(values, samples, replace=True) if len(values) > 0 else [])
        per_channel.append(statistics(values) if len(values) > 0 else {})
    return cropped.shape[1:], spacing, intensities, per_channel, np.prod(cropped.shape) / np.prod(data.shape)


def fingerprint(folder, target, pool, names):
    samples = int(10e7 // len(names))
    results = pool.starmap(analyze_case, [(folder, name, samples) for name in names], chunksize=1)
    intensities = [np.concatenate([result[2][channel] for result in results]) for channel in range(len(results[0][2]))]
    found = {
        "spacings": [result[1] for result in results],
        "shapes_after_crop": [[int(extent) for extent in result[0]] for result in results],
        "foreground_intensity_properties_per_channel": {
            str(channel): statistics(values) for channel, values in enumerate(intensities)
        },
        "median_relative_size_after_cropping": float(np.median([result[4] for result in results])),
    }
    os.makedirs(target, exist_ok=True)
    with open(os.path.join(target, "dataset_fingerprint.json"), "w") as file:
        json.dump(found, file, indent=4)


def resample(data, size, order):
    """As resample_data_or_seg: nothing to do where the shape is that already."""
    if list(data.shape[1:]) == list(size):
        return data
    resized = [
        skimage.transform.resize(channel.astype(float), size, order, mode="edge", anti_aliasing=False) for channel in data
    ]
    return np.stack(resized).astype(data.dtype)


def preprocess_case(folder, target, name, labels, spacing):
    data, seg, current = read_case(folder, name)
    data, seg, bounds = crop_to_nonzero(data, seg)
    for channel in data:
        channel -= channel.mean()
        channel /= max(channel.std(), 1e-8)
    size = [int(round(now / wanted * extent)) for now, wanted, extent in zip(current, spacing, data.shape[1:])]
    data = resample(data, size, 3)
    seg = resample(seg, size, 1)
    random = np.random.RandomState(1234)
    locations = {}
    for label in labels:
        voxels = np.argwhere(seg == label)
        count = max(min(10000, len(voxels)), int(np.ceil(len(voxels) * 0.01)))
        locations[label] = voxels[random.choice(len(voxels), count, replace=False)] if len(voxels) > 0 else []
    seg = seg.astype(np.int16 if np.max(seg) > 127 else np.int8)
    np.save(os.path.join(target, f"{name}.npy"), data)
    np.save(os.path.join(target, f"{name}_seg.npy"), seg)
    with open(os.path.join(target, f"{name}.pkl"), "wb") as file:
        pickle.dump({"spacing": current, "bbox_used_for_cropping": bounds, "class_locations": locations}, file)


def preprocess(folder, target, pool, names):
    with open(os.path.join(folder, "dataset.json")) as file:
        labels = [label for label in json.load(file)["labels"].values() if label != 0]
    cases = os.path.join(target, "nnUNetPlans_3d_fullres")
    shutil.rmtree(cases, ignore_errors=True)
    truth = os.path.join(target, "gt_segmentations")
    os.makedirs(cases)
    os.makedirs(truth, exist_ok=True)
    pool.starmap(preprocess_case, [(folder, cases, name, labels, (1.0, 1.0, 1.0)) for name in names], chunksize=1)
    for name in names:
        shutil.copy(os.path.join(folder, "labelsTr", f"{name}.nii.gz"), os.path.join(truth, f"{name}.nii.gz"))


if __name__ == "__main__":
    _, work, raw, preprocessed, processes = sys.argv
    cases = sorted(name[: -len(".nii.gz")] for name in os.listdir(os.path.join(raw, "labelsTr")) if name.endswith(".nii.gz"))
    with multiprocessing.get_context("spawn").Pool(int(processes)) as workers:
        {"fingerprint": fingerprint, "preprocess": preprocess}[work](raw, preprocessed, workers, cases)
