"""The plain baseline in PyTorch: a common network to compare ours with.

Seven 3x3 convolutions, as in the MNIST networks of The School of AI's courses;
the digit's logits and the number go through two dense layers to the sum.
"""

import statistics
import time

import numpy as np
import torch
from torch import nn

from benchmarks import time_to_accuracy

EPOCHS = 20
BATCH_SIZE = 128
LEARNING_RATE = 0.01
MOMENTUM = 0.7


class PlainNetwork(nn.Module):
    """Two inputs, two outputs, 6,384,925 parameters."""

    def __init__(self):
        super().__init__()
        self.digit = nn.Sequential(
            *(nn.Conv2d(1, 32, 3, padding=1), nn.ReLU()),
            *(nn.Conv2d(32, 64, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)),
            *(nn.Conv2d(64, 128, 3, padding=1), nn.ReLU()),
            *(nn.Conv2d(128, 256, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)),
            *(nn.Conv2d(256, 512, 3), nn.ReLU()),
            *(nn.Conv2d(512, 1024, 3), nn.ReLU()),
            *(nn.Conv2d(1024, 10, 3), nn.Flatten()),
        )
        self.sum = nn.Sequential(
            nn.Linear(20, 128), nn.ReLU(), nn.Linear(128, 19)
        )

    def forward(self, image, number):
        """Returns the log-probabilities of digit and sum.

        Args:
            image: float32 `(batch, 1, 28, 28)`.
            number: float32 `(batch, 10)`, one-hot.

        Returns:
            float32 `(batch, 10)` and `(batch, 19)`.
        """
        digit = self.digit(image)
        total = self.sum(torch.cat([digit, number], dim=1))
        return digit.log_softmax(dim=1), total.log_softmax(dim=1)


class Training:
    """Trains the plain network on data in memory, so that steps can be timed.

    Args:
        data: The training split, `(images, labels)`, uint8 `(n, 28, 28, 1)` and
            integer `(n,)`.
    """

    def __init__(self, data):
        torch.manual_seed(0)
        images, labels = data
        self.network = PlainNetwork()
        self._optimizer = torch.optim.SGD(
            self.network.parameters(), LEARNING_RATE, MOMENTUM
        )
        self._images = torch.from_numpy(
            images.transpose(0, 3, 1, 2).astype(np.float32) / 255
        )
        self._digits = torch.from_numpy(np.asarray(labels, np.int64))

    def step(self):
        """Does one step on a batch drawn at random; returns the loss."""
        index = torch.randint(len(self._digits), (BATCH_SIZE,))
        digit = self._digits[index]
        number = torch.randint(10, (BATCH_SIZE,))
        digit_log, sum_log = self.network(
            self._images[index], nn.functional.one_hot(number, 10).float()
        )
        nll = nn.functional.nll_loss
        loss = (nll(digit_log, digit) + nll(sum_log, digit + number)) / 2
        self._optimizer.zero_grad()
        loss.backward()
        self._optimizer.step()
        return loss.item()

    def rate(self, steps):
        """Returns the images per second of some steps."""
        began = time.perf_counter()
        for _ in range(steps):
            self.step()
        return steps * BATCH_SIZE / (time.perf_counter() - began)


def extrapolated_seconds(images_per_second, num_images):
    """Estimates the seconds of all epochs from the measured rate."""
    return EPOCHS * num_images / images_per_second


def compare(train, validation, seeds, steps=5):
    """Compares the recipe `fast` with the plain network, in turns.

    The plain network's time is extrapolated: a few steps are measured, and
    taken for its 20 epochs.

    Args:
        train: The training split, `(images, labels)`.
        validation: The validation split.
        seeds: How often to time the two, one after the other.
        steps: Of the plain network, in each timing.

    Returns:
        A dict: `plain_parameters`; medians of `plain_images_per_second`,
        `plain_extrapolated_seconds`, and of `times_faster`, the latter by
        `seconds`; these of the runs of `fast` that reached the accuracy, of
        which there are `reached`, None if none did.
    """
    plain = Training(train)
    plain.rate(1)
    rates, seconds, ratios = [], [], []
    for seed in range(seeds):
        rates.append(plain.rate(steps))
        run = time_to_accuracy.fast(train, validation, seed)
        if run['seconds'] is not None:
            seconds.append(run['seconds'])
            extrapolated = extrapolated_seconds(rates[-1], len(train[1]))
            ratios.append(extrapolated / run['seconds'])
    rate = statistics.median(rates)
    return {
        'plain_parameters': sum(p.numel() for p in plain.network.parameters()),
        'plain_images_per_second': rate,
        'plain_extrapolated_seconds': extrapolated_seconds(rate, len(train[1])),
        'seeds': seeds,
        'reached': len(seconds),
        'seconds': statistics.median(seconds) if seconds else None,
        'times_faster': statistics.median(ratios) if ratios else None,
    }
