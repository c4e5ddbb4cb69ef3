"""MNIST-1D: ten digits as curves of 40 numbers, drawn here in a second; no file and no download.

S. Greydanus and D. Kobak, "Scaling Down Deep Learning with MNIST-1D" (arXiv:2011.14439). A curve is
stretched, scaled, moved, sheared and made noisy, so that accuracy follows the size of a model, as it does on
few data sets that train in seconds.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from training.data.dataset import RawData

ROWS, TEST_ROWS = 20_000, 10_000
FEATURES = 40
DECIMALS = 3  # a hundredth of the white noise, and a request is half as long

_SEED = 42
_LENGTH = 72  # of a curve before it is thinned out to FEATURES
_PADS = 36, 60  # zeros after a digit: the fewer, the more it is stretched
_SCALE, _SHIFTS, _SHEAR = 0.4, 48, 0.75
_SMOOTH_NOISE, _WHITE_NOISE = 0.25, 0.02
_SMOOTHNESS = 2  # standard deviation, in places
_FEW = 1e-8  # so that no number of a digit is 0, which stands for "outside of it"

# Heights of the ten digits, as the paper gives them; a curve begins and ends at the same one.
_DIGITS = np.array(
    [
        (5, 6, 6.5, 6.75, 7, 7, 7, 7, 6.75, 6.5, 6, 5),
        (5, 3, 3, 3.4, 3.8, 4.2, 4.6, 5, 5.4, 5.8, 5, 5),
        (5, 6, 6.5, 6.5, 6, 5.25, 4.75, 4, 3.5, 3.5, 4, 5),
        (5, 6, 6.5, 6.5, 6, 5, 5, 6, 6.5, 6.5, 6, 5),
        (5, 4.4, 3.8, 3.2, 2.6, 2.6, 5, 5, 5, 5, 5, 5),
        (5, 3, 3, 3, 3, 5, 6, 6.5, 6.5, 6, 4.5, 5),
        (5, 4, 3.5, 3.25, 3, 3, 3, 3, 3.25, 3.5, 4, 5),
        (5, 7, 7, 6.6, 6.2, 5.8, 5.4, 5, 4.6, 4.2, 5, 5),
        (5, 4, 3.5, 3.5, 4, 5, 5, 4, 3.5, 3.5, 4, 5),
        (5, 4, 3.5, 3.5, 4, 5, 5, 5, 5, 4.7, 4.3, 5),
    ]
)

Floats = npt.NDArray[np.float64]


def draw(name: str) -> RawData:
    """Return the rows that the authors' `make_dataset` draws for as many, to three decimals; half are test.

    Theirs makes one row at a time, which takes nine times as long. The same generator is asked in the same
    order here, and the arithmetic is done for all rows at once.
    """
    from scipy.ndimage import gaussian_filter1d

    random = np.random.RandomState(_SEED)  # whose numbers NumPy promises never to change
    y = np.repeat(np.arange(len(_DIGITS)), ROWS // len(_DIGITS))
    pads, shifts = np.empty((2, ROWS), np.int64)
    scales, shears = np.empty((2, ROWS, 1))
    smooth, white = np.empty((2, ROWS, _LENGTH))
    for row in range(ROWS):
        pads[row] = int(random.rand() * (_PADS[1] - _PADS[0] + 1))
        scales[row] = 1 + _SCALE * (random.rand() - 0.5)
        shifts[row] = random.choice(_SHIFTS)
        smooth[row] = random.randn(_LENGTH)
        white[row] = random.randn(_LENGTH)
        shears[row] = _SHEAR * (random.rand() - 0.5)
    curves = _stretched()[y, pads] * scales
    curves = np.take_along_axis(curves, (np.arange(_LENGTH) - shifts[:, None]) % _LENGTH, axis=1)
    curves = np.where(curves == 0, gaussian_filter1d(_SMOOTH_NOISE * smooth, _SMOOTHNESS, axis=1), curves)
    curves += _WHITE_NOISE * white - shears * np.linspace(-0.5, 0.5, _LENGTH)
    x = _thinned_out(curves)
    order = random.permutation(ROWS)
    x = np.round((x[order] - x.mean()) / x.std(), DECIMALS)
    return RawData(name, x.astype(np.float32), y[order], test_rows=TEST_ROWS)


def _stretched() -> Floats:
    """Return every digit with every number of zeros after it, at one length: (10, pads, length)."""
    heights = _DIGITS - _DIGITS.mean(axis=1, keepdims=True)
    heights /= heights.std(axis=1, keepdims=True)
    heights = (heights - heights[:, :1]) / 6 + _FEW
    places = np.linspace(0, 1, _LENGTH)
    return np.array(
        [
            [
                np.interp(places, np.linspace(0, 1, digit.size + pad), np.append(digit, np.zeros(pad)))
                for pad in range(_PADS[0], _PADS[1] + 1)
            ]
            for digit in heights
        ]
    )


def _thinned_out(curves: Floats) -> Floats:
    """Return what lies at FEATURES places, evenly apart, of lines through the numbers: (n, features)."""
    places = np.linspace(0, _LENGTH - 1, FEATURES)
    left = np.minimum(places.astype(np.int64), _LENGTH - 2)
    thin: Floats = curves[:, left] + (places - left) * (curves[:, left + 1] - curves[:, left])
    return thin
