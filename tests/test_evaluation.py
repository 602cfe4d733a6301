import numpy as np
import pytest

from kerasadder import evaluation

LABELS = np.array([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])


def images(labels):
    """Images whose first pixel is the digit."""
    result = np.zeros((len(labels), 28, 28, 1), np.uint8)
    result[:, 0, 0, 0] = labels
    return result


def knower(image):
    """Reads the digit off the first pixel and adds without a mistake."""
    digits = np.asarray(image)[:, 0, 0, 0].astype(int)
    sums = digits[:, None] + np.arange(10)
    return {'digit': np.eye(10)[digits], 'sum': np.eye(19)[sums]}


def test_perfect_predictor_scores_one():
    scores = evaluation.evaluate(knower, images(LABELS), LABELS)
    assert scores == {
        'images': 10,
        'pairs': 100,
        'digit_accuracy': 1.0,
        'sum_accuracy': 1.0,
        'joint_accuracy': 1.0,
        'consistency': 1.0,
        'digit_loss': 0.0,
        'sum_loss': 0.0,
        'digit_ece': 0.0,
        'sum_ece': 0.0,
        'digit_errors': 0,
    }


def test_known_errors_are_counted():
    def predictor(image):
        outputs = knower(image)
        # Digit 3 is taken for 5, its sums stay right: 10 pairs.
        outputs['digit'][3] = np.eye(10)[5]
        # Digit 7's sums with 0, 1 and 2 are wrong, the digit right: 3 pairs.
        outputs['sum'][7, :3] = np.eye(19)[0]
        # Digit 9 is taken for 4, and so are its sums: 10 pairs.
        outputs['digit'][9] = np.eye(10)[4]
        outputs['sum'][9] = np.eye(19)[4 + np.arange(10)]
        return outputs

    scores = evaluation.evaluate(predictor, images(LABELS), LABELS)
    assert scores['digit_errors'] == 2
    assert scores['digit_accuracy'] == pytest.approx(0.8)
    assert scores['sum_accuracy'] == pytest.approx(0.87)
    assert scores['joint_accuracy'] == pytest.approx(0.77)
    # The digit's wrong and the sum right, or the other way round.
    assert scores['consistency'] == pytest.approx(0.87)


def test_loss_is_the_mean_negative_log_likelihood():
    def predictor(image):
        count = len(image)
        digit = np.full((count, 10), 0.5 / 9)
        digit[np.arange(count), LABELS] = 0.5
        return {'digit': digit, 'sum': np.full((count, 10, 19), 1 / 19)}

    scores = evaluation.evaluate(predictor, images(LABELS), LABELS)
    assert scores['digit_loss'] == pytest.approx(np.log(2))
    assert scores['sum_loss'] == pytest.approx(np.log(19))


def test_impossible_answer_costs_much_but_not_infinity():
    scores = evaluation.evaluate(knower, images(LABELS), 9 - LABELS)
    assert 80 < scores['digit_loss'] < 100


def confident(confidence, classes=10):
    """Distributions whose likeliest class is 0, with these probabilities."""
    confidence = np.asarray(confidence)[:, None]
    others = (1 - confidence) / (classes - 1)
    return np.hstack([confidence, np.repeat(others, classes - 1, axis=1)])


def test_calibration_error_is_the_mean_gap_weighted_by_the_predictions():
    # 0.7 is in bin 10, (10/15, 11/15], two of four right; 0.9 in bin 13.
    probabilities = confident([0.7, 0.7, 0.7, 0.7, 0.9])
    found = evaluation.calibration(probabilities, np.array([0, 0, 1, 1, 0]))
    assert found['ece'] == pytest.approx((4 * 0.2 + 1 * 0.1) / 5)
    assert found['count'].tolist() == 10 * [0] + [4, 0, 0, 1, 0]
    assert found['confidence'][[10, 13]] == pytest.approx([0.7, 0.9])
    assert found['accuracy'][[10, 13]] == pytest.approx([0.5, 1.0])
    assert np.isnan(found['accuracy'][0])


def test_a_bin_has_its_upper_edge_and_not_its_lower_one():
    probabilities = confident([0.6, 0.6 + 1e-9, 1.0, 1.0 + 1e-7])
    found = evaluation.calibration(probabilities, np.zeros(4, int))
    assert np.flatnonzero(found['count']).tolist() == [8, 9, 14]
    assert found['count'][14] == 2


def test_calibration_of_sums_counts_every_pair():
    predictions = evaluation.predict(knower, images(LABELS))
    predictions['sum'][4] = confident([0.9] * 10, classes=19)
    scores = evaluation.metrics(predictions, LABELS)
    # Ten of 100 pairs are 0.9 sure of sum 0, which for a 4 is never right.
    assert scores['sum_ece'] == pytest.approx(0.09)
    assert scores['digit_ece'] == 0


def test_every_image_counts_in_every_batch_size():
    labels = np.arange(23) % 10
    for batch_size in (1, 7, 23, 100):
        predictions = evaluation.predict(knower, images(labels), batch_size)
        assert predictions['digit'].shape == (23, 10)
        assert evaluation.metrics(predictions, labels)['digit_errors'] == 0


def test_report_says_the_accuracies_in_percent():
    scores = evaluation.evaluate(knower, images(LABELS), LABELS)
    scores |= {'sum_accuracy': 0.98765, 'digit_errors': 3, 'sum_ece': 0.00123}
    text = evaluation.report(scores)
    assert '98.765' in text
    assert '0.123' in text
    assert '3 of 10 images wrong' in text


def test_readings_of_a_picture_are_mixed_by_their_odds():
    def unsure(image):
        """Knows the digit, as surely as the second pixel says."""
        known = knower(image)
        sure = np.asarray(image)[:, 0, 1, 0] / 255
        digit = sure[:, None] * known['digit'] + (1 - sure[:, None]) / 10
        return {**known, 'digit': digit}

    labels = np.array([3, 1, 4])
    readings = np.stack([images(labels), images(labels + 5)], axis=1)
    readings[:, :, 0, 1, 0] = [[200, 100], [0, 50], [90, 80]]
    predictions = evaluation.predict(unsure, readings, batch_size=4)
    expected = [3, 6, 4]
    sure = np.array([200, 100]) / 255
    likeliest = sure + (1 - sure) / 10
    weights = np.sqrt(likeliest / (1 - likeliest))
    np.testing.assert_allclose(
        predictions['sum'][0, 2, [5, 0]],  # 3 + 2, and 8 + 2 is none of it
        [weights[0] / weights.sum(), 0],
        rtol=1e-5,
    )
    assert predictions['digit'].argmax(-1).tolist() == expected
    assert predictions['sum'][:, 2].argmax(-1).tolist() == [5, 8, 6]
    np.testing.assert_array_equal(
        evaluation.seen(readings, predictions)[:, 0, 0, 0], expected
    )
    scores = evaluation.evaluate(unsure, readings, labels)
    assert (scores['pairs'], scores['digit_errors']) == (30, 1)


def test_image_with_one_reading_is_what_was_seen():
    one = images(LABELS)
    assert evaluation.seen(one, evaluation.predict(knower, one)) is one
