"""Compares the recipe `fast` with the plain baseline in PyTorch.

The baseline has seven 3x3 convolutions, as the MNIST networks in the courses of
The School of AI do. Two dense layers compute the sum from the digit logits and
the number.
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
    """Defines the network of the baseline, with 6,384,925 parameters."""

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
            image: float32 `(batch, 1, 28, 28)`, 0..1.
            number: float32 `(batch, 10)`, one-hot.

        Returns:
            float32 `(batch, 10)` for the digit and `(batch, 19)` for the sum.
        """
        digit = self.digit(image)
        total = self.sum(torch.cat([digit, number], dim=1))
        return digit.log_softmax(dim=1), total.log_softmax(dim=1)


class Training:
    """Trains the baseline on data in memory, so that its steps can be timed.

    Args:
        data: The training split `(images, labels)`: a uint8 array
            `(n, 28, 28, 1)` and an integer array `(n,)`.
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
        """Takes one training step on a random batch; returns the loss."""
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
        """Takes `steps` training steps; returns the images per second."""
        began = time.perf_counter()
        for _ in range(steps):
            self.step()
        return steps * BATCH_SIZE / (time.perf_counter() - began)


def extrapolated_seconds(images_per_second, num_images):
    """Estimates the seconds that all epochs of the baseline take.

    Args:
        images_per_second: The measured rate.
        num_images: Images in an epoch.
    """
    return EPOCHS * num_images / images_per_second


def compare(train, validation, seeds, steps=5):
    """Times the recipe `fast` and the baseline in turns.

    The time of the baseline is extrapolated: the function measures a few steps
    and computes the time of 20 epochs from them.

    Args:
        train: The training split, `(images, labels)`.
        validation: The validation split, `(images, labels)`.
        seeds: Number of rounds. Each round times the baseline and then `fast`.
        steps: Steps of the baseline in each round.

    Returns:
        A dict of these entries:

        - `plain_parameters`: the number of the baseline's weights.
        - `plain_images_per_second`: the median over the rounds.
        - `plain_extrapolated_seconds`: the time at this median rate.
        - `seeds`: the number of rounds.
        - `reached`: the number of runs of `fast` that reached the accuracy.
        - `seconds`: the median time of these runs; None without any.
        - `times_faster`: the median over these runs of the baseline's
          extrapolated time, divided by the run's time; None without any.
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
