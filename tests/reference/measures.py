"""Golden numbers of MS-SSIM and of the sliced Wasserstein distance, with numpy alone.

Written from the papers (Wang, Simoncelli and Bovik 2003; Karras et al. 2018, section 5) and
docs/specification.md 5.7, independently of the Rust code: whole windows are multiplied out, distances
are computed by quantiles. Run once; the numbers stand in the unit tests of
train-native/src/evaluate/{ms_ssim,sliced}.rs.

    python3 tests/reference/measures.py
"""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view


def picture(side, a, b, c):
    i = np.arange(side * side * 3, dtype=np.int64)
    return ((a * i * i + b * i + c * (i % 7)) % 256).reshape(side, side, 3).astype(np.float64)


def gaussian(side, sigma):
    x = np.arange(side) - (side - 1) / 2
    g = np.exp(-0.5 * (x / sigma) ** 2)
    window = np.outer(g, g)
    return window / window.sum()


def ms_ssim(one, other):
    weights = [0.0448, 0.2856, 0.3001, 0.2363, 0.1333]
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    result = 1.0
    for scale, weight in enumerate(weights):
        if scale:
            one, other = [
                x[: x.shape[0] // 2 * 2, : x.shape[1] // 2 * 2]
                .reshape(x.shape[0] // 2, 2, x.shape[1] // 2, 2, 3)
                .mean(axis=(1, 3))
                for x in (one, other)
            ]
        side = min(11, *one.shape[:2])
        window = gaussian(side, 1.5 * side / 11)
        mean = lambda x: (sliding_window_view(x, (side, side), (0, 1)) * window).sum((-2, -1))
        mu_a, mu_b = mean(one), mean(other)
        var_a, var_b = mean(one * one) - mu_a**2, mean(other * other) - mu_b**2
        cov = mean(one * other) - mu_a * mu_b
        luminance = (2 * mu_a * mu_b + c1) / (mu_a**2 + mu_b**2 + c1)
        rest = (2 * cov + c2) / (var_a + var_b + c2)
        value = (luminance * rest).mean() if scale == 4 else rest.mean()
        result *= max(value, 0.0) ** weight
    return result


def blur(image):
    """5x5 binomial kernel, borders mirrored without repeating the edge."""
    taps = np.array([1, 4, 6, 4, 1]) / 16
    padded = np.pad(image, ((2, 2), (2, 2), (0, 0)), mode="reflect")
    return (sliding_window_view(padded, (5, 5), (0, 1)) * np.outer(taps, taps)).sum((-2, -1))


def laplacian(image, levels):
    result = []
    for _ in range(levels - 1):
        small = blur(image)[::2, ::2]
        large = np.zeros_like(image)
        large[::2, ::2] = 4 * small
        result.append(image - blur(large))
        image = small
    return result + [image]


def places(count, side):
    """As the unit test chooses patches: (7 i mod, 5 i + 3 mod)."""
    room = side - 6
    return [((7 * i) % room, (5 * i + 3) % room) for i in range(count)]


def directions(count, size):
    i = np.arange(count * size, dtype=np.int64).reshape(count, size)
    raw = ((i * 37 + i * i * 11) % 101 - 50) / 50
    return raw / np.linalg.norm(raw, axis=1, keepdims=True)


def descriptors(pictures, level, levels, patches):
    rows = []
    for image in pictures:
        plane = laplacian(image / 127.5 - 1, levels)[level]
        for x, y in places(patches, plane.shape[0]):
            rows.append(plane[y : y + 7, x : x + 7].transpose(2, 0, 1))
    rows = np.stack(rows)
    mean, std = rows.mean((0, 2, 3), keepdims=True), rows.std((0, 2, 3), keepdims=True)
    return ((rows - mean) / std).reshape(len(rows), -1)


def sliced(real, fake, levels, patches, count):
    result = []
    for level in range(levels):
        one, other = [descriptors(p, level, levels, patches) for p in (real, fake)]
        d = directions(count, one.shape[1]).T
        # Distances of empirical distributions of equally many points: by quantiles.
        q = (np.arange(len(one)) + 0.5) / len(one)
        a, b = [np.quantile(x @ d, q, axis=0, method="inverted_cdf") for x in (one, other)]
        result.append(1000 * np.abs(a - b).mean())
    return result


if __name__ == "__main__":
    for side, one, other in [(16, (0, 3, 1), (0, 3, 9)), (64, (0, 1, 0), (0, 1, 20)), (128, (3, 7, 0), (0, 2, 30))]:
        print("ms_ssim", side, repr(ms_ssim(picture(side, *one), picture(side, *other))))
    real = [picture(32, 0, 1 + k, 5 * k) for k in range(4)]
    fake = [picture(32, 1, 2 + k, 3) for k in range(4)]
    print("sliced", [float(x) for x in sliced(real, fake, 2, 8, 16)])
