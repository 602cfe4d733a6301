"""The configuration of a training run."""

import dataclasses
import json
import math
import os

from kerasadder import trunk
from kerasadder.errors import UserError
from kerasadder.presets import PRESETS
from kerasadder.task import OUTPUTS

# These fields do not change what a run computes.
NOT_RECIPE = (
    'minimum_accuracy',
    'checkpoint_steps',
    'data_dir',
    'model_dir',
    'export_dir',
)


def _field(default, help, **bounds):
    """A dataclass field with its help text and the values it may take."""
    return dataclasses.field(default=default, metadata={'help': help, **bounds})


@dataclasses.dataclass(frozen=True, init=False)
class TrainingConfig:
    """A preset and the fields that override it decide a training run.

    Example:
    >>> kerasadder.TrainingConfig(preset='best', seed=3).optimizer
    'sgd'

    Args:
        preset: `quick`, `default`, `best` or `tune`.
        **fields: Any of the fields below, in place of the preset's.

    Raises:
        UserError: If a field has a value out of its range. The message is one
            line. It names the field, the value and what would be right.
    """

    preset: str = _field(
        'default', 'Recipe; any other flag overrides one field of it.'
    )
    dataset: str = _field(
        'mnist',
        'Dataset: a name that TFDS knows, a folder of four IDX files, or a '
        'folder of pictures in subfolders 0-9.',
    )
    mnist_images: int = _field(
        0,
        'MNIST images to train on too. The images of the dataset are repeated '
        'to be as many.',
        at_least=0,
        at_most=60_000,
    )
    init: str = _field(
        '',
        'Model to start from: "shipped", a .keras file, or the folder of an '
        'exported model. [random weights]',
    )
    freeze_trunk: bool = _field(
        False,
        'Train only the layer of the digit logits of the model to start from.',
    )
    epochs: int = _field(13, 'Passes over the training images.', at_least=1)
    averaged_epochs: int = _field(
        0,
        'Number of epochs, before the last, whose weights the run averages.',
        at_least=0,
    )
    batch_size: int = _field(
        250, 'Images in a step, on all devices together.', at_least=1
    )
    optimizer: str = _field('adam', 'Optimizer.', one_of=('adam', 'sgd'))
    learning_rate: float = _field(
        0.012, 'Peak of the one-cycle learning rate.', above=0
    )
    weight_decay: float = _field(
        0.0, 'Decoupled weight decay; the addition table has none.', at_least=0
    )
    trunk: str = _field(
        '32c5-32c5p-64c5-96c3-128c3',
        'Convolutions from the image on: 64c3 has 64 filters of 3x3, 64c3p '
        'pools after them, 2r64 is two residual blocks.',
    )
    stochastic_depth: float = _field(
        0.0,
        'Probability that training leaves out the last residual block.',
        at_least=0,
        below=1,
    )
    dropout: float = _field(
        0.3, 'Dropout rate before the digit logits.', at_least=0, below=1
    )
    augmentation: bool = _field(
        True, 'Warp and render the training images at random.'
    )
    rendered_share: float = _field(
        0.4,
        'Share of the images that augmentation renders anew, not warps.',
        at_least=0,
        at_most=1,
    )
    drawn_share: float = _field(
        0.4,
        'Share of these that is drawn from strokes instead; 0 for images of '
        'anything but digits.',
        at_least=0,
        at_most=1,
    )
    digit_loss_weight: float = _field(
        0.5, "Weight of the digit output's loss.", at_least=0
    )
    sum_loss_weight: float = _field(
        0.5, "Weight of the sum output's loss.", at_least=0
    )
    temperature: float = _field(
        1.0,
        'Number that divides the digit logits after training; above 1, the '
        'model becomes less sure.',
        above=0,
    )
    seed: int = _field(
        0, 'Seed of everything that is random.', at_least=0, below=2**31
    )
    mixed_precision: str = _field(
        'auto',
        'Type to compute in; auto takes bfloat16 on a CPU that has it.',
        one_of=('auto', 'float32', 'bfloat16'),
    )
    steps_per_execution: int = _field(
        0,
        'Steps between two returns to Python; 0 lets the run choose.',
        at_least=0,
    )
    checkpoint_steps: int = _field(
        0,
        'Steps between two checkpoints; with 0 the end of an epoch saves one.',
        at_least=0,
    )
    minimum_accuracy: float = _field(
        0.0,
        'The run fails if its joint test accuracy, 0-1, is lower.',
        at_least=0,
        at_most=1,
    )
    data_dir: str | None = _field(
        None, "Folder of TFDS's prepared datasets. [~/tensorflow_datasets]"
    )
    model_dir: str | None = _field(
        None, 'Folder for all that the run writes. [runs/<date_time>]'
    )
    export_dir: str = _field(
        os.path.join('saved_models', 'kerasadder'),
        'Folder of the exported versions; the run adds one. Empty: no export.',
    )

    def __init__(self, preset: str = 'default', **fields):
        values = {f.name: f.default for f in dataclasses.fields(self)}
        unknown = fields.keys() - values.keys()
        if unknown:
            raise TypeError(f'TrainingConfig has no field {min(unknown)!r}.')
        values |= PRESETS.get(preset, {})
        for name, value in {**values, 'preset': preset, **fields}.items():
            object.__setattr__(self, name, value)
        self._check()

    def _check(self):
        if self.preset not in PRESETS:
            raise UserError(
                f'preset={self.preset}: must be one of {", ".join(PRESETS)}.'
            )
        for field in dataclasses.fields(self):
            value = getattr(self, field.name)
            for bound, holds in _BOUNDS.items():
                limit = field.metadata.get(bound)
                if limit is not None and not holds(value, limit):
                    limit = ', '.join(limit) if bound == 'one_of' else limit
                    raise UserError(
                        f'{field.name}={value}: must be '
                        f'{bound.replace("_", " ")} {limit}.'
                    )
        if self.averaged_epochs and self.averaged_epochs > self.epochs - 2:
            raise UserError(
                f'averaged_epochs={self.averaged_epochs}: must be at most '
                f'{max(0, self.epochs - 2)}, two less than '
                f'epochs={self.epochs}.'
            )
        if self.freeze_trunk and not self.init:
            raise UserError(
                '`freeze_trunk`: needs a model to start from, which `init` '
                'names.'
            )
        trunk.parse(self.trunk)
        weights = [f'{name}_loss_weight' for name in OUTPUTS]
        if not any(getattr(self, name) for name in weights):
            names = ', '.join(f'`{name}`' for name in weights)
            raise UserError(f'{names}: one must be above 0.')

    def asdict(self):
        """Returns the fields as a dict, of the types that JSON has."""
        return json.loads(json.dumps(dataclasses.asdict(self)))

    def recipe(self):
        """Returns the fields that decide the result, as `asdict` has them.

        Two runs of equal recipes give equal weights, wherever they write.
        """
        return {k: v for k, v in self.asdict().items() if k not in NOT_RECIPE}


_BOUNDS = {
    'at_least': lambda value, limit: value >= limit and value < math.inf,
    'at_most': lambda value, limit: value <= limit,
    'above': lambda value, limit: limit < value < math.inf,
    'below': lambda value, limit: value < limit,
    'one_of': lambda value, limit: value in limit,
}
