"""Exports a trained .keras file as a SavedModel, as ONNX or as LiteRT."""

import importlib.util
import os
import pathlib

from absl import flags

from kerasadder.commands import runner
from kerasadder.commands import shared_flags
from kerasadder.errors import UserError

# How the file of a format ends, and what writing it takes besides TensorFlow.
FILES = {
    'onnx': ('.onnx', ('tf2onnx', 'onnxruntime')),
    'litert': ('.tflite', ('ai_edge_litert',)),
}
COMPARED_IMAGES = 500


def define_flags(given: flags.FlagValues) -> None:
    flags.DEFINE_string(
        'model',
        None,
        'The .keras file, as training leaves it in its folder.',
        flag_values=given,
    )
    flags.DEFINE_enum(
        'format',
        'saved_model',
        ['saved_model', *FILES],
        'saved_model, a folder for TensorFlow Serving; onnx, litert: a file.',
        flag_values=given,
    )
    flags.DEFINE_string(
        'export_dir',
        os.path.join('saved_models', 'kerasadder'),
        "The SavedModel's folder; a new version goes in.",
        flag_values=given,
    )
    flags.DEFINE_string(
        'output',
        None,
        'The file of onnx or litert. [--model, but .onnx or .tflite]',
        flag_values=given,
    )
    flags.DEFINE_bool(
        'quantize',
        False,
        'Keep the weights of litert as int8, in a quarter of the space.',
        flag_values=given,
    )
    shared_flags.define_data_dir_flag(given)


def main(given: flags.FlagValues, unused_arguments: list[str]) -> int | None:
    from kerasadder.serving import export
    from kerasadder.serving import model_files

    model = model_files.load_model(given.model)
    if given.format == 'saved_model':
        print(export.export_saved_model(model, given.export_dir))
    else:
        _export_file(given, model)


def _export_file(given, model):
    from kerasadder.data import splits
    from kerasadder.serving import formats

    suffix, _ = FILES[given.format]
    path = pathlib.Path(given.output or given.model)
    path = path if given.output else path.with_suffix(suffix)
    ((images, _),) = splits.load('test', data_dir=given.data_dir)
    with runner.native_stderr_closed():  # the converters' chatter
        difference = formats.export_file(
            model, path, images[:COMPARED_IMAGES], given.quantize
        )
    print(
        f'{path}\n{os.path.getsize(path):,} bytes; on {COMPARED_IMAGES} test '
        f'images the probabilities differ by {difference:.1e} at most.'
    )


def check(given: flags.FlagValues, arguments: list[str]) -> None:
    runner.refuse_arguments(arguments)
    if given.model is None:
        raise UserError('no --model: name the .keras file to export.')
    if given.quantize and given.format != 'litert':
        raise UserError('--quantize: goes with --format=litert alone.')
    if given.format == 'saved_model':
        if given.output:
            raise UserError(
                '--output: goes with --format=onnx or litert; --export_dir '
                'names the folder of a SavedModel.'
            )
        return
    if given['export_dir'].present:
        raise UserError(
            '--export_dir: goes with --format=saved_model; --output names the '
            f'file of --format={given.format}.'
        )
    suffix, modules = FILES[given.format]
    if given.output and not given.output.endswith(suffix):
        raise UserError(f'--output={given.output}: must end in {suffix}.')
    if not all(map(importlib.util.find_spec, modules)):
        raise UserError(
            f'--format={given.format}: needs pip install -c constraints.txt -e '
            f"'.[{given.format}]'."
        )
