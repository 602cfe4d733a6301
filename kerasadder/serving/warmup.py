"""Requests that a server sends itself before it offers a model.

They are serialized by hand, because `tensorflow-serving-api`, which has their
protos, is needed by no one who only exports.
"""

import tensorflow as tf

from kerasadder.task import NUM_NUMBERS


def warmup_records() -> list[bytes]:
    """Returns a request for each signature, because the first one is slow.

    Returns:
        A list of bytes, serialized `tensorflow.serving.PredictionLog`.
    """
    stroke = tf.pad(tf.fill((18, 3, 1), 255.0), [[5, 5], [12, 13], [0, 0]])
    small = tf.cast(stroke, tf.uint8)
    # Small and large pictures are read by other parts of the graph.
    large = tf.repeat(tf.repeat(small, 6, axis=0), 6, axis=1)
    pictures = [tf.io.encode_png(small), tf.io.encode_jpeg(large)]
    image_and_number = {
        'image': stroke[None],
        'number': tf.one_hot([7], NUM_NUMBERS),
    }
    requests = {
        'serve': image_and_number,
        'serving_default': image_and_number,
        'classify_bytes': {
            'image': tf.stack(pictures),
            'number': tf.constant([7, 7]),
        },
        'every_number': {'image': stroke[None]},
    }
    return [_prediction_log(*request) for request in requests.items()]


def _prediction_log(signature, inputs):
    """Serializes a `PredictionLog` of one request."""
    model_spec = _field(1, b'kerasadder') + _field(3, signature.encode())
    request = _field(1, model_spec)
    for name, tensor in inputs.items():
        proto = tf.make_tensor_proto(tensor).SerializeToString()
        request += _field(2, _field(1, name.encode()) + _field(2, proto))
    predict_log = _field(1, request)
    return _field(6, predict_log)


def _field(number, payload):
    """Serializes a field of bytes: its key, its length as a varint, itself."""
    length, varint = len(payload), b''
    while length > 127:
        varint += bytes([length & 127 | 128])
        length >>= 7
    return bytes([number << 3 | 2]) + varint + bytes([length]) + payload
