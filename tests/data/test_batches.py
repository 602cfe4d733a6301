import numpy as np
import pytest
import tensorflow as tf

from kerasadder.data import batches
from kerasadder.errors import UserError


def numbered_images(count):
    """Returns images whose pixels (0, 0) and (0, 1) spell their index."""
    images = np.zeros((count, 28, 28, 1), np.uint8)
    images[:, 0, 0, 0] = np.arange(count) // 256
    images[:, 0, 1, 0] = np.arange(count) % 256
    return images, np.arange(count) % 10


def which(inputs):
    return 256 * inputs['image'][:, 0, 0, 0] + inputs['image'][:, 0, 1, 0]


def numbered_batches(count=1000, batch_size=64, **kwargs):
    kwargs = {'steps': 30, 'seed': 0, 'rendered_share': 0.5, **kwargs}
    stream = batches.training_batches(
        *numbered_images(count), batch_size, **kwargs
    )
    return list(stream.as_numpy_iterator())


@pytest.fixture(scope='module')
def augmented():
    return numbered_batches(augment=True)


def test_shapes_and_dtypes():
    stream = batches.training_batches(
        *numbered_images(100), batch_size=20, steps=1, seed=0
    )
    assert stream.element_spec == (
        {
            'image': tf.TensorSpec((20, 28, 28, 1), tf.float32),
            'number': tf.TensorSpec((20, 10), tf.float32),
        },
        {
            'digit': tf.TensorSpec((20,), tf.int32),
            'sum': tf.TensorSpec((20,), tf.int32),
        },
    )


def test_sum_is_digit_plus_number_for_all_hundred_pairs():
    pairs = set()
    for inputs, labels in numbered_batches(steps=100):
        number = inputs['number'].argmax(axis=-1)
        assert (inputs['number'] == np.eye(10)[number]).all()
        assert (labels['digit'] == which(inputs) % 10).all()
        assert (labels['sum'] == labels['digit'] + number).all()
        pairs |= set(zip(labels['digit'], number))
    assert len(pairs) == 100


def test_numbers_are_uniform():
    numbers = [
        inputs['number'].sum(axis=0)
        for inputs, _ in numbered_batches(steps=150)
    ]
    counts = np.sum(numbers, axis=0)
    # Pearson's chi-squared with 9 degrees of freedom: above 27.9 once in 1,000.
    expected = counts.sum() / 10
    assert ((counts - expected) ** 2 / expected).sum() < 27.9


def test_epoch_sees_every_image_at_most_once():
    # 15 batches of 64 are an epoch of 1,000 images.
    for epoch in range(2):
        steps = numbered_batches()[15 * epoch : 15 * (epoch + 1)]
        seen = np.concatenate([which(inputs) for inputs, _ in steps])
        assert len(set(seen)) == 15 * 64


def test_order_changes_every_epoch():
    steps = numbered_batches()
    assert (which(steps[0][0]) != which(steps[15][0])).any()


def test_number_changes_every_epoch():
    steps = numbered_batches()
    numbers = [
        {
            int(image): int(number.argmax())
            for inputs, _ in steps[15 * epoch : 15 * (epoch + 1)]
            for image, number in zip(which(inputs), inputs['number'])
        }
        for epoch in range(2)
    ]
    both = set(numbers[0]) & set(numbers[1])
    same = np.mean([numbers[0][image] == numbers[1][image] for image in both])
    assert 0.05 < same < 0.15  # a tenth by chance


@pytest.mark.parametrize('augment', [False, True])
def test_equal_seeds_give_equal_streams(augment, augmented):
    first = augmented if augment else numbered_batches()
    for a, b in zip(first, numbered_batches(augment=augment), strict=True):
        tf.nest.map_structure(np.testing.assert_array_equal, a, b)


def test_other_seed_gives_another_stream():
    (a, _), (b, _) = (numbered_batches(seed=seed)[0] for seed in (0, 1))
    assert (which(a) != which(b)).any()
    assert (a['number'] != b['number']).any()


@pytest.mark.parametrize('first_step', [1, 15, 22])
def test_stream_goes_on_from_any_step(first_step, augmented):
    rest = numbered_batches(augment=True, first_step=first_step)
    assert len(rest) == 30 - first_step
    for a, b in zip(augmented[first_step:], rest):
        tf.nest.map_structure(np.testing.assert_array_equal, a, b)


def test_warps_change_every_step_and_stop_before_the_last_epoch():
    images = np.full((64, 28, 28, 1), 255, np.uint8)
    stream = batches.training_batches(
        images, np.zeros(64), batch_size=32, steps=6, seed=0, augment=True
    )
    *warped, before_last, last = [
        inputs['image'].numpy() for inputs, _ in stream
    ]
    assert len({image.tobytes() for image in warped}) == 4
    for image in (before_last, last):
        np.testing.assert_array_equal(image, 255)


@pytest.mark.parametrize('share, rendered', [(0.0, 0), (0.25, 8), (1.0, 32)])
def test_a_share_of_each_batch_is_rendered_anew(share, rendered):
    # Four epochs of one step each: the last one warps no image.
    images = np.full((32, 28, 28, 1), 255, np.uint8)
    *_, last = batches.training_batches(
        images,
        np.zeros(32),
        batch_size=32,
        steps=4,
        seed=0,
        augment=True,
        rendered_share=share,
    )
    # A wide warp leaves no white image white: it brings in black from outside.
    changed = (last[0]['image'].numpy() != 255).any(axis=(1, 2, 3))
    np.testing.assert_array_equal(changed, np.arange(32) < rendered)


def test_a_share_of_the_rendered_images_is_drawn_with_labels_of_their_own():
    images = np.zeros((40, 28, 28, 1), np.uint8)
    labels = np.arange(40) % 10

    def last(drawn_share):
        *_, (inputs, targets) = batches.training_batches(
            images,
            labels,
            batch_size=40,
            steps=2,
            seed=0,
            augment=True,
            rendered_share=0.5,
            drawn_share=drawn_share,
        )
        digit = targets['digit'].numpy()
        number = inputs['number'].numpy().argmax(axis=1)
        np.testing.assert_array_equal(targets['sum'], digit + number)
        return inputs['image'].numpy(), digit

    (drawn, digits), (black, replaced) = last(0.5), last(0.0)
    assert (digits[:10] != replaced[:10]).any()
    np.testing.assert_array_equal(digits[10:], replaced[10:])
    changed = (drawn != black).any(axis=(1, 2, 3))
    # Of 40 images, 20 are rendered and 10 drawn; the eleventh may have the
    # tenth as its neighbour.
    assert changed[:10].all()
    assert not changed[11:].any()


def test_too_large_batch_is_refused():
    with pytest.raises(UserError, match='batch_size'):
        numbered_batches(count=10, batch_size=11)
