"""PyTorch as a peer: reads one JSON request a line, does the work once, answers with the seconds it took. Started by torch-peer.ts."""
import json
import resource
import sys
import time

import torch

torch.set_num_threads(int(sys.argv[1]))
state = {}


def seconds_of(layer, x, gradient, backward):
    """Of one pass through a layer: forward, or forward and backward."""
    start = time.perf_counter()
    if backward:
        layer(x).backward(gradient)
    else:
        with torch.no_grad():
            layer(x)
    return time.perf_counter() - start


def conv3d(key, channels_in, channels_out, size, stride, transposed, backward):
    if key not in state:
        conv = torch.nn.ConvTranspose3d if transposed else torch.nn.Conv3d
        edge, padding = (2, 0) if transposed else (3, 1)
        layer = conv(channels_in, channels_out, edge, stride=stride, padding=padding, bias=False)
        x = torch.randn(1, channels_in, size, size, size, requires_grad=channels_in > 1)
        with torch.no_grad():
            state[key] = (layer, x, torch.randn_like(layer(x)))
    return seconds_of(*state[key], backward)


class Block(torch.nn.Sequential):
    def __init__(self, i, o, stride=1):
        super().__init__(
            torch.nn.Conv3d(i, o, 3, stride=stride, padding=1),
            torch.nn.InstanceNorm3d(o, eps=1e-5, affine=True),
            torch.nn.LeakyReLU(0.01, inplace=True),
        )


class PlainConvUNet(torch.nn.Module):
    """The architecture of dynamic_network_architectures' PlainConvUNet with two convolutions a stage, written from its description."""

    def __init__(self, channels_in, features, classes):
        super().__init__()
        pairs = list(zip([channels_in] + features[:-1], features))
        self.encoder = torch.nn.ModuleList(
            torch.nn.Sequential(Block(i, o, 1 if s == 0 else 2), Block(o, o)) for s, (i, o) in enumerate(pairs)
        )
        up = list(zip(features[::-1][:-1], features[::-1][1:]))
        self.up = torch.nn.ModuleList(torch.nn.ConvTranspose3d(i, o, 2, stride=2) for i, o in up)
        self.decoder = torch.nn.ModuleList(torch.nn.Sequential(Block(2 * o, o), Block(o, o)) for _, o in up)
        self.heads = torch.nn.ModuleList(torch.nn.Conv3d(o, classes, 1) for _, o in up)

    def forward(self, x, only_finest=False):
        skips = []
        for stage in self.encoder:
            x = stage(x)
            skips.append(x)
        outputs = []
        for up, stage, head, skip in zip(self.up, self.decoder, self.heads, skips[-2::-1]):
            x = stage(torch.cat((up(x), skip), 1))
            if not only_finest or head is self.heads[-1]:
                outputs.append(head(x))
        return outputs[::-1]


def loss_of(logits, labels):
    probabilities = torch.softmax(logits, 1)
    target = torch.nn.functional.one_hot(labels, logits.shape[1]).movedim(-1, 1).float()
    axes = tuple(range(2, logits.ndim))
    overlap = (probabilities * target)[:, 1:].sum(axes)
    total = probabilities[:, 1:].sum(axes) + target[:, 1:].sum(axes)
    dice = (2 * overlap + 1e-5) / (total + 1e-5).clamp_min(1e-8)
    return torch.nn.functional.cross_entropy(logits, labels) - dice.mean()


def unet_step(key, features, patch, batch, classes):
    if key not in state:
        network = PlainConvUNet(1, features, classes)
        optimizer = torch.optim.Adam(network.parameters(), lr=1e-3)
        state[key] = (network, optimizer, torch.randn(batch, 1, *patch), torch.randint(0, classes, (batch, *patch)))
    network, optimizer, x, labels = state[key]
    start = time.perf_counter()
    optimizer.zero_grad()
    outputs = network(x)
    weights = [0.5**i for i in range(len(outputs) - 1)] + [0]
    total = 0
    for weight, logits in zip(weights, outputs):
        if weight == 0:
            continue
        target = torch.nn.functional.interpolate(labels[:, None].float(), logits.shape[2:], mode="nearest-exact")[:, 0].long()
        total = total + weight / sum(weights) * loss_of(logits, target)
    total.backward()
    torch.nn.utils.clip_grad_norm_(network.parameters(), 12)
    optimizer.step()
    total.item()
    return time.perf_counter() - start


def unet_forward(key, channels_in, features, patch, classes):
    if key not in state:
        state[key] = (PlainConvUNet(channels_in, features, classes).eval(), torch.randn(1, channels_in, *patch))
    network, x = state[key]
    start = time.perf_counter()
    with torch.inference_mode():
        network(x, only_finest=True)
    return time.perf_counter() - start


def norm(key, shape, channels, backward):
    if key not in state:
        layer = torch.nn.Sequential(torch.nn.InstanceNorm3d(channels, affine=True), torch.nn.LeakyReLU(0.01, inplace=True))
        x = torch.randn(shape[0], channels, *shape[1:], requires_grad=True)
        state[key] = (layer, x, torch.randn_like(x))
    return seconds_of(*state[key], backward)


def peak_bytes():
    """What this process has held at most; ru_maxrss would count what its parent held before."""
    try:
        with open("/proc/self/status") as status:
            return next(1024 * int(line.split()[1]) for line in status if line.startswith("VmHWM"))
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


KINDS = {"conv3d": conv3d, "norm": norm, "unet_step": unet_step, "unet_forward": unet_forward}

for line in sys.stdin:
    request = json.loads(line)
    kind = request.pop("kind")
    answer = {"bytes": peak_bytes()} if kind == "peak_memory" else {"seconds": KINDS[kind](json.dumps(request), **request)}
    print(json.dumps(answer), flush=True)
