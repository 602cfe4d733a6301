import keras

from benchmarks import machine


def test_flops_are_those_of_the_products():
    image = keras.Input((28, 28, 1))
    x = keras.layers.Conv2D(4, 5, strides=2)(image)  # 12x12 positions
    x = keras.layers.BatchNormalization()(x)
    x = keras.layers.Conv2D(6, 3, padding='same')(x)
    x = keras.layers.Dense(10)(keras.layers.Flatten()(x))
    first = 12 * 12 * (5 * 5 * 1) * 4
    second = 12 * 12 * (3 * 3 * 4) * 6
    dense = 12 * 12 * 6 * 10
    # Forward and by the weights; all but the first by their inputs, too. Each
    # product is a multiplication and an addition.
    flops = 2 * (2 * first + 3 * second + 3 * dense)
    assert machine.training_flops(keras.Model(image, x)) == flops
