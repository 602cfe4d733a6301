import sys

import numpy as np
import pytest
import tensorflow as tf
from tensorflow.core.protobuf import saved_model_pb2

from tests.support.scripts import ROOT

# All these operations are older than TensorFlow 2.18, so a server with that
# version loads the model. If a new operation is missing here, look up the
# version of TensorFlow that introduced it before you add it.
OLD_OPS = """
Abs AddV2 All Any ArgMax AsString Assert AssignVariableOp AvgPool BatchMatMulV2
BiasAdd BitwiseAnd Cast Ceil ConcatV2 Const Conv2D Cumsum DecodeBmp DecodeImage
DecodeJpeg DecodePaddedRaw DecodePng DecodeRaw DisableCopyOnRead DivNoNan Einsum
EnsureShape Equal Exp ExpandDims ExtractJpegShape Fill Floor FloorDiv FloorMod
GatherNd GatherV2 Greater GreaterEqual Identity If IsFinite LeftShift Less
LessEqual Log LogSoftmax LogicalAnd LogicalNot LogicalOr MatMul Max MaxPool
Maximum Mean MergeV2Checkpoints Min Minimum MirrorPad Mul Neg NoOp NotEqual
OneHot OnesLike Pack Pad PadV2 PartitionedCall Placeholder Pow Prod Range Rank
ReadVariableOp RealDiv ReduceJoin Relu Reshape ResizeArea ResizeBilinear
RestoreV2 ReverseV2 Round Rsqrt SaveV2 ScaleAndTranslate ScatterNd Select
SelectV2 Shape ShardedFilename Size Slice Softmax Sqrt SquaredDifference Squeeze
StatefulPartitionedCall StatelessCase StatelessIf StatelessWhile
StaticRegexFullMatch StaticRegexReplace StopGradient StridedSlice StringFormat
StringJoin StringLength Sub Substr Sum TensorListFromTensor TensorListGetItem
TensorListReserve TensorListSetItem TensorListStack TensorScatterUpdate Tile
TopKV2 Transpose Unique Unpack UnsortedSegmentMax UnsortedSegmentMin
UnsortedSegmentSum VarHandleOp VarIsInitializedOp Where While ZerosLike
"""


def stroke(count):
    """Makes equal images of a stroke, `(count, 28, 28, 1)`.

    The stroke is centred as the digits in MNIST are.
    """
    images = np.zeros((count, 28, 28, 1), np.float32)
    images[:, 4:24, 13:16] = 255
    return images


def pictures(count):
    image = tf.cast(stroke(1)[0], tf.uint8)
    return [tf.io.encode_png(image).numpy()] * count


def test_pictures_get_what_their_images_get(loaded):
    numbers = tf.constant([3, 9])
    outputs = loaded.signatures['classify_bytes'](
        image=tf.constant(pictures(2)), number=numbers
    )
    expected = loaded.signatures['serving_default'](
        image=stroke(2), number=tf.one_hot(numbers, 10)
    )
    for name in ('digit', 'sum'):
        np.testing.assert_allclose(outputs[name], expected[name], rtol=1e-3)
        labels = outputs[f'{name}_label'].numpy()
        assert labels.dtype == np.int32
        np.testing.assert_array_equal(labels, np.argmax(expected[name], -1))


@pytest.mark.parametrize('count', [0, 1, 33])
def test_any_batch_size(loaded, count):
    signatures = loaded.signatures
    numbers = tf.fill([count], 4)
    results = (
        signatures['serving_default'](
            image=stroke(count), number=tf.one_hot(numbers, 10)
        ),
        signatures['classify_bytes'](
            image=tf.constant(pictures(count), tf.string), number=numbers
        ),
    )
    for outputs in results:
        assert outputs['digit'].shape == (count, 10)
        assert outputs['sum'].shape == (count, 19)
    outputs = signatures['every_number'](image=stroke(count))
    assert outputs['sum'].shape == (count, 10, 19)


