import types

import pytest

from kerasadder.errors import Diverged
from kerasadder.training import callbacks


@pytest.mark.parametrize('loss', [float('nan'), float('inf')])
def test_loss_that_is_no_number_stops_at_its_step(loss):
    stop = callbacks.StopOnBadLoss()
    stop.set_model(
        types.SimpleNamespace(optimizer=types.SimpleNamespace(iterations=7))
    )
    stop.on_train_batch_end(6, {'loss': 1.5})
    with pytest.raises(Diverged, match=f'the loss is {loss} at step 7: '):
        stop.on_train_batch_end(6, {'loss': loss})
