"""What setup.cfg says of the package."""

import configparser

from tests.support.scripts import ROOT


def test_every_room_is_installed():
    setup = configparser.ConfigParser()
    setup.read(ROOT / 'setup.cfg')
    rooms = {
        '.'.join(path.parent.relative_to(ROOT).parts)
        for path in ROOT.glob('kerasadder/**/__init__.py')
    }
    listed = setup['options']['packages'].split()
    assert set(listed) == {*rooms, 'kerasadder.saved_models'}