@pytest.mark.parametrize(
    ('signature', 'number'),
    [
        ('serve', tf.one_hot([4], 10)),
        ('serving_default', tf.one_hot([4], 10)),
        ('classify_bytes', tf.constant([4])),
        ('every_number', None),
    ],
)
def test_more_than_1024_examples_are_refused(loaded, signature, number):
    image = pictures(1025) if signature == 'classify_bytes' else stroke(1025)
    inputs = {'image': tf.constant(image)}
    if number is not None:
        inputs['number'] = tf.repeat(number, 1025, axis=0)
    with pytest.raises(
        tf.errors.InvalidArgumentError,
        match=r'\[image has more than 1024 examples, send them in parts\]',
    ):
        loaded.signatures[signature](**inputs)


def test_1024_examples_are_answered(loaded):
    outputs = loaded.signatures['every_number'](image=stroke(1024))
    assert outputs['sum'].shape == (1024, 10, 19)


def changed(values, index, value):
    values = np.array(values)
    values[index] = value
    return values


ONE_HOT = np.eye(10, dtype=np.float32)[[1, 2, 3]]
OUTSIDE = 'has pixel values outside 0..255'


@pytest.mark.parametrize(
    ('image', 'number', 'reason'),
    [
        (stroke(3), changed(ONE_HOT, 1, 0), 'number[1] is not one-hot'),
        (stroke(3), changed(ONE_HOT, (2, 3), 0.5), 'number[2] is not one-hot'),
        (stroke(3), changed(ONE_HOT, (0, 8), 1), 'number[0] is not one-hot'),
        (stroke(3), changed(ONE_HOT, 0, np.nan), 'number[0] is not one-hot'),
        (changed(stroke(3), (1, 0, 0), -1), ONE_HOT, f'image[1] {OUTSIDE}'),
        (changed(stroke(3), (2, 0, 0), 256), ONE_HOT, f'image[2] {OUTSIDE}'),
        (changed(stroke(3), 0, np.nan), ONE_HOT, f'image[0] {OUTSIDE}'),
        (changed(stroke(3), 0, np.inf), ONE_HOT, f'image[0] {OUTSIDE}'),
        (stroke(2), ONE_HOT, 'must be as many, not 2 and 3'),
        (stroke(1), ONE_HOT, 'must be as many, not 1 and 3'),
    ],
)
def test_serving_default_says_what_does_not_fit(loaded, image, number, reason):
    with pytest.raises(tf.errors.InvalidArgumentError) as error:
        loaded.signatures['serving_default'](
            image=tf.constant(image), number=tf.constant(number)
        )
    assert reason in str(error.value)


@pytest.mark.parametrize(
    ('image', 'number', 'reason'),
    [
        (pictures(2), [3, 10], 'number[1] is not in 0-9'),
        (pictures(2), [-1, 3], 'number[0] is not in 0-9'),
        (pictures(2), [3], 'must be as many, not 2 and 1'),
        ([*pictures(1), b'GIF'], [3, 3], 'image[1] is not a PNG, JPEG, GIF'),
    ],
)
def test_classify_bytes_says_what_does_not_fit(loaded, image, number, reason):
    with pytest.raises(tf.errors.InvalidArgumentError) as error:
        loaded.signatures['classify_bytes'](
            image=tf.constant(image), number=tf.constant(number)
        )
    assert reason in str(error.value)


def test_graph_needs_neither_xla_nor_python_nor_this_machine(exported):
    saved = (exported / 'saved_model.pb').read_bytes()
    assert b'_XlaMustCompile' not in saved
    for path in (ROOT, sys.prefix):
        assert str(path).encode() not in saved


def test_older_servers_know_every_operation(exported):
    """The list also excludes PyFunc, the operation that calls Python."""
    saved = saved_model_pb2.SavedModel.FromString(
        (exported / 'saved_model.pb').read_bytes()
    )
    (meta_graph,) = saved.meta_graphs
    nodes = list(meta_graph.graph_def.node)
    for function in meta_graph.graph_def.library.function:
        nodes += function.node_def
    operations = {node.op for node in nodes}
    assert operations >= {'Conv2D', 'DecodeImage', 'Softmax'}
    assert operations <= set(OLD_OPS.split())
