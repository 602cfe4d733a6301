"""Provides a classifier that answers without a model."""

import numpy as np
import tensorflow as tf


def stub(pictures, numbers):
    digits = tf.one_hot([5] * len(pictures), 10).numpy()
    sums = tf.one_hot([5 + number for number in numbers], 19).numpy()
    labels = {'digit_label': np.array([5]), 'sum_label': 5 + np.array(numbers)}
    return {'digit': digits, 'sum': sums} | labels
