"""nnU-Net's resampling as a peer: reads one JSON request a line, does the work once, answers with the seconds it took. Started by resample.ts."""
import json
import sys
import time

import numpy as np
from skimage.transform import resize

state = {}


def spheres(shape):
    z, y, x = np.ogrid[: shape[0], : shape[1], : shape[2]]
    distance = np.sqrt((z - shape[0] / 2) ** 2 + (y - shape[1] / 2) ** 2 + (x - shape[2] / 2) ** 2)
    return np.select([distance < 15, distance < 25, distance < 40], [3, 2, 1], 0).astype(np.int16)


def image(shape, to, order):
    """As resample_data_or_seg: in double precision, back to the type of the data."""
    if "image" not in state:
        state["image"] = np.random.default_rng(1).standard_normal(shape).astype(np.float32)
    data = state["image"]
    start = time.perf_counter()
    resize(data.astype(float), to, order, mode="edge", anti_aliasing=False).astype(data.dtype)
    return time.perf_counter() - start


def labels(shape, to):
    """As resize_segmentation of batchgenerators: the mask of each label, one after the other."""
    if "labels" not in state:
        state["labels"] = spheres(shape)
    data = state["labels"]
    start = time.perf_counter()
    out = np.zeros(to, dtype=data.dtype)
    for label in np.unique(data):
        mask = resize((data == label).astype(float), to, 1, mode="edge", clip=True, anti_aliasing=False)
        out[mask >= 0.5] = label
    return time.perf_counter() - start


for line in sys.stdin:
    request = json.loads(line)
    shape, to = request["from"], request["to"]
    print(image(shape, to, request["order"]) if request["kind"] == "image" else labels(shape, to), flush=True)
