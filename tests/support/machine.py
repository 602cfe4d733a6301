"""Trains as one of several machines: `python -m tests.support.machine DIR`.

The process prints a hash of the model's state after `fit`. Then it calls
`train` again with another export folder, and prints the result.
"""

import dataclasses
import hashlib
import pathlib
import sys
import time

from kerasadder.errors import UserError
from kerasadder.training import devices
from tests.support.small_runs import small_config
from tests.support.small_runs import train

if __name__ == '__main__':
    from tests.support.stripes import stripes

    fit = devices.fit

    def told(strategy, model, *args, **kwargs):
        fit(strategy, model, *args, **kwargs)
        state = [v.numpy().tobytes() for v in model.variables]
        print(hashlib.sha256(b''.join(state)).hexdigest())

    devices.fit = told
    config = small_config(pathlib.Path(sys.argv[1]), averaged_epochs=1)
    data = {
        'train': stripes(640, seed=0),
        'validation': stripes(100, seed=1),
        'test': stripes(200, seed=2),
    }
    strategy = devices.get_strategy()
    train(config, data, strategy)
    while not (pathlib.Path(config.model_dir) / 'metrics.json').is_file():
        time.sleep(0.1)  # the chief still writes the file
    again = dataclasses.replace(config, export_dir=f'{config.export_dir} 2')
    try:
        print(train(again, data, strategy))
    except UserError as error:
        print(error)
