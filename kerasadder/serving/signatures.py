"""What a served model answers to, and with which errors."""

from collections.abc import Callable

import keras
import tensorflow as tf

from kerasadder.model import with_every_number
from kerasadder.pictures.normalize import READINGS
from kerasadder.pictures.normalize import normalize_pictures
from kerasadder.pictures.normalize import trust
from kerasadder.serving.limits import MAX_EXAMPLES
from kerasadder.task import IMAGE_SHAPE
from kerasadder.task import NUM_NUMBERS


def of_model(
    model: keras.Model,
) -> dict[str, tuple[Callable, list[tf.TensorSpec]]]:
    """Makes the signatures of a SavedModel.

    serving_default: `image` float32 `(n, 28, 28, 1)`, 0..255, and `number`
        float32 `(n, 10)`, one-hot, to `digit` `(n, 10)` and `sum` `(n, 19)`.
    classify_bytes: `image` string `(n,)`, pictures as `normalize_pictures`
        takes them, and `number` int32 `(n,)`, 0-9, to `digit` and `sum` as
        above, `digit_label` and `sum_label`, the likeliest, int32 `(n,)`.
    every_number: `image` as of serving_default to `digit` `(n, 10)` and `sum`
        `(n, 10, 19)`, the sum with each of the ten numbers.

    What does not fit raises an InvalidArgumentError that says which example of
    which input is wrong, and why. So do more than `MAX_EXAMPLES` at once.

    Args:
        model: A model of `build_model`.

    Returns:
        A dict from each name to a function and its list of `tf.TensorSpec`.
    """
    image = tf.TensorSpec((None, *IMAGE_SHAPE), name='image')
    return {
        # The first one is serving_default, as Keras has it.
        'serving_default': (
            _serving_default(model),
            [image, tf.TensorSpec((None, NUM_NUMBERS), name='number')],
        ),
        'classify_bytes': (
            _classify_bytes(model),
            [
                tf.TensorSpec((None,), tf.string, name='image'),
                tf.TensorSpec((None,), tf.int32, name='number'),
            ],
        ),
        'every_number': (_every_number(with_every_number(model)), [image]),
    }


def _serving_default(model):
    def serving_default(image, number):
        image = tf.ensure_shape(image, (None, *IMAGE_SHAPE))
        number = tf.ensure_shape(number, (None, NUM_NUMBERS))
        checks = [
            _require_few(image),
            _require_pairs(image, number),
            _require_pixels(image),
            _require_each(_is_one_hot(number), 'number', 'is not one-hot'),
        ]
        with tf.control_dependencies(checks):
            image, number = tf.identity(image), tf.identity(number)
        return _call(model, {'image': image, 'number': number})

    return serving_default


def _classify_bytes(model):
    def classify_bytes(image, number):
        image = tf.ensure_shape(image, (None,))
        number = tf.ensure_shape(number, (None,))
        checks = [
            _require_few(image),
            _require_pairs(image, number),
            _require_each(
                (number >= 0) & (number < NUM_NUMBERS),
                'number',
                f'is not in 0-{NUM_NUMBERS - 1}',
            ),
        ]
        with tf.control_dependencies(checks):
            image, number = tf.identity(image), tf.identity(number)
        readings = normalize_pictures(image)
        inputs = {
            'image': tf.reshape(readings, (-1, *IMAGE_SHAPE)),
            'number': tf.repeat(
                tf.one_hot(number, NUM_NUMBERS), READINGS, axis=0
            ),
        }
        outputs = {
            name: tf.reshape(output, (-1, READINGS, output.shape[-1]))
            for name, output in _call(model, inputs).items()
        }
        weights = trust(outputs['digit'])[..., None]
        outputs = {
            name: tf.reduce_sum(weights * output, axis=1)
            for name, output in outputs.items()
        }
        labels = {
            f'{name}_label': tf.argmax(probabilities, -1, tf.int32)
            for name, probabilities in outputs.items()
        }
        return outputs | labels

    return classify_bytes


def _every_number(every_number_model):
    def every_number(image):
        image = tf.ensure_shape(image, (None, *IMAGE_SHAPE))
        checks = [_require_few(image), _require_pixels(image)]
        with tf.control_dependencies(checks):
            inputs = {'image': tf.identity(image)}
        return _call(lambda inputs: every_number_model(inputs['image']), inputs)

    return every_number


def _call(function, inputs):
    """Calls a function on batches of any size, 0 too."""
    size = tf.shape(inputs['image'])[0]
    # oneDNN's convolution fails on an empty batch (TensorFlow 2.21).
    spare = tf.cast(size == 0, tf.int32)
    padded = {
        # The reshape keeps the shape known: the width of a pad is not.
        name: tf.reshape(
            tf.pad(tensor, [[0, spare]] + [[0, 0]] * (tensor.shape.rank - 1)),
            (-1, *tensor.shape[1:]),
        )
        for name, tensor in inputs.items()
    }
    outputs = function(padded)
    return {name: output[:size] for name, output in outputs.items()}


def _require_few(image):
    return tf.debugging.Assert(
        tf.shape(image)[0] <= MAX_EXAMPLES,
        [f'image has more than {MAX_EXAMPLES} examples, send them in parts'],
    )


def _require_pairs(image, number):
    images, numbers = tf.shape(image)[0], tf.shape(number)[0]
    message = tf.strings.format(
        'image and number must be as many, not {} and {}', (images, numbers)
    )
    return tf.debugging.Assert(images == numbers, [message])


def _require_pixels(image):
    # Written so that NaN fails too.
    fits = tf.reduce_all((image >= 0) & (image <= 255), axis=[1, 2, 3])
    return _require_each(fits, 'image', 'has pixel values outside 0..255')


def _is_one_hot(number):
    ones = tf.reduce_sum(tf.cast(number == 1, tf.int32), axis=1)
    zeros = tf.reduce_sum(tf.cast(number == 0, tf.int32), axis=1)
    return (ones == 1) & (zeros == NUM_NUMBERS - 1)


def _require_each(fits, name, what):
    """Asserts that all of `(n,)` fit; the message has the first that fails."""
    index = tf.strings.as_string(tf.where(~fits)[:1, 0])
    message = tf.strings.join(
        [f'{name}[', tf.strings.reduce_join(index), f'] {what}']
    )
    return tf.debugging.Assert(tf.reduce_all(fits), [message])
