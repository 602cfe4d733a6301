"""Draws arrays as matplotlib figures.

style: `new_figure` makes a figure in the style that all figures share.
image_grids: `examples`, `predictions_grid`, `wrong_images` and `answers`.
file_names: `set_title` writes a file name unchanged into a figure.
scores: `confusion_matrices` and `reliability_diagrams`.
learning_curves: `learning_curves` draws the history of a run.
addition_table: `addition_table` and `addition_table_steps`.
"""
