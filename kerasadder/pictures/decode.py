"""Pictures from bytes of which nothing is known, in TensorFlow ops."""

import tensorflow as tf

MAX_PIXELS = 4096 * 4096


def decode_picture(
    encoded: tf.Tensor, name: str | tf.Tensor = 'picture'
) -> tf.Tensor:
    """Decodes a PNG, JPEG, GIF (its first frame) or BMP.

    Args:
        encoded: String tensor `()`.
        name: What to call it in an error, a string or a string tensor.

    Returns:
        uint8 tensor `(height, width, channels)`: grey, grey and alpha, RGB or
        RGBA.

    Raises:
        InvalidArgumentError: When run, if it is no picture or has more than
            `MAX_PIXELS`.
    """
    # Zeros at the end: a header may be cut short.
    header = tf.strings.join([tf.strings.substr(encoded, 0, 32), '\0' * 32])

    def numbers(position, length, dtype, little_endian=True):
        field = tf.strings.substr(header, position, length)
        return tf.cast(tf.io.decode_raw(field, dtype, little_endian), tf.int64)

    def png():
        return encoded, numbers(16, 8, tf.int32, little_endian=False)

    def jpeg():
        return encoded, tf.io.extract_jpeg_shape(encoded, tf.int64)[:2]

    def gif():
        frame, size = _first_frame(encoded)
        return frame, tf.maximum(size, numbers(6, 4, tf.uint16))

    def bmp():
        return encoded, tf.abs(numbers(18, 8, tf.int32))

    kinds = {
        b'\x89PNG\r\n\x1a\n': png,
        b'\xff\xd8\xff': jpeg,
        b'GIF87a': gif,
        b'GIF89a': gif,
        b'BM': bmp,
    }
    known = [
        tf.strings.substr(header, 0, len(magic)) == magic for magic in kinds
    ]
    is_picture = require(
        tf.reduce_any(known), name, 'is not a PNG, JPEG, GIF or BMP'
    )
    with tf.control_dependencies([is_picture]):
        encoded, size = tf.case(list(zip(known, kinds.values())))
    # The size is in the header: a bomb must not be unpacked to be seen.
    is_small = require(
        tf.reduce_all(size > 0) & (tf.reduce_prod(size) <= MAX_PIXELS),
        name,
        f'must have 1 to {MAX_PIXELS} pixels',
    )
    with tf.control_dependencies([is_small]):
        picture = tf.io.decode_image(encoded, expand_animations=False)
    return tf.ensure_shape(picture, (None, None, None))


def _first_frame(encoded):
    """Returns a GIF cut after its first frame, and that frame's size.

    The decoder would unpack all of them, however many and whatever their size.
    """
    content = tf.cast(tf.io.decode_raw(encoded, tf.uint8), tf.int32)
    length = tf.size(content)
    content = tf.concat([content, [0]], axis=0)

    def at(position):
        return content[tf.minimum(position, length)]

    def colours(flags):
        bits = tf.bitwise.bitwise_and(flags, 7) + 1
        return tf.where(flags >= 128, 3 * tf.bitwise.left_shift(1, bits), 0)

    def after_blocks(position):  # each its length, then as many bytes
        (position,) = tf.while_loop(
            lambda position: at(position) > 0,
            lambda position: (position + at(position) + 1,),
            (position,),
        )
        return position + 1

    (frame,) = tf.while_loop(
        lambda position: at(position) == 0x21,  # an extension
        lambda position: (after_blocks(position + 2),),
        (13 + colours(at(10)),),
    )
    end = after_blocks(frame + 11 + colours(at(frame + 9)))
    sides = [at(frame + i) + 256 * at(frame + i + 1) for i in (5, 7)]
    cut = tf.strings.substr(encoded, 0, tf.minimum(end, length))
    return tf.strings.join([cut, ';']), tf.cast(tf.stack(sides), tf.int64)


def require(
    condition: tf.Tensor, name: str | tf.Tensor, what: str
) -> tf.Operation:
    """Returns the assertion that `name` is as it must be, a tensor op.

    Args:
        condition: bool tensor `()`.
        name: String tensor `()`.
        what: What is wrong with it, to follow the name in the error.
    """
    return tf.debugging.Assert(condition, [tf.strings.join([name, ' ', what])])
