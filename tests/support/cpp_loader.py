"""Runs a SavedModel in the C++ runtime of the installed TensorFlow.

The module calls TensorFlow's C API through ctypes, so TensorFlow's Python code
does not take part in the run. TensorFlow Serving loads a SavedModel with the
same C++ functions, from its own copy of TensorFlow.
"""

import ctypes
import functools
import importlib.util
import pathlib

import numpy as np
import tensorflow as tf
from tensorflow.core.protobuf import meta_graph_pb2
from tensorflow_serving.apis import prediction_log_pb2

# Values of the C API's enumerations TF_DataType and TF_Code.
DTYPES = {1: np.float32, 2: np.float64, 3: np.int32, 7: np.object_, 9: np.int64}
NUMPY_DTYPES = {dtype: number for number, dtype in DTYPES.items()}
INVALID_ARGUMENT, NOT_FOUND, FAILED_PRECONDITION = 3, 5, 9
TSTRING_BYTES = 24  # sizeof(TF_TString)


class Status(Exception):
    """Reports an error of the C++ runtime or of Serving: code and message."""

    def __init__(self, code, message):
        super().__init__(message)
        self.code, self.message = code, message


class Loader:
    """Loads a SavedModel into the C++ runtime, as Serving does.

    Args:
        path: Folder of a SavedModel version.

    Raises:
        Status: If the runtime cannot load it.
    """

    def __init__(self, path):
        self._path = pathlib.Path(path)
        c = _c_api()
        status, self._graph = c.TF_NewStatus(), c.TF_NewGraph()
        options, meta_graph = c.TF_NewSessionOptions(), c.TF_NewBuffer()
        self._session = c.TF_LoadSessionFromSavedModel(
            options,
            None,
            str(path).encode(),
            (ctypes.c_char_p * 1)(b'serve'),
            1,
            self._graph,
            meta_graph,
            status,
        )
        _check(status)
        buffer = ctypes.cast(meta_graph, ctypes.POINTER(_Buffer)).contents
        self.meta_graph = meta_graph_pb2.MetaGraphDef.FromString(
            ctypes.string_at(buffer.data, buffer.length)
        )
        c.TF_DeleteBuffer(meta_graph)
        c.TF_DeleteSessionOptions(options)

    def close(self):
        c, status = _c_api(), _c_api().TF_NewStatus()
        c.TF_DeleteSession(self._session, status)
        _check(status)
        c.TF_DeleteGraph(self._graph)

    def warm_up(self):
        """Answers the model's warm-up requests, as Serving does at its start.

        Returns:
            A list of pairs of a signature's name and its outputs.
        """
        records = self._path / 'assets.extra' / 'tf_serving_warmup_requests'
        answers = []
        for record in tf.data.TFRecordDataset(str(records)).as_numpy_iterator():
            log = prediction_log_pb2.PredictionLog.FromString(record)
            request = log.predict_log.request
            assert request.model_spec.name == 'kerasadder'
            signature = request.model_spec.signature_name
            inputs = {k: tf.make_ndarray(v) for k, v in request.inputs.items()}
            answers.append((signature, self.run(signature, inputs)))
        return answers

    def inputs(self, signature):
        """Returns a dict from a signature's inputs to their NumPy dtypes."""
        return {
            name: DTYPES[info.dtype]
            for name, info in self._signature(signature).inputs.items()
        }

    def run(self, signature, inputs):
        """Runs a signature; threads may call this method at the same time.

        Args:
            signature: Name of the signature.
            inputs: A dict from names to arrays.

        Returns:
            A dict from names to arrays.

        Raises:
            Status: If the names do not fit, or if the runtime refuses the
                inputs.
        """
        definition = self._signature(signature)
        given, wanted = set(inputs), set(definition.inputs)
        if given != wanted:
            raise Status(
                INVALID_ARGUMENT,
                f'input size does not match signature: {len(given)}!='
                f'{len(wanted)} len({_braces(given)}) != '
                f'len({_braces(wanted)}). Sent extra: {_braces(given - wanted)}'
                f'. Missing but required: {_braces(wanted - given)}.',
            )
        feeds, fetches = list(inputs), sorted(definition.outputs)
        c, status = _c_api(), _c_api().TF_NewStatus()
        results = (ctypes.c_void_p * len(fetches))()
        tensors = [_to_tensor(inputs[name]) for name in feeds]
        c.TF_SessionRun(
            self._session,
            None,
            self._endpoints(definition.inputs[name].name for name in feeds),
            (ctypes.c_void_p * len(feeds))(*tensors),
            len(feeds),
            self._endpoints(definition.outputs[name].name for name in fetches),
            results,
            len(fetches),
            None,
            0,
            None,
            status,
        )
        for tensor in tensors:
            c.TF_DeleteTensor(tensor)
        _check(status)
        return dict(zip(fetches, map(_to_array, results)))

    def _signature(self, name):
        if name not in self.meta_graph.signature_def:
            raise Status(
                FAILED_PRECONDITION,
                f'Serving signature key "{name}" not found.',
            )
        return self.meta_graph.signature_def[name]

    def _endpoints(self, names):
        names = [name.rpartition(':') for name in names]
        return (_Output * len(names))(
            *(
                _Output(
                    _c_api().TF_GraphOperationByName(
                        self._graph, name.encode()
                    ),
                    int(index),
                )
                for name, _, index in names
            )
        )


