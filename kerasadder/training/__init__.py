"""Trains a model as a configuration says, and leaves all files of the run.

run: `train` does the whole run.
plan: `plan_run` works out devices, steps and precision, once, as a `Plan`.
fitting: `fit` trains, or goes on where an interrupted run was.
compilation: `compiled_model` adds optimizer, losses and metrics to a model.
schedules: `one_cycle` and `CycleThenConstant` are the learning rates.
devices: `get_strategy` finds the devices, `fit` trains on them.
callbacks: `ExhaustiveValidation`, `WeightAveraging`, `ProgressLog` and a stop.
table_snapshots: `TableNotes` takes snapshots of the addition table.
checkpoint: `Checkpoint` saves the whole state and restores it.
run_folder: `open_run_folder` makes the folder or opens it to go on.
tensorboard: `TensorBoardLog` writes what TensorBoard shows.
run_figures: `draw` draws all figures of a run.
"""
