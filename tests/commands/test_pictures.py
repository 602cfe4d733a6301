import numpy as np
import pytest
from PIL import Image

from kerasadder.commands.pictures import read_picture


@pytest.mark.parametrize('kind', ['webp', 'tif'])
def test_picture_that_no_server_reads_is_sent_as_png(kind, tmp_path):
    path = tmp_path / f'photo.{kind}'
    Image.new('RGB', (40, 30), 'white').save(path)
    assert read_picture(str(path)).startswith(b'\x89PNG')


def test_damaged_picture_is_an_error_of_its_file(tmp_path):
    path = tmp_path / 'scan.tif'
    noise = np.random.default_rng(0).integers(
        256, size=(99, 99), dtype=np.uint8
    )
    Image.fromarray(noise).save(path)
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(OSError, match='is damaged') as error:
        read_picture(str(path))
    assert error.value.filename == str(path)
