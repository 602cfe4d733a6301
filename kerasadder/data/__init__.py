"""Loads images and labels, and makes the stream of training batches.

splits: `load` loads train, validation and test; `among_mnist` adds MNIST's.
batches: `training_batches` makes the stream, a pure function of seed and step.
augmentation: `random_warp` warps the images of a batch.
renderings: `render` draws the digits of a batch anew, by the kinds that follow.
hands: `draw` draws digits from strokes, in forms that MNIST lacks.
pens: `stroke`, `outline`, `line`, `neighbour`.
papers: `patch`, `texture`, `ground`, `grain`, `specks`.
cameras: `resolution`, `filtered`.
drawing: `draws`, `grid` and others serve all kinds.
from_tfds: `load` loads what TFDS prepares, MNIST from the files in mnist/.
from_idx: `load` reads a folder of IDX files; `mnist_folder` is MNIST's own.
from_pictures: `load` reads a folder of pictures as a served model does.
"""