class _Buffer(ctypes.Structure):
    _fields_ = (('data', ctypes.c_void_p), ('length', ctypes.c_size_t))


class _Output(ctypes.Structure):
    _fields_ = (('operation', ctypes.c_void_p), ('index', ctypes.c_int))


@functools.cache
def _c_api():
    """Returns the C API of the installed TensorFlow, with argument types."""
    root = pathlib.Path(importlib.util.find_spec('tensorflow').origin).parent
    framework = ctypes.CDLL(root / 'libtensorflow_framework.so.2')
    library = ctypes.CDLL(root / 'libtensorflow_cc.so.2')
    api = type('CApi', (), {})()
    pointer, integer, size = ctypes.c_void_p, ctypes.c_int, ctypes.c_size_t
    for name, result, *arguments in (
        ('TF_NewStatus', pointer),
        ('TF_GetCode', integer, pointer),
        ('TF_Message', ctypes.c_char_p, pointer),
        ('TF_DeleteStatus', None, pointer),
        ('TF_NewGraph', pointer),
        ('TF_DeleteGraph', None, pointer),
        ('TF_NewSessionOptions', pointer),
        ('TF_DeleteSessionOptions', None, pointer),
        ('TF_NewBuffer', pointer),
        ('TF_DeleteBuffer', None, pointer),
        ('TF_LoadSessionFromSavedModel', pointer)
        + (pointer, pointer, ctypes.c_char_p, pointer, integer)
        + (pointer, pointer, pointer),
        ('TF_SessionRun', None, pointer, pointer)
        + (pointer, pointer, integer, pointer, pointer, integer)
        + (pointer, integer, pointer, pointer),
        ('TF_DeleteSession', None, pointer, pointer),
        ('TF_GraphOperationByName', pointer, pointer, ctypes.c_char_p),
        ('TF_AllocateTensor', pointer, integer, pointer, integer, size),
        ('TF_DeleteTensor', None, pointer),
        ('TF_TensorData', pointer, pointer),
        ('TF_TensorByteSize', size, pointer),
        ('TF_TensorType', integer, pointer),
        ('TF_NumDims', integer, pointer),
        ('TF_Dim', ctypes.c_int64, pointer, integer),
        ('TF_StringInit', None, pointer),
        ('TF_StringCopy', None, pointer, ctypes.c_char_p, size),
        ('TF_StringGetDataPointer', pointer, pointer),
        ('TF_StringGetSize', size, pointer),
    ):
        try:
            function = getattr(library, name)
        except AttributeError:
            function = getattr(framework, name)
        function.restype, function.argtypes = result, arguments
        setattr(api, name, function)
    return api


def _check(status):
    """Deletes a status, and raises its error unless it is OK."""
    c = _c_api()
    code, message = c.TF_GetCode(status), c.TF_Message(status)
    c.TF_DeleteStatus(status)
    if code:
        raise Status(code, message.decode(errors='replace'))


def _to_tensor(array):
    c, array = _c_api(), np.asarray(array)
    if array.dtype.kind in 'SO':  # bytes
        data, dtype = b'', 7
        length = TSTRING_BYTES * array.size
    else:
        data, dtype = array.tobytes(), NUMPY_DTYPES[array.dtype.type]
        length = len(data)
    shape = (ctypes.c_int64 * array.ndim)(*array.shape)
    tensor = c.TF_AllocateTensor(dtype, shape, array.ndim, length)
    start = c.TF_TensorData(tensor)
    if dtype != 7:
        ctypes.memmove(start, data, length)
        return tensor
    for i, item in enumerate(array.ravel().tolist()):
        string = start + TSTRING_BYTES * i
        c.TF_StringInit(string)
        c.TF_StringCopy(string, item, len(item))
    return tensor  # TF_DeleteTensor frees the strings, too


def _to_array(tensor):
    c = _c_api()
    shape = [c.TF_Dim(tensor, i) for i in range(c.TF_NumDims(tensor))]
    dtype = DTYPES[c.TF_TensorType(tensor)]
    start, length = c.TF_TensorData(tensor), c.TF_TensorByteSize(tensor)
    if dtype is np.object_:
        raise NotImplementedError('No signature answers strings.')
    # The pointer of a tensor without elements may be null.
    data = ctypes.string_at(start, length) if length else b''
    c.TF_DeleteTensor(tensor)
    return np.frombuffer(data, dtype).reshape(shape)


def _braces(names):
    return '{' + ','.join(sorted(names)) + '}'
