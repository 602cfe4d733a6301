import numpy as np
import pytest
import tensorflow as tf

from kerasadder.demo import answers
from kerasadder.errors import UserError
from kerasadder.serving import client
from tests.support.classifier import stub
from tests.support.mnist import first_images
from tests.support.scripted_servers import SEVEN
from tests.support.scripted_servers import rest_script


def test_examples_are_the_first_test_images_of_each_digit():
    """The MNIST test set begins with a 7, a 2, a 1 and a 0."""
    pictures = answers.examples()
    assert len(pictures) == 10
    for digit, image in zip((7, 2, 1, 0), first_images(4)):
        decoded = tf.io.decode_png(pictures[digit]).numpy()
        np.testing.assert_array_equal(decoded, 255 - image)


def test_answer_is_of_one_picture():
    answered = answers.answer(stub, answers.examples()[7], 3)
    assert answered['digit'].shape == (10,)
    assert answered['sum'].shape == (19,)
    assert (answered['digit_label'], answered['sum_label']) == (5, 8)
    # Normalisation recognises an MNIST image and hardly changes it.
    np.testing.assert_allclose(answered['image'], first_images(1)[0], atol=5)


def test_answer_of_a_server_is_the_same():
    with (
        rest_script([SEVEN], []) as address,
        client.Client(address) as server,
    ):
        answered = answers.answer(server.classify, answers.examples()[5], 7)
    assert answered['digit'].argmax() == 5
    assert answered['sum'].argmax() == 12


def test_small_and_large_pictures_are_asked_about_beforehand():
    sides = []

    def classify(pictures, numbers):
        sides.extend(tf.io.decode_png(p).shape[0] for p in pictures)
        return stub(pictures, numbers)

    answers.warm_up(classify)
    assert min(sides) == 28
    assert max(sides) > 300


@pytest.mark.parametrize('server', ['', 'localhost:8501: '])
def test_reason_names_the_picture_and_no_index(server):
    def refuse(pictures, numbers):
        raise UserError(f'{server}image[0] shows no ink: it is blank')

    with pytest.raises(UserError) as refused:
        answers.answer(refuse, b'', 0)
    assert str(refused.value) == 'The picture shows no ink: it is blank'


def test_port_in_use_is_one_line():
    with answers.listen('127.0.0.1', 0) as listener:
        port = listener.getsockname()[1]
        with pytest.raises(UserError) as refused:
            answers.listen('127.0.0.1', port)
    assert str(refused.value) == f'127.0.0.1:{port}: Address already in use'
